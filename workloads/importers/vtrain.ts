import { InputError } from '../../input/index.ts';
import type { TextImporter } from '../importer.ts';

/**
 * A table of measured iterations as vTrain publishes it (VIA-Research/vTrain, `data/ground_truth_*.csv`): a CSV with a byte
 * order mark and spoken column names, as one with a column for each field of a `train` workload and the step in seconds.
 */
export const importer: TextImporter = {
  format: 'vtrain',
  description: 'table of measured iterations (vTrain), as rows of a study’s grid',
  convert(text, { file }) {
    const rows = text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .map((row) => row.split(',').map((cell) => cell.trim()));
    const head = rows[0]!.map((name) => name.toLowerCase());
    const columns = COLUMNS.map(({ from, to, scale }) => {
      const index = head.indexOf(from);
      if (index < 0) {
        throw refuse(
          `the column ${JSON.stringify(from)} is missing`,
          `the columns ${COLUMNS.map((c) => c.from).join(', ')}`,
          file,
          1,
        );
      }
      return { index, to, scale };
    });
    const lines = rows.slice(1).flatMap((row, i) => {
      if (row.length === 1 && row[0] === '') return [];
      const line = i + 2;
      if (row.length !== head.length)
        throw refuse(`this row has ${row.length} cells`, `${head.length} cells`, file, line);
      const values = columns.map(({ index, scale }) => {
        const value = Number(row[index]);
        if (row[index] === '' || !(value > 0) || !Number.isFinite(value)) {
          throw refuse(
            `${JSON.stringify(row[index])} in the column ${JSON.stringify(head[index])}`,
            'a positive number',
            file,
            line,
          );
        }
        return scale === 1 ? value : Number((value * scale).toPrecision(12));
      });
      return [`r${String(line - 1).padStart(4, '0')},${values.join(',')}`];
    });
    return {
      kind: 'table of measured steps',
      text: `${[`id,${COLUMNS.map(({ to }) => to).join(',')}`, ...lines].join('\n')}\n`,
    };
  },
};

const refuse = (problem: string, expected: string, file: string, line: number): InputError =>
  new InputError({ code: 'bad_value', problem, expected, place: { file, line, column: 1 } });

/** Columns of the source, ours, and the factor between their units. */
const COLUMNS = [
  { from: '# gpus', to: 'gpus', scale: 1 },
  { from: 'global batch', to: 'batch', scale: 1 },
  { from: 'micro batch', to: 'microbatch', scale: 1 },
  { from: 'hidden size', to: 'hidden', scale: 1 },
  { from: 'attention heads', to: 'heads', scale: 1 },
  { from: '# layers', to: 'layers', scale: 1 },
  { from: 'sequence length', to: 'seq', scale: 1 },
  { from: 'tensor parallelism', to: 'tensor_parallel', scale: 1 },
  { from: 'data parallelism', to: 'data_parallel', scale: 1 },
  { from: 'pipeline parallelism', to: 'pipeline_parallel', scale: 1 },
  { from: 'iteration time (ms)', to: 'step_s', scale: 1e-3 },
] as const;

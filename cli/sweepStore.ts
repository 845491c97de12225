import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTextChunks } from '../input/files.ts';
import { InputError, isMap } from '../input/index.ts';
import type { SweepRow } from '../studies/sweep.ts';
import { makeFolder } from './folder.ts';

/**
 * The results of a sweep on disk: one line of JSON per distinct input, added as soon as it is known, so that a sweep
 * that was stopped goes on where it was.
 * @module
 */
export interface SweepStore {
  /** Rows of earlier runs, by hash. */
  readonly known: ReadonlyMap<string, SweepRow>;
  readonly add: (row: SweepRow) => void;
  /** Writes results.csv beside the rows. */
  readonly writeTable: (csv: string) => void;
}

/**
 * Opens or begins the store in `folder`. A last line that was cut short is dropped.
 * @throws InputError for a line that is not a row.
 */
export function openStore(folder: string): SweepStore {
  makeFolder(folder);
  const file = join(folder, 'results.jsonl');
  const { rows, torn } = existsSync(file) ? readRows(file) : { rows: new Map<string, SweepRow>(), torn: false };
  if (torn) appendFileSync(file, '\n');
  return {
    known: rows,
    add: (row) => appendFileSync(file, `${JSON.stringify(row)}\n`),
    writeTable: (csv) => writeFileSync(join(folder, 'results.csv'), csv),
  };
}

function readRows(file: string): { rows: Map<string, SweepRow>; torn: boolean } {
  const rows = new Map<string, SweepRow>();
  let rest = '';
  let line = 0;
  for (const chunk of readTextChunks(file)) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const text of lines) {
      line += 1;
      const row = readRow(text);
      // A line cut short by a crash was ended by the run after it.
      if (row) rows.set(row.hash, row);
      else if (text !== '' && !text.startsWith('{"hash":')) throw notARow(file, line);
    }
  }
  return { rows, torn: rest !== '' };
}

function readRow(text: string): SweepRow | undefined {
  try {
    const row: unknown = JSON.parse(text);
    return isMap(row) && typeof row['hash'] === 'string' && isMap(row['metrics'])
      ? (row as unknown as SweepRow)
      : undefined;
  } catch {
    return undefined;
  }
}

function notARow(file: string, line: number): InputError {
  return new InputError({
    code: 'bad_value',
    problem: 'this line is no result of a sweep',
    expected: 'a folder of its own for every sweep',
    place: { file, line },
  });
}

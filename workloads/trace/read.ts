import { InputError } from '../../input/index.ts';
import type { TensorTrace, TraceEvent } from '../../sim/types/index.ts';
import { readDtrLog } from '../importers/dtr-log/read.ts';
import type { TraceFields } from './schema.ts';

/**
 * The trace of a workload, from the text of its file.
 * @throws InputError at the line of what is wrong.
 */
export function readTrace({ file, format }: TraceFields, text: string): TensorTrace {
  return format === 'dtr' ? readDtrLog(text, file) : readTensorTrace(text, file);
}

const KINDS: readonly string[] = ['call', 'constant', 'retain', 'release', 'output'];

const isWhole = (value: unknown, least = 0): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;
const isAmount = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Row {
  readonly value: Record<string, unknown>;
  readonly line: number;
  /** Characters before it. */
  readonly offset: number;
}

function readTensorTrace(text: string, file: string): TensorTrace {
  const refuse = (problem: string, { line, offset }: Pick<Row, 'line' | 'offset'>, expected: string): InputError =>
    new InputError({
      code: 'bad_value',
      problem: `${problem} (offset ${offset})`,
      expected,
      place: { file, line, column: 1 },
    });
  const rows: Row[] = [];
  let offset = 0;
  text.split('\n').forEach((content, i) => {
    const place = { line: i + 1, offset };
    offset += content.length + 1;
    if (content.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch {
      throw refuse('this line is no JSON', place, 'one event a line; the file may be cut off');
    }
    if (!isObject(value)) throw refuse('this line is no JSON object', place, 'one event a line');
    rows.push({ ...place, value });
  });
  const head = rows[0] ?? { value: {}, line: 1, offset: 0 };
  const { schema, tensors } = head.value;
  if (schema !== 'tierflow/tensor-trace/1' || !isWhole(tensors)) {
    throw refuse(
      'this is no tensor trace',
      head,
      'a head line with the schema tierflow/tensor-trace/1 and a whole number of tensors',
    );
  }
  const made = new Set<number>();
  const use = (tensor: unknown, row: Row): void => {
    if (typeof tensor === 'number' && made.has(tensor)) return;
    throw refuse(`tensor ${JSON.stringify(tensor)} is not there`, row, 'a tensor made on an earlier line');
  };
  const make = (tensor: unknown, row: Row): void => {
    if (!isWhole(tensor) || made.has(tensor) || tensor >= tensors) {
      throw refuse(`tensor ${JSON.stringify(tensor)} cannot be made`, row, `a new whole number below ${tensors}`);
    }
    made.add(tensor);
  };
  const events = rows.slice(1).map((row) => {
    const { value } = row;
    if (!KINDS.includes(value['kind'] as string)) throw refuse('unknown event', row, KINDS.join(', '));
    if (value['kind'] === 'call') {
      const { name, cost_ns, inputs, outputs } = value;
      if (!Array.isArray(inputs) || !Array.isArray(outputs) || !isAmount(cost_ns) || typeof name !== 'string') {
        throw refuse('this call is not complete', row, 'name, cost_ns, inputs and outputs');
      }
      for (const input of inputs) use(input, row);
      for (const output of outputs as unknown[]) {
        const { tensor, bytes, alias_of } = isObject(output) ? output : {};
        const alias = isWhole(alias_of, -1) && alias_of < inputs.length;
        if (!alias || !isAmount(bytes) || (alias_of >= 0 && bytes > 0)) {
          throw refuse('this output is not complete', row, 'tensor, bytes (0 for an alias) and alias_of');
        }
        make(tensor, row);
      }
    } else if (value['kind'] === 'constant') {
      if (!isAmount(value['bytes'])) throw refuse('this constant has no size', row, 'bytes, at least 0');
      make(value['tensor'], row);
    } else use(value['tensor'], row);
    return value as unknown as TraceEvent;
  });
  if (made.size !== tensors) throw refuse(`only ${made.size} of ${tensors} tensors are made`, head, 'all of them');
  return { tensors, events };
}

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

function readTensorTrace(text: string, file: string): TensorTrace {
  const refuse = (problem: string, line: number, expected: string): InputError =>
    new InputError({ code: 'bad_value', problem, expected, place: { file, line, column: 1 } });
  const rows = text.split('\n').map((row, i) => ({ row: row.trim(), line: i + 1 }));
  const values = rows
    .filter(({ row }) => row !== '')
    .map(({ row, line }) => {
      try {
        return { line, value: JSON.parse(row) as Record<string, unknown> };
      } catch {
        throw refuse('this line is no JSON', line, 'one event a line');
      }
    });
  const head = values[0];
  const tensors = head?.value?.['tensors'];
  if (head?.value?.['schema'] !== 'tierflow/tensor-trace/1' || typeof tensors !== 'number') {
    throw refuse('this is no tensor trace', 1, 'a head line with the schema tierflow/tensor-trace/1');
  }
  const made = new Set<number>();
  const use = (tensor: unknown, line: number): void => {
    if (typeof tensor === 'number' && made.has(tensor)) return;
    throw refuse(`tensor ${JSON.stringify(tensor)} is not there`, line, 'a tensor made on an earlier line');
  };
  const make = (tensor: unknown, line: number): void => {
    if (typeof tensor !== 'number' || made.has(tensor) || !(tensor >= 0 && tensor < tensors)) {
      throw refuse(`tensor ${JSON.stringify(tensor)} cannot be made`, line, `a new number below ${tensors}`);
    }
    made.add(tensor);
  };
  const events = values.slice(1).map(({ value, line }) => {
    const event = value as unknown as TraceEvent;
    if (!KINDS.includes(event.kind)) throw refuse('unknown event', line, KINDS.join(', '));
    if (event.kind === 'call') {
      if (!Array.isArray(event.inputs) || !Array.isArray(event.outputs) || !(event.cost_ns >= 0)) {
        throw refuse('this call is not complete', line, 'name, cost_ns, inputs and outputs');
      }
      for (const input of event.inputs) use(input, line);
      for (const { tensor, bytes, alias_of } of event.outputs) {
        if (!(bytes >= 0) || !(alias_of >= -1 && alias_of < event.inputs.length)) {
          throw refuse('this output is not complete', line, 'tensor, bytes and alias_of');
        }
        make(tensor, line);
      }
    } else if (event.kind === 'constant') make(event.tensor, line);
    else use(event.tensor, line);
    return event;
  });
  return { tensors, events };
}

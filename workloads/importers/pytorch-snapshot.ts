import { InputError } from '../../input/index.ts';
import type { BinaryImporter } from '../importer.ts';
import { type Plain, readPickle, readPickleOffsets } from './pickle/read.ts';
import { type SnapshotEvent, snapshotBuffers } from './pytorch-snapshot/buffers.ts';
import { segmentsOf } from './pytorch-snapshot/segments.ts';

/**
 * A memory snapshot of PyTorch (`torch.cuda.memory._dump_snapshot`, a pickle, or the same as JSON), as the buffers that
 * `map` reads: one row an allocation of the first device that has any, its times counted in events. What its segments
 * reserve and hold is noted beside.
 */
export const importer: BinaryImporter = {
  format: 'pytorch-snapshot',
  description: 'memory snapshot of PyTorch (pickle or JSON), as buffers with their lifetimes for `map`',
  convertBytes(bytes, { file }) {
    const json = bytes[0] === 0x7b;
    const snapshot = json ? fromJson(bytes, file) : readPickle(bytes, file);
    const trace = traceOf(snapshot, file);
    const refuse = (problem: string, expected: string, at: number): InputError => {
      const where = json ? '' : ` (offset ${offsetOf(bytes, file, at)})`;
      return new InputError({
        code: 'bad_value',
        problem: `event ${at} ${problem}${where}`,
        expected,
        place: { file },
      });
    };
    const events = trace.map((event): SnapshotEvent => {
      const field = (name: string): Plain | undefined => (event instanceof Map ? event.get(name) : undefined);
      return { action: field('action'), address: field('addr'), size: field('size') };
    });
    const segments = segmentsOf(snapshot, events);
    const rows = snapshotBuffers(events, segments, refuse);
    const text = rows.map(({ id, lower, upper, size }) => `${id},${lower},${upper},${size}`).join('\n');
    return { kind: 'table of buffers', text: `id,lower,upper,size\n${text}\n`, notes: segments.notes };
  },
};

function fromJson(bytes: Uint8Array, file: string): Plain {
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text, (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : value,
    ) as Plain;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = /position (\d+)/.exec(message)?.[1] ?? text.length;
    const problem = `this is no JSON: ${message} (offset ${offset})`;
    throw new InputError({ code: 'bad_value', problem, expected: 'a whole file', place: { file } });
  }
}

/** The first device's history that has events. */
function traceOf(snapshot: Plain, file: string): readonly Plain[] {
  const refuse = (problem: string): InputError =>
    new InputError({ code: 'bad_value', problem, expected: 'a snapshot with recorded history', place: { file } });
  const traces = snapshot instanceof Map ? snapshot.get('device_traces') : undefined;
  if (!Array.isArray(traces)) throw refuse('this snapshot has no device_traces');
  const trace = traces.find((one) => Array.isArray(one) && one.length > 0);
  if (!Array.isArray(trace)) throw refuse('no device of this snapshot has events');
  return trace;
}

/** Where in the file an event of the history begins. */
function offsetOf(bytes: Uint8Array, file: string, event: number): number | undefined {
  const { value, offsets } = readPickleOffsets(bytes, file);
  return offsets.get(traceOf(value, file)[event]!);
}

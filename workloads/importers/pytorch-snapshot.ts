import { InputError } from '../../input/index.ts';
import type { BinaryImporter } from '../importer.ts';
import { type Plain, readPickle } from './pickle/read.ts';

/**
 * A memory snapshot of PyTorch (`torch.cuda.memory._dump_snapshot`, a pickle, or the same as JSON), as the buffers that
 * `map` reads: one row an allocation of the first device that has any, its times counted in events.
 */
export const importer: BinaryImporter = {
  format: 'pytorch-snapshot',
  description: 'memory snapshot of PyTorch (pickle or JSON), as buffers with their lifetimes for `map`',
  convertBytes(bytes, { file }) {
    const snapshot = bytes[0] === 0x7b ? fromJson(bytes, file) : readPickle(bytes, file);
    const rows = buffersOf(snapshot, file).map(({ id, lower, upper, size }) => `${id},${lower},${upper},${size}`);
    return { kind: 'table of buffers', text: `${['id,lower,upper,size', ...rows].join('\n')}\n` };
  },
};

interface Buffer {
  readonly id: string;
  readonly lower: number;
  readonly upper: number;
  readonly size: number;
}

function fromJson(bytes: Uint8Array, file: string): Plain {
  try {
    return JSON.parse(new TextDecoder().decode(bytes), (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : value,
    ) as Plain;
  } catch (error) {
    throw new InputError({
      code: 'bad_value',
      problem: `this is no JSON: ${error instanceof Error ? error.message : error}`,
      place: { file },
    });
  }
}

function buffersOf(snapshot: Plain, file: string): Buffer[] {
  const refuse = (problem: string, expected: string): InputError =>
    new InputError({ code: 'bad_value', problem, expected, place: { file } });
  const traces = snapshot instanceof Map ? snapshot.get('device_traces') : undefined;
  if (!Array.isArray(traces)) throw refuse('this snapshot has no device_traces', 'a snapshot with recorded history');
  const trace = traces.find((one) => Array.isArray(one) && one.length > 0);
  if (!Array.isArray(trace)) throw refuse('no device of this snapshot has events', 'a snapshot with recorded history');
  const buffers: Buffer[] = [];
  const live = new Map<number, { readonly at: number; readonly size: number }>();
  trace.forEach((event, at) => {
    const field = (name: string): Plain | undefined => (event instanceof Map ? event.get(name) : undefined);
    const action = field('action');
    if (action !== 'alloc' && action !== 'free_completed') return;
    const [address, size] = [field('addr'), field('size')];
    if (typeof address !== 'number' || typeof size !== 'number' || !(size >= 0)) {
      throw refuse(`event ${at} has no address and size`, 'addr and size as numbers');
    }
    const known = live.get(address);
    if (action === 'alloc') {
      if (known !== undefined) throw refuse(`event ${at} allocates ${address} again`, 'a free before it');
      live.set(address, { at, size });
      return;
    }
    // The history is a ring: what was allocated before its first event is freed without having been seen.
    if (known === undefined) return;
    live.delete(address);
    buffers.push({ id: `b${known.at}`, lower: known.at, upper: at, size: known.size });
  });
  for (const { at, size } of live.values()) buffers.push({ id: `b${at}`, lower: at, upper: trace.length, size });
  return buffers.sort((a, b) => a.lower - b.lower);
}

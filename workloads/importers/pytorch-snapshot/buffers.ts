import type { InputError } from '../../../input/index.ts';
import type { Plain } from '../pickle/read.ts';
import type { Segments } from './segments.ts';

/** One event of the recorded history, its fields as the file has them. */
export interface SnapshotEvent {
  readonly action: Plain | undefined;
  readonly address: Plain | undefined;
  readonly size: Plain | undefined;
}

export interface SnapshotBuffer {
  readonly id: string;
  readonly lower: number;
  readonly upper: number;
  readonly size: number;
}

/**
 * The allocations of a history with their lives in events; what was never freed lives to the end. A free of what came before
 * the history is passed over where a segment from before it can have held that.
 * @throws InputError what `refuse` makes of an event that cannot be.
 */
export function snapshotBuffers(
  events: readonly SnapshotEvent[],
  segments: Segments,
  refuse: (problem: string, expected: string, at: number) => InputError,
): SnapshotBuffer[] {
  const buffers: SnapshotBuffer[] = [];
  const live = new Map<number, { readonly at: number; readonly size: number }>();
  const freed = new Set<number>();
  events.forEach(({ action, address, size }, at) => {
    if (action !== 'alloc' && action !== 'free_completed') return;
    if (typeof address !== 'number' || typeof size !== 'number' || !(size >= 0)) {
      throw refuse('has no address and size', 'addr and size as numbers', at);
    }
    const known = live.get(address);
    if (action === 'alloc') {
      if (known !== undefined) throw refuse(`allocates ${address} again`, 'a free before it', at);
      live.set(address, { at, size });
      return;
    }
    if (known === undefined) {
      if (freed.has(address) || !segments.before(address, at)) {
        throw refuse(`frees ${address}, which is not allocated`, 'an allocation before it', at);
      }
      freed.add(address);
      return;
    }
    live.delete(address);
    freed.add(address);
    buffers.push({ id: `b${known.at}`, lower: known.at, upper: at, size: known.size });
  });
  for (const { at, size } of live.values()) buffers.push({ id: `b${at}`, lower: at, upper: events.length, size });
  return buffers.sort((a, b) => a.lower - b.lower);
}

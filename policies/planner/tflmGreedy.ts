import type { Request } from './rectangles.ts';

/** A request whose offset an offline plan has fixed already. */
export interface OfflineRequest extends Request {
  /** Absent: the planner chooses. */
  readonly offset?: number;
}

/**
 * TensorFlow Lite Micro's greedy planner (greedy_memory_planner.cc): buffers with an offline offset keep it; the others
 * are placed by falling size, equal sizes in the reverse order of their insertion; each goes to the first gap that is
 * wide enough between the buffers whose (closed) lifetimes meet its own, in the order of their offsets, else behind the
 * last of them. Returns an offset per request, in bytes.
 */
export function greedyOffsets(requests: readonly OfflineRequest[]): number[] {
  const offsets = requests.map(({ offset }) => offset ?? -1);
  const order = requests
    .map((_, id) => id)
    .filter((id) => offsets[id] === -1)
    .reverse()
    .sort((a, b) => requests[b]!.bytes - requests[a]!.bytes);
  /** Placed ids by rising offset, later ones behind their equals. */
  const placed: number[] = [];
  const insert = (id: number): void => {
    const at = placed.findIndex((other) => offsets[other]! > offsets[id]!);
    placed.splice(at < 0 ? placed.length : at, 0, id);
  };
  for (const [id, offset] of offsets.entries()) if (offset >= 0) insert(id);
  for (const id of order) {
    const { bytes, first, last } = requests[id]!;
    let candidate = 0;
    let previous = -1;
    for (const other of placed) {
      const { first: from, last: to } = requests[other]!;
      if (from > last || to < first) continue;
      if (previous >= 0) candidate = Math.max(candidate, offsets[previous]! + requests[previous]!.bytes);
      if (offsets[other]! - candidate >= bytes) {
        previous = -1;
        break;
      }
      previous = other;
    }
    if (previous >= 0) candidate = Math.max(candidate, offsets[previous]! + requests[previous]!.bytes);
    offsets[id] = candidate;
    insert(id);
  }
  return offsets;
}

/** The planner that shares nothing: one buffer behind the other (linear_memory_planner.cc). */
export function linearOffsets(requests: readonly Request[]): number[] {
  let top = 0;
  return requests.map(({ bytes }) => {
    const at = top;
    top += bytes;
    return at;
  });
}

/** Bytes of an arena head are handed out in multiples of this (micro_arena_constants.h). */
export const TFLM_ALIGNMENT_BYTES = 16;
export const aligned = (bytes: number, to = TFLM_ALIGNMENT_BYTES): number => Math.ceil(bytes / to) * to;

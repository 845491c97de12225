import type { MapBuffer } from './problem.ts';
import { sortedBy } from './timeline.ts';

/**
 * Two buffers that overlap in time and address under these offsets, or null. Colocated buffers may overlap. Walks through
 * time and compares each piece that begins with all that are live; shares no code with the planners.
 */
export function firstOverlap(
  buffers: readonly MapBuffer[],
  offsets: ArrayLike<number>,
): readonly [number, number] | null {
  const { from, to, low, high, buffer } = rectangles(buffers, offsets);
  const starts = sortedBy(from);
  const live: number[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  for (const piece of starts) {
    const now = from[piece]!;
    if (earliest <= now) {
      earliest = Number.POSITIVE_INFINITY;
      let kept = 0;
      for (const other of live) {
        if (to[other]! <= now) continue;
        live[kept++] = other;
        if (to[other]! < earliest) earliest = to[other]!;
      }
      live.length = kept;
    }
    for (const other of live) {
      if (low[other]! >= high[piece]! || low[piece]! >= high[other]!) continue;
      const [a, b] = [buffer[other]!, buffer[piece]!];
      const group = buffers[a]!.colocation;
      if (group === undefined || group !== buffers[b]!.colocation) return [a, b];
    }
    live.push(piece);
    if (to[piece]! < earliest) earliest = to[piece]!;
  }
  return null;
}

/** Every stretch of life of every buffer as a rectangle of time and address. */
function rectangles(buffers: readonly MapBuffer[], offsets: ArrayLike<number>) {
  const [from, to, low, high, buffer]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []];
  const put = (i: number, start: number, stop: number, bottom: number, top: number): void => {
    if (stop <= start || top <= bottom) return;
    from.push(start);
    to.push(stop);
    low.push(offsets[i]! + bottom);
    high.push(offsets[i]! + top);
    buffer.push(i);
  };
  buffers.forEach(({ lower, upper, size_bytes, gaps = [] }, i) => {
    let at = lower;
    for (const gap of [...gaps].sort((a, b) => a.lower - b.lower)) {
      put(i, at, gap.lower, 0, size_bytes);
      if (gap.window) put(i, gap.lower, gap.upper, gap.window.from_bytes, gap.window.to_bytes);
      at = gap.upper;
    }
    put(i, at, upper, 0, size_bytes);
  });
  return { from: Float64Array.from(from), to: Float64Array.from(to), low, high, buffer };
}

/** What is wrong with a plan, in a sentence, or null when it is valid. */
export function faultOf(
  buffers: readonly MapBuffer[],
  offsets: ArrayLike<number>,
  capacity_bytes: number,
): string | null {
  if (offsets.length !== buffers.length) return `${offsets.length} offsets for ${buffers.length} buffers`;
  const groups = new Map<string, number>();
  for (const [i, buffer] of buffers.entries()) {
    const at = offsets[i]!;
    const name = JSON.stringify(buffer.id);
    if (!Number.isSafeInteger(at) || at < 0) return `buffer ${name} is at ${at}`;
    if (at + buffer.size_bytes > capacity_bytes)
      return `buffer ${name} ends at ${at + buffer.size_bytes}, past the capacity`;
    if (at % (buffer.alignment_bytes ?? 1) !== 0) return `buffer ${name} at ${at} is not aligned`;
    if (buffer.fixed_offset_bytes !== undefined && buffer.fixed_offset_bytes !== at) {
      return `buffer ${name} is at ${at} and not at its fixed offset`;
    }
    if (buffer.colocation === undefined) continue;
    if ((groups.get(buffer.colocation) ?? at) !== at) return `buffer ${name} is apart from its group`;
    groups.set(buffer.colocation, at);
  }
  const pair = firstOverlap(buffers, offsets);
  return pair && `buffers ${JSON.stringify(buffers[pair[0]]!.id)} and ${JSON.stringify(buffers[pair[1]]!.id)} overlap`;
}

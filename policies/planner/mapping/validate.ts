import type { MapBuffer } from './problem.ts';
import { RankSet } from './rankSet.ts';
import { sortedBy } from './sorting.ts';

/**
 * Two buffers that overlap in time and address under these offsets, or null. Colocated buffers may overlap. Walks through
 * time with the live pieces in the order of their addresses, so that a piece that begins is compared with its neighbours
 * there; shares no search with the planners.
 */
export function firstOverlap(
  buffers: readonly MapBuffer[],
  offsets: ArrayLike<number>,
): readonly [number, number] | null {
  const { from, to, low, high, buffer } = rectangles(buffers, offsets);
  const live = new RankSet(low.length);
  const ends = sortedBy(to);
  let ended = 0;
  const share = (a: number, b: number): boolean => {
    const group = buffers[buffer[a]!]!.colocation;
    return group !== undefined && group === buffers[buffer[b]!]!.colocation;
  };
  for (const piece of sortedBy(from)) {
    while (to[ends[ended]!]! <= from[piece]!) live.delete(ends[ended++]!);
    for (let other = live.after(piece); other >= 0; other = live.after(other)) {
      if (low[other]! >= high[piece]!) break;
      if (!share(other, piece)) return [buffer[other]!, buffer[piece]!];
    }
    for (let other = live.before(piece); other >= 0; other = live.before(other)) {
      if (high[other]! > low[piece]! && !share(other, piece)) return [buffer[other]!, buffer[piece]!];
      // Whoever shares no bytes has all those below it end before it.
      if (buffers[buffer[other]!]!.colocation === undefined) break;
    }
    live.add(piece);
  }
  return null;
}

/** Every stretch of life of every buffer as a rectangle of time and address, in the order of their lowest addresses. */
function rectangles(buffers: readonly MapBuffer[], offsets: ArrayLike<number>) {
  const most = buffers.reduce((sum, { gaps }) => sum + 1 + 2 * (gaps?.length ?? 0), 0);
  const columns = Array.from({ length: 4 }, () => new Float64Array(most)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [from, to, low, high] = columns;
  const buffer = new Int32Array(most);
  let count = 0;
  const put = (i: number, start: number, stop: number, bottom: number, top: number): void => {
    if (stop <= start || top <= bottom) return;
    from[count] = start;
    to[count] = stop;
    low[count] = offsets[i]! + bottom;
    high[count] = offsets[i]! + top;
    buffer[count++] = i;
  };
  buffers.forEach(({ lower, upper, size_bytes, gaps }, i) => {
    let at = lower;
    if (gaps) {
      for (const gap of [...gaps].sort((a, b) => a.lower - b.lower)) {
        put(i, at, gap.lower, 0, size_bytes);
        if (gap.window) put(i, gap.lower, gap.upper, gap.window.from_bytes, gap.window.to_bytes);
        at = gap.upper;
      }
    }
    put(i, at, upper, 0, size_bytes);
  });
  const order = sortedBy(low.subarray(0, count));
  const sorted = (column: Float64Array): Float64Array => {
    const made = new Float64Array(count);
    for (let k = 0; k < count; k++) made[k] = column[order[k]!]!;
    return made;
  };
  const owner = new Int32Array(count);
  for (let k = 0; k < count; k++) owner[k] = buffer[order[k]!]!;
  return { from: sorted(from), to: sorted(to), low: sorted(low), high: sorted(high), buffer: owner };
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
    const fault = offsetFault(buffer, offsets[i]!, capacity_bytes, groups);
    if (fault !== null) return `buffer ${JSON.stringify(buffer.id)} ${fault}`;
  }
  const pair = firstOverlap(buffers, offsets);
  return pair && `buffers ${JSON.stringify(buffers[pair[0]]!.id)} and ${JSON.stringify(buffers[pair[1]]!.id)} overlap`;
}

/** What is wrong with one offset by itself or within its group. */
function offsetFault(
  { size_bytes, alignment_bytes = 1, fixed_offset_bytes = -1, colocation }: MapBuffer,
  at: number,
  capacity_bytes: number,
  groups: Map<string, number>,
): string | null {
  if (!Number.isSafeInteger(at) || at < 0) return `is at ${at}`;
  if (at + size_bytes > capacity_bytes) return `ends at ${at + size_bytes}, past the capacity`;
  if (alignment_bytes > 1 && at % alignment_bytes !== 0) return `at ${at} is not aligned`;
  if (fixed_offset_bytes >= 0 && fixed_offset_bytes !== at) return `is at ${at} and not at its fixed offset`;
  if (colocation === undefined) return null;
  if ((groups.get(colocation) ?? at) !== at) return 'is apart from its group';
  groups.set(colocation, at);
  return null;
}

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
  const byAddress = sortedBy(low);
  const rank = new Int32Array(low.length);
  byAddress.forEach((piece, place) => {
    rank[piece] = place;
  });
  const live = new RankSet(low.length);
  const ends = sortedBy(to);
  let ended = 0;
  const share = (a: number, b: number): boolean => {
    const group = buffers[buffer[a]!]!.colocation;
    return group !== undefined && group === buffers[buffer[b]!]!.colocation;
  };
  for (const piece of sortedBy(from)) {
    while (to[ends[ended]!]! <= from[piece]!) live.delete(rank[ends[ended++]!]!);
    const place = rank[piece]!;
    for (let at = live.after(place); at >= 0; at = live.after(at)) {
      const other = byAddress[at]!;
      if (low[other]! >= high[piece]!) break;
      if (!share(other, piece)) return [buffer[other]!, buffer[piece]!];
    }
    for (let at = live.before(place); at >= 0; at = live.before(at)) {
      const other = byAddress[at]!;
      if (high[other]! > low[piece]! && !share(other, piece)) return [buffer[other]!, buffer[piece]!];
      // Whoever shares no bytes has all those below it end before it.
      if (buffers[buffer[other]!]!.colocation === undefined) break;
    }
    live.add(place);
  }
  return null;
}

/** Every stretch of life of every buffer as a rectangle of time and address. */
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
  const cut = (column: Float64Array): Float64Array => column.subarray(0, count);
  return { from: cut(from), to: cut(to), low: cut(low), high: cut(high), buffer };
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

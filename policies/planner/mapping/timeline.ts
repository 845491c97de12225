import type { MapBuffer } from './problem.ts';
import { sortedBy } from './sorting.ts';

/**
 * The buffers of a problem on a time line of sections. Colocated buffers are one item. A section is a stretch of time
 * with a constant set of live items, of which only those matter that no other contains (Moffitt, "MiniMalloc", ASPLOS
 * 2023, section 4). A piece is a stretch of one item's life with one window of bytes.
 */
export interface Timeline {
  readonly items: number;
  readonly sections: number;
  /** Item of each buffer. */
  readonly itemOf: Int32Array;
  /** Bytes from an item's offset to its top. */
  readonly size: Float64Array;
  readonly alignment: Float64Array;
  /** Fixed offset, or -1. */
  readonly fixed: Float64Array;
  /** First and last time of life. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Pieces of item `i`: `pieceFirst[i] .. pieceFirst[i + 1]`, each the sections `[begin, end)` and the window `[low, high)`. */
  readonly pieceFirst: Int32Array;
  readonly begin: Int32Array;
  readonly end: Int32Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Whether some window begins above its buffer's offset. */
  readonly raised: boolean;
}

/** The time line of valid buffers. */
export function buildTimeline(buffers: readonly MapBuffer[]): Timeline {
  const { itemOf, items } = groupItems(buffers);
  const size = new Float64Array(items);
  const alignment = new Float64Array(items).fill(1);
  const fixed = new Float64Array(items).fill(-1);
  const lower = new Float64Array(items).fill(Number.POSITIVE_INFINITY);
  const upper = new Float64Array(items).fill(Number.NEGATIVE_INFINITY);
  const pieceFirst = new Int32Array(items + 1);
  buffers.forEach((buffer, i) => {
    const item = itemOf[i]!;
    size[item] = Math.max(size[item]!, buffer.size_bytes);
    alignment[item] = lcm(alignment[item]!, buffer.alignment_bytes ?? 1);
    if (buffer.fixed_offset_bytes !== undefined) fixed[item] = buffer.fixed_offset_bytes;
    lower[item] = Math.min(lower[item]!, buffer.lower);
    upper[item] = Math.max(upper[item]!, buffer.upper);
    eachPiece(buffer, () => void pieceFirst[item + 1]!++);
  });
  for (let i = 0; i < items; i++) pieceFirst[i + 1]! += pieceFirst[i]!;
  const count = pieceFirst[items]!;
  const next = pieceFirst.slice();
  const from = new Float64Array(count);
  const to = new Float64Array(count);
  const low = new Float64Array(count);
  const high = new Float64Array(count);
  let raised = false;
  buffers.forEach((buffer, i) => {
    eachPiece(buffer, (start, stop, bottom, top) => {
      const piece = next[itemOf[i]!]!++;
      from[piece] = start;
      to[piece] = stop;
      low[piece] = bottom;
      high[piece] = top;
      if (bottom > 0) raised = true;
    });
  });
  const spans = sweep(from, to);
  return { items, itemOf, size, alignment, fixed, lower, upper, pieceFirst, low, high, raised, ...spans };
}

function groupItems(buffers: readonly MapBuffer[]): { itemOf: Int32Array; items: number } {
  const itemOf = new Int32Array(buffers.length);
  const groups = new Map<string, number>();
  let items = 0;
  buffers.forEach(({ colocation }, i) => {
    const known = colocation === undefined ? undefined : groups.get(colocation);
    itemOf[i] = known ?? items++;
    if (colocation !== undefined) groups.set(colocation, itemOf[i]!);
  });
  return { itemOf, items };
}

/** The stretches of a life between its gaps, and those in gaps with a window. */
function eachPiece(buffer: MapBuffer, visit: (from: number, to: number, low: number, high: number) => void): void {
  let from = buffer.lower;
  const gaps = buffer.gaps ?? [];
  for (const gap of gaps.length > 1 ? [...gaps].sort((a, b) => a.lower - b.lower) : gaps) {
    if (gap.lower > from) visit(from, gap.lower, 0, buffer.size_bytes);
    const { window } = gap;
    if (window) visit(gap.lower, gap.upper, window.from_bytes, window.to_bytes);
    from = gap.upper;
  }
  if (buffer.upper > from) visit(from, buffer.upper, 0, buffer.size_bytes);
}

/** The range of sections of each piece. A section is closed when a piece ends after another began. */
function sweep(from: Float64Array, to: Float64Array): { begin: Int32Array; end: Int32Array; sections: number } {
  const count = from.length;
  const begin = new Int32Array(count);
  const end = new Int32Array(count);
  const starts = sortedBy(from);
  const ends = sortedBy(to);
  let sections = 0;
  let grown = false;
  let s = 0;
  for (const piece of ends) {
    const time = to[piece]!;
    for (; s < count && from[starts[s]!]! < time; s++) {
      begin[starts[s]!] = sections;
      grown = true;
    }
    if (grown) sections++;
    grown = false;
    end[piece] = sections;
  }
  return { begin, end, sections };
}

/** Greatest common divisor of whole numbers below 2^53; gcd(0, n) = n. */
export function gcd(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}

const lcm = (a: number, b: number): number => (a === b || b === 1 ? a : (a / gcd(a, b)) * b);

/** The most bytes live at once in every section's own account: no plan is lower. */
export function loadOf(timeline: Timeline): number {
  const change = new Float64Array(timeline.sections + 1);
  for (let p = 0; p < timeline.begin.length; p++) {
    const bytes = timeline.high[p]! - timeline.low[p]!;
    change[timeline.begin[p]!]! += bytes;
    change[timeline.end[p]!]! -= bytes;
  }
  let live = 0;
  let most = 0;
  for (const bytes of change) {
    live += bytes;
    most = Math.max(most, live);
  }
  return most;
}

/** Offsets of a lowest plan are sums of sizes, rounded up to alignments or begun at fixed ones: multiples of this. */
export function grainOf(timeline: Timeline): number {
  let grain = 0;
  const take = (bytes: number): void => {
    if (bytes > 0) grain = gcd(bytes, grain);
  };
  timeline.size.forEach(take);
  timeline.fixed.forEach(take);
  timeline.high.forEach(take);
  timeline.low.forEach(take);
  for (const bytes of timeline.alignment) if (bytes > 1) take(bytes);
  return Math.max(grain, 1);
}

/**
 * A bound that no plan goes below: the load, the tops of single items at their fixed or aligned offsets, and the load
 * rounded up to the grain of all offsets.
 */
export function lowerBoundOf(timeline: Timeline, grain = grainOf(timeline)): number {
  let least = loadOf(timeline);
  for (let i = 0; i < timeline.items; i++) least = Math.max(least, Math.max(timeline.fixed[i]!, 0) + timeline.size[i]!);
  return Math.ceil(least / grain) * grain;
}

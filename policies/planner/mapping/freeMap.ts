import { RangeLists } from './rangeLists.ts';
import type { Timeline } from './timeline.ts';

/** Nodes that a query of one stretch of sections collects, at most: four a level and the way to the root. */
const MOST_LISTS = 256;

/**
 * Which addresses are taken in which sections: a segment tree over the sections. A node holds the addresses taken in
 * all of its sections (its even list) and those taken somewhere below it (its odd list), as sorted disjoint ranges, so
 * that neighbours in a dense plan are one range however many items made it.
 */
export class FreeMap {
  private readonly leaves: number;
  private readonly ranges: RangeLists;
  private readonly lists = new Int32Array(MOST_LISTS);
  /** The range of each collected list that is met next, its place and where it begins: what lies before has been passed. */
  private readonly cursors = new Int32Array(MOST_LISTS);
  private readonly next = new Float64Array(MOST_LISTS);
  private found = 0;

  constructor(sections: number) {
    this.leaves = 2 ** Math.ceil(Math.log2(Math.max(sections, 1)));
    this.ranges = new RangeLists(4 * this.leaves);
  }

  /** Takes `[from, to)` in the sections `[begin, end)`. */
  take(begin: number, end: number, from: number, to: number): void {
    if (to <= from) return;
    const { ranges } = this;
    let l = begin + this.leaves;
    let r = end + this.leaves;
    const [l0, r0] = [l, r - 1];
    for (; l < r; l >>= 1, r >>= 1) {
      if (l & 1) ranges.add(2 * l++, from, to);
      if (r & 1) ranges.add(2 * --r, from, to);
    }
    // Every strict ancestor of a whole node is an ancestor of the first or the last leaf.
    for (let node = l0 >> 1; node > 0; node >>= 1) ranges.add(2 * node + 1, from, to);
    for (let a = l0 >> 1, b = r0 >> 1; a !== b; a >>= 1, b >>= 1) ranges.add(2 * b + 1, from, to);
  }

  private put(list: number): void {
    if (this.ranges.length[list]! > 0) this.lists[this.found++] = list;
  }

  /** Collects the lists of what is taken somewhere in the sections `[begin, end)`. */
  private collect(begin: number, end: number): void {
    this.found = 0;
    let l = begin + this.leaves;
    let r = end + this.leaves;
    const [l0, r0] = [l, r - 1];
    for (; l < r; l >>= 1, r >>= 1) {
      if (l & 1) {
        this.put(2 * l);
        this.put(2 * l++ + 1);
      }
      if (r & 1) {
        this.put(2 * --r);
        this.put(2 * r + 1);
      }
    }
    for (let node = l0 >> 1; node > 0; node >>= 1) this.put(2 * node);
    for (let a = l0 >> 1, b = r0 >> 1; a !== b; a >>= 1, b >>= 1) this.put(2 * b);
  }

  /**
   * The lowest offset at which an item of a time line meets nothing taken: first fit.
   * @param above offsets below it are not considered
   * @param limit once the top would pass it, infinity is returned
   */
  lowest(timeline: Timeline, item: number, above = 0, limit = Number.POSITIVE_INFINITY): number {
    const { pieceFirst, begin, end, low, high, alignment, size } = timeline;
    const align = alignment[item]!;
    const firstPiece = pieceFirst[item]!;
    const lastPiece = pieceFirst[item + 1]!;
    const single = lastPiece - firstPiece === 1;
    let at = align === 1 ? above : Math.ceil(above / align) * align;
    if (firstPiece === lastPiece) return at;
    let settled = 0;
    for (let piece = firstPiece; ; piece = piece + 1 === lastPiece ? firstPiece : piece + 1) {
      if (piece === firstPiece || !single) this.collect(begin[piece]!, end[piece]!);
      const up = this.climb(at + low[piece]!, high[piece]! - low[piece]!, low[piece]!, align) - low[piece]!;
      if (up + size[item]! > limit) return Number.POSITIVE_INFINITY;
      settled = up === at ? settled + 1 : 1;
      at = up;
      if (settled >= lastPiece - firstPiece) return at;
    }
  }

  /** The lowest address from `from` on where `bytes` are free in all collected lists, `low` above a multiple of `align`. */
  private climb(from: number, bytes: number, low: number, align: number): number {
    let at = from;
    const { lists, cursors, next, found, ranges } = this;
    if (bytes <= 0 || found === 0) return at;
    const { data, start, length } = ranges;
    for (let k = 0; k < found; k++) {
      const list = lists[k]!;
      const i = ranges.firstEndingAfter(list, at);
      cursors[k] = i;
      next[k] = i < start[list]! + length[list]! ? data[i]! : Number.POSITIVE_INFINITY;
    }
    for (let k = 0, clear = 0; clear < found; k = k + 1 === found ? 0 : k + 1) {
      clear++;
      if (next[k]! >= at + bytes) continue;
      const list = lists[k]!;
      const end = start[list]! + length[list]!;
      let i = cursors[k]!;
      let up = at;
      for (; i < end && data[i]! < up + bytes; i += 2) {
        if (data[i + 1]! <= up) continue;
        up = data[i + 1]!;
        if (align !== 1) up = Math.ceil((up - low) / align) * align + low;
      }
      cursors[k] = i;
      next[k] = i < end ? data[i]! : Number.POSITIVE_INFINITY;
      if (up === at) continue;
      at = up;
      clear = 1;
    }
    return at;
  }
}

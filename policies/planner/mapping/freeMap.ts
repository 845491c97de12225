import type { Timeline } from './timeline.ts';

/**
 * Which addresses are taken in which sections: a segment tree over the sections. A node holds the addresses taken in
 * all of its sections (`whole`) and those taken somewhere below it (`some`), each as a sorted list of disjoint ranges
 * `[from, to, from, to, …]`, so that neighbours in a dense plan are one range however many items made it.
 */
export class FreeMap {
  private readonly leaves: number;
  private readonly whole: (number[] | undefined)[];
  private readonly some: (number[] | undefined)[];
  private readonly lists: number[][] = [];

  constructor(sections: number) {
    this.leaves = 2 ** Math.ceil(Math.log2(Math.max(sections, 1)));
    this.whole = new Array<number[] | undefined>(2 * this.leaves).fill(undefined);
    this.some = new Array<number[] | undefined>(2 * this.leaves).fill(undefined);
  }

  /** Takes `[from, to)` in the sections `[begin, end)`. */
  take(begin: number, end: number, from: number, to: number): void {
    if (to <= from) return;
    let l = begin + this.leaves;
    let r = end + this.leaves;
    const [l0, r0] = [l, r - 1];
    for (; l < r; l >>= 1, r >>= 1) {
      if (l & 1) add(this.whole, l++, from, to);
      if (r & 1) add(this.whole, --r, from, to);
    }
    // Every strict ancestor of a whole node is an ancestor of the first or the last leaf.
    for (let node = l0 >> 1; node > 0; node >>= 1) add(this.some, node, from, to);
    for (let a = l0 >> 1, b = r0 >> 1; a !== b; a >>= 1, b >>= 1) add(this.some, b, from, to);
  }

  /** Collects the ranges taken somewhere in the sections `[begin, end)`; `lists` grows by what is not empty. */
  private collect(begin: number, end: number, lists: number[][]): void {
    const { whole, some, leaves } = this;
    const put = (list: number[] | undefined): void => {
      if (list !== undefined) lists.push(list);
    };
    let l = begin + leaves;
    let r = end + leaves;
    const [l0, r0] = [l, r - 1];
    for (; l < r; l >>= 1, r >>= 1) {
      if (l & 1) {
        put(whole[l]);
        put(some[l++]);
      }
      if (r & 1) {
        put(whole[--r]);
        put(some[r]);
      }
    }
    for (let node = l0 >> 1; node > 0; node >>= 1) put(whole[node]);
    for (let a = l0 >> 1, b = r0 >> 1; a !== b; a >>= 1, b >>= 1) put(whole[b]);
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
    const { lists } = this;
    const single = lastPiece - firstPiece === 1;
    let at = align === 1 ? above : Math.ceil(above / align) * align;
    if (firstPiece === lastPiece) return at;
    let settled = 0;
    for (let piece = firstPiece; ; piece = piece + 1 === lastPiece ? firstPiece : piece + 1) {
      if (piece === firstPiece || !single) {
        lists.length = 0;
        this.collect(begin[piece]!, end[piece]!, lists);
      }
      const up = climb(lists, at + low[piece]!, high[piece]! - low[piece]!, low[piece]!, align) - low[piece]!;
      if (up + size[item]! > limit) return Number.POSITIVE_INFINITY;
      settled = up === at ? settled + 1 : 1;
      at = up;
      if (settled >= lastPiece - firstPiece) return at;
    }
  }
}

/** The lowest address from `from` on where `bytes` are free in all lists, `low` above a multiple of `align`. */
function climb(lists: readonly number[][], from: number, bytes: number, low: number, align: number): number {
  let at = from;
  if (bytes <= 0) return at;
  let clear = 0;
  const { length } = lists;
  if (length === 0) return at;
  for (let k = 0; ; k = k + 1 === length ? 0 : k + 1) {
    const list = lists[k]!;
    let up = at;
    for (let i = firstEndingAfter(list, up); i < list.length && list[i]! < up + bytes; i += 2) {
      up = list[i + 1]!;
      if (align !== 1) up = Math.ceil((up - low) / align) * align + low;
    }
    if (up === at) {
      if (++clear >= length) return at;
    } else {
      at = up;
      clear = 1;
    }
  }
}

/** Index of the first range of a list that ends after an address. */
function firstEndingAfter(list: readonly number[], address: number): number {
  let a = 0;
  let b = list.length >> 1;
  while (a < b) {
    const middle = (a + b) >> 1;
    if (list[2 * middle + 1]! > address) b = middle;
    else a = middle + 1;
  }
  return 2 * a;
}

/** Adds a range to the list of a node, joining what it meets or touches. */
function add(lists: (number[] | undefined)[], node: number, from: number, to: number): void {
  const list = lists[node];
  if (list === undefined) {
    lists[node] = [from, to];
    return;
  }
  // The first range that ends at or after `from`.
  let a = 0;
  let b = list.length >> 1;
  while (a < b) {
    const middle = (a + b) >> 1;
    if (list[2 * middle + 1]! >= from) b = middle;
    else a = middle + 1;
  }
  const i = 2 * a;
  let j = i;
  let [start, stop] = [from, to];
  for (; j < list.length && list[j]! <= to; j += 2) {
    start = Math.min(start, list[j]!);
    stop = Math.max(stop, list[j + 1]!);
  }
  if (j === i) list.splice(i, 0, from, to);
  else {
    list[i] = start;
    list[i + 1] = stop;
    if (j > i + 2) list.splice(i + 2, j - i - 2);
  }
}

/**
 * Many sorted lists of disjoint ranges `[from, to, from, to, …]` in one typed array, so that a million of them cost no
 * objects. A list that outgrows its place moves to one twice as large; its old place serves the next list of that size.
 */
export class RangeLists {
  /** Numbers of list `k`: `data[start[k] .. start[k] + length[k])`. */
  data: Float64Array;
  readonly start: Int32Array;
  readonly length: Int32Array;
  /** Binary logarithm of the numbers that a list's place holds; 0 for a list that has none. */
  private readonly room: Uint8Array;
  private top = 0;
  /** Freed places by the logarithm of their size. */
  private readonly spare: number[][] = [];

  constructor(lists: number) {
    this.data = new Float64Array(1 << 8);
    this.start = new Int32Array(lists);
    this.length = new Int32Array(lists);
    this.room = new Uint8Array(lists);
  }

  /** Place in `data` of the first range of a list that ends after an address, or the list's end. */
  firstEndingAfter(list: number, address: number): number {
    const { data } = this;
    const begin = this.start[list]!;
    let a = 0;
    let b = this.length[list]! >> 1;
    while (a < b) {
      const middle = (a + b) >> 1;
      if (data[begin + 2 * middle + 1]! > address) b = middle;
      else a = middle + 1;
    }
    return begin + 2 * a;
  }

  /** Adds a range to a list, joining what it meets or touches. */
  add(list: number, from: number, to: number): void {
    const begin = this.start[list]!;
    const end = begin + this.length[list]!;
    let { data } = this;
    // The first range that ends at or after `from`.
    let a = begin;
    let b = end;
    while (a < b) {
      const middle = a + (((b - a) >> 2) << 1);
      if (data[middle + 1]! >= from) b = middle;
      else a = middle + 2;
    }
    let j = a;
    let first = from;
    let last = to;
    for (; j < end && data[j]! <= to; j += 2) {
      if (data[j]! < first) first = data[j]!;
      if (data[j + 1]! > last) last = data[j + 1]!;
    }
    if (j === a) {
      const at = a - begin;
      if (this.length[list]! + 2 > (this.room[list] === 0 ? 0 : 1 << this.room[list]!)) this.move(list);
      data = this.data;
      a = this.start[list]! + at;
      data.copyWithin(a + 2, a, this.start[list]! + this.length[list]!);
      this.length[list]! += 2;
    } else if (j > a + 2) {
      data.copyWithin(a + 2, j, end);
      this.length[list]! -= j - a - 2;
    }
    data[a] = first;
    data[a + 1] = last;
  }

  /** Moves a list to a place twice as large. */
  private move(list: number): void {
    const old = this.room[list]!;
    const room = old === 0 ? 1 : old + 1;
    const freed = this.spare[room]?.pop();
    const to = freed ?? this.top;
    if (freed === undefined) this.top += 1 << room;
    if (this.top > this.data.length) {
      const more = new Float64Array(Math.max(Math.ceil(this.data.length * 1.5), this.top));
      more.set(this.data);
      this.data = more;
    }
    const from = this.start[list]!;
    this.data.copyWithin(to, from, from + this.length[list]!);
    if (old > 0) {
      this.spare[old] ??= [];
      this.spare[old].push(from);
    }
    this.start[list] = to;
    this.room[list] = room;
  }
}

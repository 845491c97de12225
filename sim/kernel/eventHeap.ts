/**
 * The root's number. The children of node i are nodes 4i − 5 … 4i − 2, so a family is 64 consecutive bytes that start
 * 48 bytes past a multiple of 64: a cache line, where the allocator puts a header of 16 bytes before the array.
 */
const ROOT = 2;

/** Position of the root in `keys`; that of node i is 2i. */
export const FIRST = 2 * ROOT;

/**
 * Position of the staged pair, the one that `add` and `replaceFirst` take. It is handed over here because float64
 * arguments of a call are put in boxes unless the compiler inlines it.
 */
export const STAGE = 0;

/**
 * A 4-ary heap of (time, rank) pairs, the least pair first. Ranks are distinct whole numbers, so no two pairs are
 * equal. The pairs lie in one Float64Array, the time of the node at position p at p and its rank at p + 1; what is not
 * used holds (∞, ∞), so that a family always compares as four.
 */
export class EventHeap {
  keys: Float64Array;
  /** The position after the last pair. */
  end = FIRST;

  constructor(initialCapacity: number) {
    this.keys = new Float64Array(2 * initialCapacity + 16).fill(Number.POSITIVE_INFINITY);
  }

  get count(): number {
    return (this.end - FIRST) >> 1;
  }

  /** Adds the staged pair. */
  add(): void {
    const position = this.end;
    this.end = position + 2;
    if (position + 8 > this.keys.length) this.reserve(position + 8);
    this.siftUp(position);
  }

  /** Puts the staged pair in the place of the first: one pass, where removing and adding take two. */
  replaceFirst(): void {
    this.siftDown(FIRST);
  }

  /** Removes the first pair of a heap that is not empty. */
  removeFirst(): void {
    const keys = this.keys;
    const last = this.end - 2;
    this.end = last;
    keys[STAGE] = keys[last]!;
    keys[STAGE + 1] = keys[last + 1]!;
    keys[last] = Number.POSITIVE_INFINITY;
    keys[last + 1] = Number.POSITIVE_INFINITY;
    if (last > FIRST) this.siftDown(FIRST);
  }

  /** Makes `keys` hold `length` numbers or more. */
  reserve(length: number): void {
    if (length <= this.keys.length) return;
    const keys = new Float64Array(Math.max(length, 2 * this.keys.length)).fill(Number.POSITIVE_INFINITY);
    keys.set(this.keys);
    this.keys = keys;
  }

  /** Makes a heap of any pairs that were put from `FIRST` to `end`, in time linear in their number. */
  rebuild(end: number): void {
    if (end < this.end) this.keys.fill(Number.POSITIVE_INFINITY, end, this.end);
    this.end = end;
    for (let node = ((end >> 1) + 4) >> 2; node >= ROOT; node--) {
      this.keys[STAGE] = this.keys[2 * node]!;
      this.keys[STAGE + 1] = this.keys[2 * node + 1]!;
      this.siftDown(2 * node);
    }
  }

  /** Lets the staged pair rise from a vacant position to its place. */
  private siftUp(vacancy: number): void {
    const keys = this.keys;
    const time = keys[STAGE]!;
    const rank = keys[STAGE + 1]!;
    let position = vacancy;
    while (position > FIRST) {
      const parent = ((position + 10) >> 3) << 1;
      const parentTime = keys[parent]!;
      if (parentTime < time || (parentTime === time && keys[parent + 1]! < rank)) break;
      keys[position] = parentTime;
      keys[position + 1] = keys[parent + 1]!;
      position = parent;
    }
    keys[position] = time;
    keys[position + 1] = rank;
  }

  /**
   * Lets the staged pair sink from a vacant position to its place.
   *
   * The least of a family is found without branches, by arithmetic on the outcomes of comparisons, because no
   * processor can predict them; only equal times, which are rare or regular, branch to compare ranks. `| 0` after
   * each sum spares a check for overflow.
   */
  private siftDown(vacancy: number): void {
    const keys = this.keys;
    const end = this.end;
    const time = keys[STAGE]!;
    const rank = keys[STAGE + 1]!;
    let position = vacancy;
    for (let child = ((position << 2) - 10) | 0; child < end; child = ((position << 2) - 10) | 0) {
      const t0 = keys[child]!;
      const t1 = keys[child + 2]!;
      const t2 = keys[child + 4]!;
      const t3 = keys[child + 6]!;
      const swap01 = t0 === t1 ? Number(keys[child + 3]! < keys[child + 1]!) : Number(t1 < t0);
      const swap23 = t2 === t3 ? Number(keys[child + 7]! < keys[child + 5]!) : Number(t3 < t2);
      const first = (child + ((swap01 | 0) << 1)) | 0;
      const second = (child + 4 + ((swap23 | 0) << 1)) | 0;
      const firstTime = keys[first]!;
      const secondTime = keys[second]!;
      const swap =
        firstTime === secondTime ? Number(keys[second + 1]! < keys[first + 1]!) : Number(secondTime < firstTime);
      const least = (first + (((second - first) | 0) & -(swap | 0))) | 0;
      const leastTime = keys[least]!;
      const leastRank = keys[least + 1]!;
      if (time < leastTime || (time === leastTime && rank < leastRank)) break;
      keys[position] = leastTime;
      keys[position + 1] = leastRank;
      position = least;
    }
    keys[position] = time;
    keys[position + 1] = rank;
  }
}

/**
 * A 4-ary heap of (time, rank) pairs in one Float64Array, the least pair first: the time of the pair at position p is at
 * p and its rank at p + 1. Ranks are distinct, so no two pairs are equal. What is not used holds (∞, ∞), so that a family
 * always compares as four; the array reaches at least `PADDING` beyond the last pair.
 *
 * A pair to be placed is first put at `STAGE`: float64 arguments of a call are put in boxes unless it is inlined.
 */
export const STAGE = 0;

/**
 * Position of the first pair. The children of the pair at p are at 4p − 10, … − 8, … − 6 and … − 4, so a family is 64
 * consecutive bytes that start 48 bytes past a multiple of 64: a cache line, where the allocator puts a header of 16
 * bytes before the array.
 */
export const FIRST = 4;

export const PADDING = 8;

/** Lets the staged pair rise from a vacant position to its place. */
export function siftUp(keys: Float64Array, vacancy: number): void {
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
 * Lets the staged pair sink from a vacant position to its place in a heap that ends at `end`.
 *
 * The least of a family is found without branches, by arithmetic on the outcomes of comparisons, because no processor
 * can predict them; only equal times, which are rare or regular, branch to compare ranks. `| 0` after each sum spares a
 * check for overflow.
 */
export function siftDown(keys: Float64Array, vacancy: number, end: number): void {
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

/** Makes a heap of any pairs from `FIRST` to `end`, in time linear in their number. */
export function heapify(keys: Float64Array, end: number): void {
  for (let position = ((end + 8) >> 3) << 1; position >= FIRST; position -= 2) {
    keys[STAGE] = keys[position]!;
    keys[STAGE + 1] = keys[position + 1]!;
    siftDown(keys, position, end);
  }
}

/** The array itself, or a copy at least twice as long when it cannot hold a heap that ends at `end`. */
export function withRoomFor(keys: Float64Array, end: number): Float64Array {
  if (end + PADDING <= keys.length) return keys;
  const longer = new Float64Array(Math.max(end + PADDING, 2 * keys.length)).fill(Number.POSITIVE_INFINITY);
  longer.set(keys);
  return longer;
}

/** Below so many values a comparison sort is quicker. */
const FEW = 4096;
/** Bits sorted at a time. */
const DIGIT = 11;
const BUCKETS = 1 << DIGIT;

/** Indices of values in rising order, equal ones in their own; with `order`, in that one. Values are finite. */
export function sortedBy(values: Float64Array, order?: Int32Array): Int32Array {
  const start = order ?? indices(values.length);
  if (values.length >= FEW) return wholeSorted(values, start) ?? radixSorted(values, start);
  return order ? start.slice().sort((a, b) => values[a]! - values[b]!) : start.sort((a, b) => values[a]! - values[b]!);
}

function indices(n: number): Int32Array {
  const all = new Int32Array(n);
  for (let i = 0; i < n; i++) all[i] = i;
  return all;
}

/** The same for whole numbers that lie less than 2^32 apart: digit by digit of what each is above the least; else null. */
function wholeSorted(values: Float64Array, start: Int32Array): Int32Array | null {
  const n = values.length;
  let least = values[0]!;
  let most = least;
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    else if (value > most) most = value;
  }
  if (!(most - least < 2 ** 32)) return null;
  const keys = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const above = values[i]! - least;
    keys[i] = above;
    if (keys[i] !== above) return null;
  }
  let from = start.slice();
  let to = new Int32Array(n);
  const count = new Int32Array(BUCKETS);
  for (let shift = 0; shift < 32 && (most - least) / 2 ** shift >= 1; shift += DIGIT) {
    count.fill(0);
    for (let i = 0; i < n; i++) count[(keys[i]! >>> shift) & (BUCKETS - 1)]!++;
    openBuckets(count);
    for (let k = 0; k < n; k++) to[count[(keys[from[k]!]! >>> shift) & (BUCKETS - 1)]!++] = from[k]!;
    [from, to] = [to, from];
  }
  return from;
}

/** Turns how many each bucket takes into where it begins. */
function openBuckets(count: Int32Array): void {
  let sum = 0;
  for (let b = 0; b < BUCKETS; b++) {
    const more = count[b]!;
    count[b] = sum;
    sum += more;
  }
}

/**
 * The same digit by digit: the bits of a double, its sign turned over and those of a negative one all of them, are in
 * the order of the numbers. Digits that all values share are passed over.
 */
function radixSorted(values: Float64Array, start: Int32Array): Int32Array {
  const n = values.length;
  const words = new Uint32Array(2 * n);
  const bits = new Uint32Array(new Float64Array(1).buffer);
  const one = new Float64Array(bits.buffer);
  for (let i = 0; i < n; i++) {
    one[0] = values[i]! + 0; // -0 becomes 0
    const high = bits[1]!;
    words[2 * i] = high >>> 31 === 1 ? ~bits[0]! : bits[0]!;
    words[2 * i + 1] = high >>> 31 === 1 ? ~high : high ^ 0x80000000;
  }
  let from = start.slice();
  let to = new Int32Array(n);
  const count = new Int32Array(BUCKETS);
  for (let word = 0; word < 2; word++) {
    for (let shift = 0; shift < 32; shift += DIGIT) {
      count.fill(0);
      for (let k = 0; k < n; k++) count[(words[2 * k + word]! >>> shift) & (BUCKETS - 1)]!++;
      if (count[(words[word]! >>> shift) & (BUCKETS - 1)] === n) continue;
      openBuckets(count);
      for (let k = 0; k < n; k++) {
        const i = from[k]!;
        to[count[(words[2 * i + word]! >>> shift) & (BUCKETS - 1)]!++] = i;
      }
      [from, to] = [to, from];
    }
  }
  return from;
}

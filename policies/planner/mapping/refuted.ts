/** Entries of the table, a power of two; a new one takes the place of an old one. */
const ENTRIES = 1 << 18;

/**
 * What is proved to have no plan within a capacity: sets of unplaced items with the support of each. What an item may still
 * do depends on these alone, not on what stands below, so that a proof holds wherever the same set comes up again, in any
 * order and after any restart. A set is known by two signatures of 32 bits that share no step, so that two sets in 2^64 are
 * taken for one another.
 */
export class Refuted {
  /** Signatures of the set that was signed last. */
  a = 0;
  b = 0;
  private readonly keys = new Int32Array(2 * ENTRIES);
  /** Two numbers an item, drawn apart. */
  private readonly saltA: Int32Array;
  private readonly saltB: Int32Array;

  constructor(items: number) {
    this.saltA = Int32Array.from({ length: items }, (_, i) => scattered(Math.imul(i + 1, 0x9e3779b1)));
    this.saltB = Int32Array.from({ length: items }, (_, i) => scattered(Math.imul(i + 1, 0x27d4eb2f) ^ 0x165667b1));
  }

  /** Signs the first `count` of the items, each at its support. */
  sign(items: Int32Array, count: number, support: Float64Array): void {
    const { saltA, saltB } = this;
    let a = 0;
    let b = count;
    for (let k = 0; k < count; k++) {
      const i = items[k]!;
      const at = support[i]!;
      const high = at / 2 ** 32;
      a ^= scattered(saltA[i]! ^ at ^ Math.imul(high, 0x85ebca77));
      b = (b + scattered(saltB[i]! + at + Math.imul(high, 0xc2b2ae3d))) | 0;
    }
    this.a = a;
    this.b = b;
  }

  /** Whether a signed set is refuted. */
  has(a: number, b: number): boolean {
    const at = 2 * (a & (ENTRIES - 1));
    return this.keys[at] === a && this.keys[at + 1] === b;
  }

  /** Keeps that it is. */
  add(a: number, b: number): void {
    const at = 2 * (a & (ENTRIES - 1));
    this.keys[at] = a;
    this.keys[at + 1] = b;
  }
}

/** 32 bits of which each depends on all of the argument's (the finalizer of MurmurHash3). */
function scattered(bits: number): number {
  let x = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

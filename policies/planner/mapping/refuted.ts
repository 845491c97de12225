/** Entries of the table, a power of two; a new one takes the place of an old one. */
const ENTRIES = 1 << 18;

/**
 * What is proved to have no plan within a capacity: sets of unplaced items with the support of each, by two hashes of 32
 * bits. What an item may still do depends on these alone, not on what stands below, so that a proof holds wherever the
 * same set comes up again, in any order and after any restart.
 */
export class Refuted {
  private readonly keys = new Int32Array(2 * ENTRIES);

  /** Whether this set is refuted. */
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

/** A well mixed number of an item at a support (after the finalizer of MurmurHash3). */
export function mixed(item: number, support: number): number {
  let x = Math.imul(item + 1, 0x9e3779b1) ^ (support | 0) ^ Math.imul(support / 2 ** 32, 0x85ebca77);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

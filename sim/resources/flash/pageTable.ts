/** Slot of a key that is not there. */
export const ABSENT = -1;

const FIRST_SLOTS = 1024;

/**
 * Numbers of pages to slots 0, 1, 2, … of arrays that stand beside it: a hash table in typed arrays, so that a page
 * costs no allocation. Freed slots are used again.
 */
export class PageTable {
  size = 0;
  private keys = new Float64Array(FIRST_SLOTS);
  private chain = new Int32Array(FIRST_SLOTS);
  private buckets = new Int32Array(2 * FIRST_SLOTS).fill(ABSENT);
  private free = ABSENT;
  private used = 0;

  /** Slots that the arrays beside it need. */
  get slots(): number {
    return this.keys.length;
  }

  find(key: number): number {
    let slot = this.buckets[this.bucketOf(key)]!;
    while (slot !== ABSENT && this.keys[slot] !== key) slot = this.chain[slot]!;
    return slot;
  }

  /** Adds a key that is not there and returns its slot. */
  add(key: number): number {
    let slot = this.free;
    if (slot !== ABSENT) this.free = this.chain[slot]!;
    else {
      if (this.used === this.keys.length) this.grow();
      slot = this.used++;
    }
    const bucket = this.bucketOf(key);
    this.keys[slot] = key;
    this.chain[slot] = this.buckets[bucket]!;
    this.buckets[bucket] = slot;
    this.size += 1;
    return slot;
  }

  /** Takes out the key in a slot. */
  remove(slot: number): void {
    const bucket = this.bucketOf(this.keys[slot]!);
    if (this.buckets[bucket] === slot) this.buckets[bucket] = this.chain[slot]!;
    else {
      let before = this.buckets[bucket]!;
      while (this.chain[before] !== slot) before = this.chain[before]!;
      this.chain[before] = this.chain[slot]!;
    }
    this.chain[slot] = this.free;
    this.free = slot;
    this.size -= 1;
  }

  /** Fibonacci hashing (Knuth, The Art of Computer Programming 3, section 6.4) of a key below 2^53. */
  private bucketOf(key: number): number {
    const folded = key < 4294967296 ? key | 0 : (key >>> 0) ^ Math.floor(key / 4294967296);
    const mixed = Math.imul(folded ^ (folded >>> 15), 0x9e3779b1);
    return (mixed ^ (mixed >>> 15)) & (this.buckets.length - 1);
  }

  private grow(): void {
    const keys = new Float64Array(2 * this.keys.length);
    keys.set(this.keys);
    this.keys = keys;
    this.chain = new Int32Array(keys.length);
    this.buckets = new Int32Array(2 * keys.length).fill(ABSENT);
    // Only a full table grows, so no slot is free.
    for (let slot = 0; slot < this.used; slot++) {
      const bucket = this.bucketOf(keys[slot]!);
      this.chain[slot] = this.buckets[bucket]!;
      this.buckets[bucket] = slot;
    }
  }
}

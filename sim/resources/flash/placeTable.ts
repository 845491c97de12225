/** Keys and values are held one higher, so that a slot that was never written is free. */
const EMPTY = 0;
const FIRST_SLOTS = 2048;
/** Share of the slots that may be taken. */
const LOAD = 0.7;

/**
 * Numbers of pages to where they lie: a hash table with open addressing whose keys stand beside their values, so that a
 * page costs one line of the cache. Nothing is ever taken out.
 */
export class PlaceTable {
  /** Key and value of each slot in turn. */
  private slots = new Float64Array(2 * FIRST_SLOTS);
  private mask = FIRST_SLOTS - 1;
  private size = 0;

  /** The value of a key ≥ 0, or −1. */
  get(key: number): number {
    return this.slots[this.find(key) + 1]! - 1;
  }

  /** Sets the value ≥ 0 of a key. */
  set(key: number, value: number): void {
    const at = this.find(key);
    const { slots } = this;
    slots[at + 1] = value + 1;
    if (slots[at] !== EMPTY) return;
    slots[at] = key + 1;
    this.size += 1;
    if (this.size > LOAD * (this.mask + 1)) this.grow();
  }

  /** Where a key is, or would be. */
  private find(key: number): number {
    const { slots, mask } = this;
    // Fibonacci hashing (Knuth, The Art of Computer Programming 3, section 6.4).
    const folded = key < 4294967296 ? key | 0 : (key >>> 0) ^ Math.floor(key / 4294967296);
    const mixed = Math.imul(folded ^ (folded >>> 15), 0x9e3779b1);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const held = slots[2 * slot]!;
      if (held === key + 1 || held === EMPTY) return 2 * slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const old = this.slots;
    this.mask = 4 * this.mask + 3;
    this.slots = new Float64Array(2 * (this.mask + 1));
    for (let at = 0; at < old.length; at += 2) {
      const key = old[at]!;
      if (key === EMPTY) continue;
      const to = this.find(key - 1);
      this.slots[to] = key;
      this.slots[to + 1] = old[at + 1]!;
    }
  }
}

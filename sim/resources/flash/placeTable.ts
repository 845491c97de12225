/** What a slot that was never written holds in place of a key; keys are held one higher. */
const EMPTY = 0;
const FIRST_BITS = 11;
/** Share of the slots that may be taken. */
const LOAD = 0.7;
const WORD = 4294967296;

/**
 * Numbers of pages to where they lie: a hash table with open addressing whose keys stand beside their values, so that a
 * page costs one line of the cache. Nothing is ever taken out.
 *
 * The upper bits of the hash are the slot: a table that doubles is read and written from one end to the other.
 */
export class PlaceTable {
  /** Key and value of each slot in turn, in as few bytes as they fit in. */
  private slots: Int32Array | Float64Array;
  private readonly isSmall: boolean;
  private shift = 32 - FIRST_BITS;
  private room = LOAD * (1 << FIRST_BITS);
  private size = 0;

  /** @param largest no key is above this; values are far below 2^31. */
  constructor(largest: number) {
    this.isSmall = largest < 2 ** 31 - 1;
    this.slots = this.make(2 << FIRST_BITS);
  }

  /** The value of a key ≥ 0, or `absent`, which is then its value. */
  getOrSet(key: number, absent: number): number {
    const at = this.find(key);
    const { slots } = this;
    if (slots[at] !== EMPTY) return slots[at + 1]!;
    this.put(at, key, absent);
    return absent;
  }

  /**
   * Brings near the slots of keys that are asked for soon: one miss of the cache takes as long as several at once, and
   * alone they are most of what a page costs. Returns nothing of use.
   */
  fetch(keys: Float64Array): number {
    const { slots } = this;
    let sum = 0;
    for (let i = 0; i < keys.length; i++) sum = (sum + slots[this.slotOf(keys[i]!)]!) | 0;
    return sum;
  }

  /** The value of a key ≥ 0, or −1. */
  get(key: number): number {
    const at = this.find(key);
    return this.slots[at] === EMPTY ? -1 : this.slots[at + 1]!;
  }

  /** Sets the value ≥ 0 of a key. */
  set(key: number, value: number): void {
    const at = this.find(key);
    if (this.slots[at] === EMPTY) this.put(at, key, value);
    else this.slots[at + 1] = value;
  }

  private put(at: number, key: number, value: number): void {
    this.slots[at] = key + 1;
    this.slots[at + 1] = value;
    this.size += 1;
    if (this.size > this.room) this.grow();
  }

  /** Where a key is, or would be. */
  private find(key: number): number {
    const { slots } = this;
    let at = this.slotOf(key);
    while (slots[at] !== EMPTY && slots[at] !== key + 1) {
      at += 2;
      if (at === slots.length) at = 0;
    }
    return at;
  }

  /** Fibonacci hashing (Knuth, The Art of Computer Programming 3, section 6.4). */
  private slotOf(key: number): number {
    const folded = key < WORD ? key | 0 : (key >>> 0) ^ Math.floor(key / WORD);
    return (Math.imul(folded ^ (folded >>> 15), 0x9e3779b1) >>> this.shift) << 1;
  }

  private make(length: number): Int32Array | Float64Array {
    return this.isSmall ? new Int32Array(length) : new Float64Array(length);
  }

  private grow(): void {
    const old = this.slots;
    this.slots = this.make(2 * old.length);
    this.shift -= 1;
    this.room *= 2;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] === EMPTY) continue;
      const to = this.find(old[at]! - 1);
      this.slots[to] = old[at]!;
      this.slots[to + 1] = old[at + 1]!;
    }
  }
}

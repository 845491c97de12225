const FIRST_ROOM = 16;

/**
 * Events of one kind by time and then in the order they came, as a lane of {@link Lanes}: each is a time, its number
 * among all events and a word. The time of the first stands in `heads`, at the place of the lane (∞: it is empty).
 */
export class TimeLane {
  private readonly heads: Float64Array;
  /** One number: that of the next event of any lane. */
  private readonly counter: Float64Array;
  private readonly place: number;
  private keys = new Float64Array(2 * FIRST_ROOM);
  private words = new Int32Array(FIRST_ROOM);
  private mask = FIRST_ROOM - 1;
  private head = 0;
  private count = 0;

  constructor(heads: Float64Array, counter: Float64Array, place: number) {
    this.heads = heads;
    this.counter = counter;
    this.place = place;
    heads[place] = Number.POSITIVE_INFINITY;
  }

  /** The number of the first event. */
  get firstNumber(): number {
    return this.keys[2 * this.head + 1]!;
  }

  push(timeNs: number, word: number): void {
    if (this.count > this.mask) this.grow();
    const { keys, words, mask, head } = this;
    let at = this.count;
    this.count = at + 1;
    for (; at > 0; at--) {
      const before = (head + at - 1) & mask;
      if (keys[2 * before]! <= timeNs) break;
      const row = (head + at) & mask;
      keys[2 * row] = keys[2 * before]!;
      keys[2 * row + 1] = keys[2 * before + 1]!;
      words[row] = words[before]!;
    }
    const row = (head + at) & mask;
    keys[2 * row] = timeNs;
    keys[2 * row + 1] = this.counter[0]!;
    this.counter[0]! += 1;
    words[row] = word;
    if (at === 0) this.heads[this.place] = timeNs;
  }

  /** Takes out the first event and returns its word. */
  shift(): number {
    const { head } = this;
    const next = (head + 1) & this.mask;
    this.head = next;
    this.count -= 1;
    this.heads[this.place] = this.count > 0 ? this.keys[2 * next]! : Number.POSITIVE_INFINITY;
    return this.words[head]!;
  }

  private grow(): void {
    const rows = this.mask + 1;
    const keys = new Float64Array(4 * rows);
    const words = new Int32Array(2 * rows);
    for (let i = 0; i < this.count; i++) {
      const row = (this.head + i) & this.mask;
      keys[2 * i] = this.keys[2 * row]!;
      keys[2 * i + 1] = this.keys[2 * row + 1]!;
      words[i] = this.words[row]!;
    }
    this.keys = keys;
    this.words = words;
    this.mask = 2 * rows - 1;
    this.head = 0;
  }
}

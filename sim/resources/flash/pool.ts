/**
 * Page operations as records in two typed arrays: nothing is allocated per operation, and what is used together lies
 * together. An operation is the number of its first word.
 * @module
 */

/**
 * What an operation is; lower kinds are served first by a command unit: collection goes before the host, as it must where
 * it makes the room that the host waits for (TSU_Priority_OutOfOrder of MQSim without preemption).
 */
export const KIND = { mapping: 0, copyRead: 1, copyProgram: 2, erase: 3, read: 4, program: 5 } as const;
export const KINDS = 6;

export const NO_OP = -1;

/** Words of an operation, as in `ops.words[op + OP.kind]`. */
export const OP = {
  kind: 0,
  /** Command unit, and plane among all planes. */
  unit: 1,
  plane: 2,
  /** Page index inside its block; planes of a die join only on equal ones. */
  row: 3,
  bytes: 4,
  /** Request it belongs to, or below 0 for the drive's own work; of copies and erases the block that is collected. */
  request: 5,
  /** What follows when a read ends: −1 nothing, else the operation that waited (those after a page of the table are chained by `next`). */
  follow: 6,
  next: 7,
} as const;
const WORDS = 8;

/** Real numbers of an operation, as in `ops.reals[op + REAL.page]`. */
export const REAL = {
  /** Logical page it concerns, or page of the mapping table. */
  page: 0,
  /** Its place in the flash. */
  place: 1,
  /** When it joined its queue, in ns, for `fair` channels. */
  since: 2,
} as const;

/** The operations under way. A released record is used again. */
export class PageOps {
  words = new Int32Array(256 * WORDS);
  reals = new Float64Array(256 * WORDS);
  private free = NO_OP;
  private used = 0;

  take(kind: number, request: number): number {
    let op = this.free;
    if (op === NO_OP) {
      if (this.used === this.words.length) this.grow();
      op = this.used;
      this.used += WORDS;
    } else {
      this.free = this.words[op + OP.next]!;
    }
    const { words } = this;
    words[op + OP.kind] = kind;
    words[op + OP.request] = request;
    words[op + OP.follow] = NO_OP;
    words[op + OP.next] = NO_OP;
    return op;
  }

  release(op: number): void {
    this.words[op + OP.next] = this.free;
    this.free = op;
  }

  private grow(): void {
    const words = new Int32Array(2 * this.words.length);
    words.set(this.words);
    this.words = words;
    const reals = new Float64Array(words.length);
    reals.set(this.reals);
    this.reals = reals;
  }
}

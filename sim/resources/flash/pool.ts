/**
 * Page operations as rows of typed arrays, with first-in first-out queues threaded through them: nothing is allocated
 * per operation.
 * @module
 */

/**
 * What an operation is; lower kinds are served first by a command unit: collection goes before the host, as it must where
 * it makes the room that the host waits for (TSU_Priority_OutOfOrder of MQSim without preemption).
 */
export const KIND = { mapping: 0, copyRead: 1, copyProgram: 2, erase: 3, read: 4, program: 5 } as const;
export const KINDS = 6;

export const NO_OP = -1;

/** The operations under way. Rows are numbered; a released row is used again. */
export class PageOps {
  kind = new Uint8Array(256);
  /** Command unit, and plane among all planes. */
  unit = new Int32Array(256);
  plane = new Int32Array(256);
  /** Page index inside its block; planes of a die join only on equal ones. */
  row = new Int32Array(256);
  bytes = new Int32Array(256);
  /** Logical page it concerns, or page of the mapping table; and its place in the flash. */
  page = new Float64Array(256);
  place = new Float64Array(256);
  /** Request it belongs to, or below 0 for the drive's own work; of copies and erases the block that is collected. */
  request = new Int32Array(256);
  /** What follows when a read ends: −1 nothing, else the operation that waited (those after a page of the table are chained by `next`). */
  follow = new Int32Array(256);
  /** When it joined its queue, in ns, for `fair` channels. */
  since = new Float64Array(256);
  next = new Int32Array(256);
  private free = NO_OP;
  private used = 0;

  take(kind: number, request: number): number {
    let op = this.free;
    if (op === NO_OP) {
      if (this.used === this.kind.length) this.grow();
      op = this.used++;
    } else {
      this.free = this.next[op]!;
    }
    this.kind[op] = kind;
    this.request[op] = request;
    this.follow[op] = NO_OP;
    this.next[op] = NO_OP;
    return op;
  }

  release(op: number): void {
    this.next[op] = this.free;
    this.free = op;
  }

  private grow(): void {
    const size = 2 * this.kind.length;
    const wider = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const array = new Int32Array(size);
      array.set(old);
      return array;
    };
    const kind = new Uint8Array(size);
    kind.set(this.kind);
    this.kind = kind;
    const longer = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const array = new Float64Array(size);
      array.set(old);
      return array;
    };
    this.since = longer(this.since);
    this.page = longer(this.page);
    this.place = longer(this.place);
    this.unit = wider(this.unit);
    this.plane = wider(this.plane);
    this.row = wider(this.row);
    this.bytes = wider(this.bytes);
    this.request = wider(this.request);
    this.follow = wider(this.follow);
    this.next = wider(this.next);
  }
}

/** Queues of operations by number. */
export class OpQueues {
  readonly head: Int32Array;
  private readonly tail: Int32Array;
  private readonly ops: PageOps;

  constructor(ops: PageOps, count: number) {
    this.ops = ops;
    this.head = new Int32Array(count).fill(NO_OP);
    this.tail = new Int32Array(count).fill(NO_OP);
  }

  push(queue: number, op: number): void {
    this.ops.next[op] = NO_OP;
    const last = this.tail[queue]!;
    if (last === NO_OP) this.head[queue] = op;
    else this.ops.next[last] = op;
    this.tail[queue] = op;
  }

  /** Takes `op` out, which follows `before` (−1: it is the first). */
  remove(queue: number, op: number, before: number): void {
    const after = this.ops.next[op]!;
    if (before === NO_OP) this.head[queue] = after;
    else this.ops.next[before] = after;
    if (after === NO_OP) this.tail[queue] = before;
  }
}

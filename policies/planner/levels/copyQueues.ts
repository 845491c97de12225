/** Below this share of a byte a copy is done: what rounding leaves. */
const CRUMB = 1e-6;

/** One queue: what its copies still have to move, first in, first out. */
class Queue {
  private readonly ids: number[] = [];
  private readonly bytes: number[] = [];
  private head = 0;

  push(id: number, bytes: number): void {
    this.ids.push(id);
    this.bytes.push(bytes);
  }

  get left(): number[] {
    return this.bytes.slice(this.head);
  }

  /** Bytes of the first copy, or 0. */
  get first(): number {
    return this.head < this.bytes.length ? this.bytes[this.head]! : 0;
  }

  get busy(): boolean {
    return this.head < this.bytes.length;
  }

  has(id: number): boolean {
    return this.ids.indexOf(id, this.head) >= 0;
  }

  move(bytes: number): void {
    const left = this.bytes[this.head]! - bytes;
    this.bytes[this.head] = left;
    if (left <= CRUMB) this.head++;
  }

  clear(): void {
    this.ids.length = this.bytes.length = this.head = 0;
  }
}

/**
 * The two queues of copies between the memories: reads of the slow memory and writes to it, each first in, first out.
 * They move bytes while ops leave the slow memory idle; when both have work, each gets half the rate (openxla/xla,
 * memory_space_assignment/simulator.cc).
 */
export class CopyQueues {
  private readonly rate: number;
  private readonly read = new Queue();
  private readonly write = new Queue();

  constructor(bytes_per_s: number) {
    this.rate = bytes_per_s;
  }

  push(queue: 'read' | 'write', id: number, bytes: number): void {
    this[queue].push(id, bytes);
  }

  /** Bytes that the copies of a queue still have to move, first to last. */
  left(queue: 'read' | 'write'): number[] {
    return this[queue].left;
  }

  /** Forgets all copies. */
  clear(): void {
    this.read.clear();
    this.write.clear();
  }

  /** Moves bytes for a time. */
  pass(seconds: number): void {
    let left_s = seconds;
    while (left_s > 0) {
      const used = this.step(left_s);
      if (used === 0) return;
      left_s -= used;
    }
  }

  /** Waits for one copy, and so for those before it in its queue; returns the seconds. */
  wait(queue: 'read' | 'write', id: number): number {
    let waited = 0;
    while (this[queue].has(id)) waited += this.step(Number.POSITIVE_INFINITY);
    return waited;
  }

  /** Runs until the first head is done or the time is up; returns the seconds it took, 0 when nothing is queued. */
  private step(most_s: number): number {
    const { read, write } = this;
    const reads = read.busy;
    const writes = write.busy;
    if (!reads && !writes) return 0;
    const rate = reads && writes ? this.rate / 2 : this.rate;
    let seconds = most_s;
    if (reads) seconds = Math.min(seconds, read.first / rate);
    if (writes) seconds = Math.min(seconds, write.first / rate);
    if (reads) read.move(seconds * rate);
    if (writes) write.move(seconds * rate);
    return seconds;
  }
}

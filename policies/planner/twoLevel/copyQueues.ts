/** What one copy still has to move. */
interface Request {
  readonly id: number;
  left_bytes: number;
}

/** Below this share of a byte a copy is done: what rounding leaves. */
const CRUMB = 1e-6;

/**
 * The two queues of copies between the memories: reads of the slow memory and writes to it, each first in, first out.
 * They move bytes while ops leave the slow memory idle; when both have work, each gets half the rate (openxla/xla,
 * memory_space_assignment/simulator.cc).
 */
export class CopyQueues {
  private readonly rate: number;
  private readonly queues: Record<'read' | 'write', Request[]> = { read: [], write: [] };

  constructor(bytes_per_s: number) {
    this.rate = bytes_per_s;
  }

  push(queue: 'read' | 'write', id: number, bytes: number): void {
    this.queues[queue].push({ id, left_bytes: bytes });
  }

  /** Bytes that the copies of a queue still have to move, first to last. */
  left(queue: 'read' | 'write'): number[] {
    return this.queues[queue].map(({ left_bytes }) => left_bytes);
  }

  has(queue: 'read' | 'write', id: number): boolean {
    return this.queues[queue].some((request) => request.id === id);
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
    while (this.has(queue, id)) waited += this.step(Number.POSITIVE_INFINITY);
    return waited;
  }

  /** Runs until the first head is done or the time is up; returns the seconds it took, 0 when nothing is queued. */
  private step(most_s: number): number {
    const heads = [this.queues.read[0], this.queues.write[0]].filter((head) => head !== undefined);
    if (heads.length === 0) return 0;
    const rate = this.rate / heads.length;
    const seconds = Math.min(most_s, ...heads.map(({ left_bytes }) => left_bytes / rate));
    for (const queue of [this.queues.read, this.queues.write]) {
      const head = queue[0];
      if (head === undefined || !heads.includes(head)) continue;
      head.left_bytes -= seconds * rate;
      if (head.left_bytes <= CRUMB) queue.shift();
    }
    return seconds;
  }
}

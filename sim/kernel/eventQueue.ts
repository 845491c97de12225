import { SimulationError } from './errors.ts';
import { EventSlots, MAX_SLOTS, slotOf } from './eventSlots.ts';

/** Phases order events of one instant: every event of phase 0 runs before any of phase 1, and so on. */
export const MAX_PHASE = 7;

/**
 * A node of the heap is two float64: the time, and a rank that decides ties of time by one comparison. The rank is
 * (phase × 2^26 + sequence) × 2^24 + slot, a whole number below 2^53. After 2^26 events the sequence numbers of the
 * pending ones are dealt anew.
 */
const SEQUENCES = 2 ** 26;

/**
 * The heap's root. The children of node i are nodes 4i − 5 … 4i − 2, so a family is 64 consecutive bytes that start
 * 48 bytes past a multiple of 64: a cache line, where the allocator puts a header of 16 bytes before the array.
 */
const ROOT = 2;

/** Where in `keys` it pays to read ahead: what lies before it is in the nearest cache anyway. */
const FAR = 8192;

/** Below this many cancelled entries, compaction is not worth its pass over the heap. */
const COMPACTION_FLOOR = 64;

/**
 * The pending events, ordered by (time, phase, sequence): events of equal time and phase leave in the order they came.
 *
 * A 4-ary heap in typed arrays. Nothing is allocated per event: `pop` leaves the event in the fields `time`, `kind`,
 * `a` and `b`, which hold until the next `pop`. A cancelled event stays in the heap until it surfaces or until the
 * cancelled outnumber the live, when all of them are swept out. After a `pop` the root is left vacant, because the
 * usual next step is to schedule a successor, which then takes the root's place in a single sift.
 *
 * Times are any finite numbers ≥ 0 and kinds any integers ≥ 0; the queue does not check them, `Simulation` does.
 */
export class EventQueue {
  /** Of the last popped event; NaN and −1 before the first. */
  time = Number.NaN;
  kind = -1;
  a = 0;
  b = 0;

  /** (time, rank) of node i at 2i and 2i + 1. Unused nodes hold (∞, ∞), so that a family always compares as four. */
  private keys: Float64Array;
  /** The next unused node. */
  private end = ROOT;
  private rootVacant = false;
  private readonly slots: EventSlots;
  private cancelled = 0;
  private sequence: number;
  /** Where `siftDown` leaves what it read ahead, which no one needs: without a use the reads would be optimised away. */
  protected readAhead = Number.NaN;

  /** `firstSequence` is for tests of what happens when the sequence numbers run out. */
  constructor(initialCapacity = 64, firstSequence = 0) {
    this.keys = new Float64Array(2 * initialCapacity + 16).fill(Number.POSITIVE_INFINITY);
    this.slots = new EventSlots(initialCapacity);
    this.sequence = firstSequence;
  }

  /** Events that are pending and not cancelled. */
  get size(): number {
    return this.end - ROOT - (this.rootVacant ? 1 : 0) - this.cancelled;
  }

  /**
   * Adds an event and returns a handle for `cancel`; handles are never reused.
   *
   * @throws SimulationError `bad-phase` outside 0 … {@link MAX_PHASE}, `overflow` beyond 2^24 pending events.
   */
  schedule(time: number, phase: number, kind: number, a: number, b: number): number {
    if (phase >>> 0 !== phase || phase > MAX_PHASE) refusePhase(phase);
    if (this.sequence === SEQUENCES) this.renumber();
    const slot = this.slots.take(kind, a, b);
    const rank = (phase * SEQUENCES + this.sequence++) * MAX_SLOTS + slot;
    if (this.rootVacant) {
      this.rootVacant = false;
      this.keys[2 * ROOT] = time;
      this.keys[2 * ROOT + 1] = rank;
      this.siftDown(ROOT);
    } else {
      const node = this.end++;
      if (2 * node + 8 > this.keys.length) this.growKeys();
      this.keys[2 * node] = time;
      this.keys[2 * node + 1] = rank;
      this.siftUp(node);
    }
    return this.slots.handle(slot);
  }

  /** Cancels a pending event. False when it has already run or been cancelled. */
  cancel(handle: number): boolean {
    if (!this.slots.cancel(handle)) return false;
    this.cancelled += 1;
    if (this.cancelled > COMPACTION_FLOOR && 2 * this.cancelled > this.end - ROOT) this.compact();
    return true;
  }

  /** Removes the first event and leaves it in `time`, `kind`, `a` and `b`. False when none is due by `limit`. */
  pop(limit = Number.POSITIVE_INFINITY): boolean {
    if (!this.surface()) return false;
    const time = this.keys[2 * ROOT]!;
    if (time > limit) return false;
    const slots = this.slots;
    const slot = slotOf(this.keys[2 * ROOT + 1]!);
    this.time = time;
    this.kind = slots.kind(slot);
    this.a = slots.a(slot);
    this.b = slots.b(slot);
    slots.release(slot);
    this.rootVacant = true;
    return true;
  }

  /** Time of the first pending event; ∞ when there is none. */
  peekTime(): number {
    return this.surface() ? this.keys[2 * ROOT]! : Number.POSITIVE_INFINITY;
  }

  /** Brings the first live event to the root; false when there is none. */
  private surface(): boolean {
    if (this.rootVacant) this.closeRoot();
    while (this.cancelled > 0 && this.end > ROOT) {
      const slot = slotOf(this.keys[2 * ROOT + 1]!);
      if (this.slots.isPending(slot)) return true;
      this.cancelled -= 1;
      this.slots.release(slot);
      this.closeRoot();
    }
    return this.end > ROOT;
  }

  /** Fills the vacant root with the last node. */
  private closeRoot(): void {
    const keys = this.keys;
    const last = --this.end;
    this.rootVacant = false;
    keys[2 * ROOT] = keys[2 * last]!;
    keys[2 * ROOT + 1] = keys[2 * last + 1]!;
    keys[2 * last] = Number.POSITIVE_INFINITY;
    keys[2 * last + 1] = Number.POSITIVE_INFINITY;
    this.siftDown(ROOT);
  }

  private siftUp(start: number): void {
    const keys = this.keys;
    const time = keys[2 * start]!;
    const rank = keys[2 * start + 1]!;
    let node = start;
    while (node > ROOT) {
      const parent = (node + 5) >> 2;
      const parentTime = keys[2 * parent]!;
      if (parentTime < time || (parentTime === time && keys[2 * parent + 1]! < rank)) break;
      keys[2 * node] = parentTime;
      keys[2 * node + 1] = keys[2 * parent + 1]!;
      node = parent;
    }
    keys[2 * node] = time;
    keys[2 * node + 1] = rank;
  }

  /**
   * The least of a family is found without branches, by arithmetic on the outcomes of comparisons, because no
   * processor can predict them; only equal times, which are rare or regular, branch to compare ranks. `| 0` after
   * each sum spares a check for overflow.
   */
  private siftDown(start: number): void {
    const keys = this.keys;
    const end = 2 * this.end;
    const time = keys[2 * start]!;
    const rank = keys[2 * start + 1]!;
    let readAhead = 0;
    // From here on, `node` and `child` are positions in keys: twice the number of the node.
    let node = 2 * start;
    for (let child = firstChild(node); child < end; child = firstChild(node)) {
      const ahead = firstChild(child); // of 16 grandchildren: four cache lines
      if (ahead > FAR && ahead + 24 < end) {
        readAhead += keys[ahead]! + keys[ahead + 8]! + keys[ahead + 16]! + keys[ahead + 24]!;
      }
      const t0 = keys[child]!;
      const t1 = keys[child + 2]!;
      const t2 = keys[child + 4]!;
      const t3 = keys[child + 6]!;
      const swap01 = t0 === t1 ? Number(keys[child + 3]! < keys[child + 1]!) : Number(t1 < t0);
      const swap23 = t2 === t3 ? Number(keys[child + 7]! < keys[child + 5]!) : Number(t3 < t2);
      const first = (child + ((swap01 | 0) << 1)) | 0;
      const second = (child + 4 + ((swap23 | 0) << 1)) | 0;
      const firstTime = keys[first]!;
      const secondTime = keys[second]!;
      const swap =
        firstTime === secondTime ? Number(keys[second + 1]! < keys[first + 1]!) : Number(secondTime < firstTime);
      const least = (first + (((second - first) | 0) & -(swap | 0))) | 0;
      const leastTime = keys[least]!;
      const leastRank = keys[least + 1]!;
      if (time < leastTime || (time === leastTime && rank < leastRank)) break;
      keys[node] = leastTime;
      keys[node + 1] = leastRank;
      node = least;
    }
    keys[node] = time;
    keys[node + 1] = rank;
    this.readAhead = readAhead;
  }

  private growKeys(): void {
    const keys = new Float64Array(2 * this.keys.length).fill(Number.POSITIVE_INFINITY);
    keys.set(this.keys);
    this.keys = keys;
  }

  /** Deals the sequence numbers of the pending events anew from 0, in their present order. */
  private renumber(): void {
    const { keys, end } = this;
    const ranks = new Float64Array(end - ROOT);
    for (let node = ROOT; node < end; node++) ranks[node - ROOT] = keys[2 * node + 1]!;
    ranks.sort();
    const renumbered = new Float64Array(this.slots.used);
    for (let i = 0; i < ranks.length; i++) {
      const slot = slotOf(ranks[i]!);
      const phase = Math.floor(ranks[i]! / (SEQUENCES * MAX_SLOTS));
      renumbered[slot] = (phase * SEQUENCES + i) * MAX_SLOTS + slot;
    }
    for (let node = ROOT; node < end; node++) keys[2 * node + 1] = renumbered[slotOf(keys[2 * node + 1]!)]!;
    this.sequence = ranks.length;
  }

  /** Sweeps out every cancelled entry and restores the heap bottom-up, in time linear in its size. */
  private compact(): void {
    if (this.rootVacant) this.closeRoot();
    const { keys, slots } = this;
    const oldEnd = this.end;
    let end = ROOT;
    for (let node = ROOT; node < oldEnd; node++) {
      const slot = slotOf(keys[2 * node + 1]!);
      if (slots.isPending(slot)) {
        keys[2 * end] = keys[2 * node]!;
        keys[2 * end + 1] = keys[2 * node + 1]!;
        end += 1;
      } else slots.release(slot);
    }
    keys.fill(Number.POSITIVE_INFINITY, 2 * end, 2 * oldEnd);
    this.end = end;
    this.cancelled = 0;
    for (let node = (end + 4) >> 2; node >= ROOT; node--) this.siftDown(node);
  }
}

/** Position in `keys` of the first of a node's four children, from the node's own position. */
function firstChild(position: number): number {
  return ((position << 2) - 10) | 0;
}

function refusePhase(phase: number): never {
  throw new SimulationError('bad-phase', `phase ${phase} is not in 0 … ${MAX_PHASE}`);
}

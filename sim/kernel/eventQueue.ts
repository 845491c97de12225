import { SimulationError } from './errors.ts';
import { FarEvents, type Move } from './farEvents.ts';
import { FIRST, heapify, PADDING, STAGE, siftDown, siftUp, withRoomFor } from './heap.ts';
import { FIRST_SEQUENCE, MAX_PHASE, renumberedBySlot, SEQUENCES, SLOTS, slotOf } from './rank.ts';

export { MAX_PHASE };

/** A handle is generation × 2^24 + slot, where a slot's generation counts the events it has served. */
const GENERATIONS = 2 ** 29;

/** Words of a slot: 16 bytes. A free slot's A is the next free slot. */
const GENERATION = 0;
const KIND = 1;
const A = 2;
const B = 3;

const CANCELLED = -1;
const NONE = -1;

/** Below this many cancelled entries, a sweep is not worth its pass over all of them. */
const SWEEP_FLOOR = 64;

export interface EventQueueOptions {
  /** Events expected to be pending at once. Default: 64. */
  readonly initialCapacity?: number;
  /** Events at which the heap sheds its later half. Default: 2^14, a quarter of a megabyte. */
  readonly heapLimit?: number;
  /** The first sequence number, for tests of what happens when they run out. */
  readonly firstSequence?: number;
}

/**
 * The pending events, ordered by (time, phase, sequence): events of equal time and phase leave in the order they came.
 *
 * Nothing is allocated per event: `pop` leaves the event in the fields `time`, `kind`, `a` and `b`, which hold until
 * the next `pop`. The near events are in a heap, the far ones in unsorted tiers. A cancelled event stays where it is
 * until it comes first or until the cancelled outnumber the live, when all of them are swept out. After a `pop` the
 * heap's first place and the event's slot are left vacant, because the usual next step is to schedule a successor,
 * which then takes them.
 *
 * Times are any finite numbers ≥ 0 and kinds any int32 ≥ 0; the queue does not check them, `Simulation` does.
 */
export class EventQueue {
  /** Of the last popped event; NaN and −1 before the first. */
  time = Number.NaN;
  kind = -1;
  a = 0;
  b = 0;

  /** The heap of the near events, from `FIRST` to `end`. */
  private keys: Float64Array;
  private end = FIRST;
  private readonly far = new FarEvents();
  private readonly heapLimit: number;
  /** Where the heap may end before it sheds; beyond the limit only when shedding was impossible. */
  private shedAt: number;

  private words: Int32Array;
  private slotCount = 0;
  private freeSlot = NONE;
  /** The slot of the popped event while the heap's first place is vacant; else NONE. */
  private vacantSlot = NONE;
  private cancelled = 0;
  private sequence: number;

  constructor(options: EventQueueOptions = {}) {
    const { initialCapacity = 64, heapLimit = 2 ** 14, firstSequence = FIRST_SEQUENCE } = options;
    const pairs = Math.min(initialCapacity, heapLimit);
    this.keys = new Float64Array(FIRST + 2 * pairs + PADDING).fill(Number.POSITIVE_INFINITY);
    this.heapLimit = heapLimit;
    this.shedAt = FIRST + 2 * heapLimit;
    this.words = new Int32Array(4 * Math.max(1, initialCapacity));
    this.sequence = firstSequence;
  }

  /** Events that are pending and not cancelled. */
  get size(): number {
    return ((this.end - FIRST) >> 1) + this.far.count - (this.vacantSlot >= 0 ? 1 : 0) - this.cancelled;
  }

  /**
   * Adds an event and returns a handle for `cancel`; handles are never reused.
   *
   * @throws SimulationError `bad-phase` outside 0 … {@link MAX_PHASE}, `overflow` beyond 2^24 pending events.
   */
  schedule(time: number, phase: number, kind: number, a: number, b: number): number {
    if (phase >>> 0 !== phase || phase > MAX_PHASE) refusePhase(phase);
    if (this.sequence === SEQUENCES) this.renumber();
    const vacantSlot = this.vacantSlot;
    const slot = vacantSlot >= 0 ? vacantSlot : this.takeSlot();
    const words = this.words;
    const word = slot << 2;
    const handle = words[word + GENERATION]! * SLOTS + slot;
    words[word + KIND] = kind;
    words[word + A] = a;
    words[word + B] = b;
    const keys = this.keys;
    keys[STAGE] = time;
    keys[STAGE + 1] = (phase * SEQUENCES + this.sequence++) * SLOTS + slot;
    if (time >= this.far.horizon) this.addFar();
    else if (vacantSlot >= 0) {
      this.vacantSlot = NONE;
      siftDown(keys, FIRST, this.end);
    } else this.addNear();
    return handle;
  }

  /** Cancels a pending event. False when it has already run or been cancelled. */
  cancel(handle: number): boolean {
    const slot = slotOf(handle);
    const word = slot << 2;
    if (!(handle >= 0 && slot < this.slotCount) || this.words[word + KIND]! < 0) return false;
    if (this.words[word + GENERATION]! * SLOTS + slot !== handle) return false;
    this.words[word + KIND] = CANCELLED;
    this.cancelled += 1;
    if (this.cancelled > SWEEP_FLOOR && this.cancelled > this.size) this.sweep();
    return true;
  }

  /** Removes the first event and leaves it in `time`, `kind`, `a` and `b`. False when none is due by `limit`. */
  pop(limit = Number.POSITIVE_INFINITY): boolean {
    if (!this.surface()) return false;
    const time = this.keys[FIRST]!;
    if (time > limit) return false;
    const slot = slotOf(this.keys[FIRST + 1]!);
    const words = this.words;
    const word = slot << 2;
    this.time = time;
    this.kind = words[word + KIND]!;
    this.a = words[word + A]!;
    this.b = words[word + B]!;
    this.vacantSlot = slot;
    const generation = words[word + GENERATION]! + 1;
    words[word + GENERATION] = generation;
    if (generation === GENERATIONS) this.fillVacancy();
    return true;
  }

  /** Time of the first pending event; ∞ when there is none. */
  peekTime(): number {
    return this.surface() ? this.keys[FIRST]! : Number.POSITIVE_INFINITY;
  }

  /** Brings the first live event to the heap's first place; false when there is none. */
  private surface(): boolean {
    if (this.vacantSlot >= 0) this.fillVacancy();
    return (this.cancelled === 0 && this.end > FIRST) || this.search();
  }

  private search(): boolean {
    for (;;) {
      if (this.end > FIRST) {
        const slot = slotOf(this.keys[FIRST + 1]!);
        if (this.words[(slot << 2) + KIND]! >= 0) return true;
        this.dropCancelled(slot);
        this.removeFirst();
      } else if (this.far.count > 0) this.refill();
      else return false;
    }
  }

  private addNear(): void {
    const position = this.end;
    this.end = position + 2;
    this.keys = withRoomFor(this.keys, this.end);
    siftUp(this.keys, position);
    if (this.end > this.shedAt) this.shed();
  }

  private addFar(): void {
    this.far.add(this.keys);
    if (this.vacantSlot < 0) return;
    this.vacantSlot = NONE;
    this.removeFirst();
  }

  private fillVacancy(): void {
    this.freeUp(this.vacantSlot);
    this.vacantSlot = NONE;
    this.removeFirst();
  }

  private removeFirst(): void {
    const keys = this.keys;
    const last = this.end - 2;
    this.end = last;
    keys[STAGE] = keys[last]!;
    keys[STAGE + 1] = keys[last + 1]!;
    keys[last] = Number.POSITIVE_INFINITY;
    keys[last + 1] = Number.POSITIVE_INFINITY;
    if (last > FIRST) siftDown(keys, FIRST, last);
  }

  /** Hands the later half of the heap to the far events, if it has halves. */
  private shed(): void {
    const kept = this.far.relieve(this.keys, this.end);
    this.shedAt = kept < this.end ? FIRST + 2 * this.heapLimit : 2 * this.end;
    this.settle(kept);
  }

  /** Takes the nearest of the far events into the empty heap. */
  private refill(): void {
    const count = this.far.narrow(this.heapLimit >> 1);
    this.keys = withRoomFor(this.keys, FIRST + 2 * count);
    this.settle(this.far.surrender(this.keys, this.moveLive));
    this.shedAt = Math.max(FIRST + 2 * this.heapLimit, 2 * this.end);
  }

  /** Makes a heap of the pairs up to `end`. */
  private settle(end: number): void {
    if (end < this.end) this.keys.fill(Number.POSITIVE_INFINITY, end, this.end);
    this.end = end;
    heapify(this.keys, end);
  }

  /** Drops every cancelled entry, in time linear in the number of all. */
  private sweep(): void {
    if (this.vacantSlot >= 0) this.fillVacancy();
    this.far.sweep(this.moveLive);
    this.settle(this.moveLive(this.keys.subarray(FIRST), this.end - FIRST, this.keys, FIRST));
  }

  private readonly moveLive: Move = (from, end, to, toStart) => {
    let toEnd = toStart;
    for (let position = 0; position < end; position += 2) {
      const rank = from[position + 1]!;
      const slot = slotOf(rank);
      if (this.words[(slot << 2) + KIND]! >= 0) {
        to[toEnd] = from[position]!;
        to[toEnd + 1] = rank;
        toEnd += 2;
      } else this.dropCancelled(slot);
    }
    return toEnd;
  };

  private dropCancelled(slot: number): void {
    this.words[(slot << 2) + GENERATION]! += 1;
    this.cancelled -= 1;
    this.freeUp(slot);
  }

  /** Puts a slot up for use again, unless its generations are used up. */
  private freeUp(slot: number): void {
    const word = slot << 2;
    if (this.words[word + GENERATION] === GENERATIONS) return;
    this.words[word + A] = this.freeSlot;
    this.freeSlot = slot;
  }

  private takeSlot(): number {
    const free = this.freeSlot;
    if (free >= 0) {
      this.freeSlot = this.words[(free << 2) + A]!;
      return free;
    }
    const slot = this.slotCount;
    if (slot === SLOTS) throw new SimulationError('overflow', 'more than 2^24 events are pending');
    if (slot << 2 === this.words.length) {
      const words = new Int32Array(2 * this.words.length);
      words.set(this.words);
      this.words = words;
    }
    this.slotCount = slot + 1;
    return slot;
  }

  /** Deals the sequence numbers of the pending events anew from 0, in their present order. */
  private renumber(): void {
    const ranks: number[] = [];
    const collect: Move = (from, end) => {
      for (let at = 1; at < end; at += 2) ranks.push(from[at]!);
      return end;
    };
    const near = this.keys.subarray(FIRST, this.end);
    collect(near, near.length, near, 0);
    this.far.sweep(collect);
    const renumbered = renumberedBySlot(ranks, this.slotCount);
    const replace: Move = (from, end) => {
      for (let at = 1; at < end; at += 2) from[at] = renumbered[slotOf(from[at]!)]!;
      return end;
    };
    replace(near, near.length, near, 0);
    this.far.sweep(replace);
    this.sequence = FIRST_SEQUENCE + ranks.length;
  }
}

function refusePhase(phase: number): never {
  throw new SimulationError('bad-phase', `phase ${phase} is not in 0 … ${MAX_PHASE}`);
}

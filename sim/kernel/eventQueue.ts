import { SimulationError } from './errors.ts';
import { EventHeap, FIRST, STAGE } from './eventHeap.ts';
import { EventSlots, MAX_SLOTS, slotOf } from './eventSlots.ts';
import { FarEvents, moveLive } from './farEvents.ts';

/** Phases order events of one instant: every event of phase 0 runs before any of phase 1, and so on. */
export const MAX_PHASE = 7;

/**
 * Ties of time are decided by one comparison of ranks: (phase × 2^26 + sequence) × 2^24 + slot, a whole number below
 * 2^53. After 2^26 events the sequence numbers of the pending ones are dealt anew.
 */
const SEQUENCES = 2 ** 26;

/** Below this many cancelled entries, a sweep is not worth its pass over all of them. */
const SWEEP_FLOOR = 64;

export interface EventQueueOptions {
  /** Events expected to be pending at once. Default: 64. */
  readonly initialCapacity?: number;
  /** Events at which the heap sheds its later half. Default: 2^14, a quarter of a megabyte. */
  readonly heapLimit?: number;
  /** The first sequence number, for tests of what happens when they run out. Default: 0. */
  readonly firstSequence?: number;
}

/**
 * The pending events, ordered by (time, phase, sequence): events of equal time and phase leave in the order they came.
 *
 * Nothing is allocated per event: `pop` leaves the event in the fields `time`, `kind`, `a` and `b`, which hold until
 * the next `pop`. The near events are in a heap, the far ones in unsorted tiers. A cancelled event stays where it is
 * until it comes first or until the cancelled outnumber the live, when all of them are swept out. After a `pop` the
 * heap's first place is left vacant, because the usual next step is to schedule a successor, which then takes it.
 *
 * Times are any finite numbers ≥ 0 and kinds any int32 ≥ 0; the queue does not check them, `Simulation` does.
 */
export class EventQueue {
  /** Of the last popped event; NaN and −1 before the first. */
  time = Number.NaN;
  kind = -1;
  a = 0;
  b = 0;

  private readonly heap: EventHeap;
  private readonly slots: EventSlots;
  private readonly far = new FarEvents();
  private firstVacant = false;
  private cancelled = 0;
  private sequence: number;
  private readonly heapLimit: number;
  /** Position in the heap at which to shed; beyond the limit only where shedding was impossible. */
  private shedAt: number;

  constructor(options: EventQueueOptions = {}) {
    const { initialCapacity = 64, heapLimit = 2 ** 14, firstSequence = 0 } = options;
    this.heap = new EventHeap(Math.min(initialCapacity, heapLimit));
    this.slots = new EventSlots(initialCapacity);
    this.sequence = firstSequence;
    this.heapLimit = heapLimit;
    this.shedAt = FIRST + 2 * heapLimit;
  }

  /** Events that are pending and not cancelled. */
  get size(): number {
    return this.heap.count + this.far.count - (this.firstVacant ? 1 : 0) - this.cancelled;
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
    const keys = this.heap.keys;
    keys[STAGE] = time;
    keys[STAGE + 1] = (phase * SEQUENCES + this.sequence++) * MAX_SLOTS + slot;
    this.place();
    return this.slots.handle(slot);
  }

  /** Cancels a pending event. False when it has already run or been cancelled. */
  cancel(handle: number): boolean {
    if (!this.slots.cancel(handle)) return false;
    this.cancelled += 1;
    if (this.cancelled > SWEEP_FLOOR && this.cancelled > this.size) this.sweep();
    return true;
  }

  /** Removes the first event and leaves it in `time`, `kind`, `a` and `b`. False when none is due by `limit`. */
  pop(limit = Number.POSITIVE_INFINITY): boolean {
    if (!this.surface()) return false;
    const keys = this.heap.keys;
    const time = keys[FIRST]!;
    if (time > limit) return false;
    const slots = this.slots;
    const slot = slotOf(keys[FIRST + 1]!);
    this.time = time;
    this.kind = slots.kind(slot);
    this.a = slots.a(slot);
    this.b = slots.b(slot);
    slots.release(slot);
    this.firstVacant = true;
    return true;
  }

  /** Time of the first pending event; ∞ when there is none. */
  peekTime(): number {
    return this.surface() ? this.heap.keys[FIRST]! : Number.POSITIVE_INFINITY;
  }

  /** Adds the staged pair to the heap or to the far events. */
  private place(): void {
    if (this.heap.keys[STAGE]! >= this.far.horizon) this.far.add(this.heap.keys);
    else if (this.firstVacant) {
      this.firstVacant = false;
      this.heap.replaceFirst();
    } else {
      this.heap.add();
      if (this.heap.end > this.shedAt) this.shed();
    }
  }

  /** Brings the first live event to the heap's first place; false when there is none. */
  private surface(): boolean {
    if (this.firstVacant) this.fillVacancy();
    return (this.cancelled === 0 && this.heap.end > FIRST) || this.search();
  }

  private fillVacancy(): void {
    this.firstVacant = false;
    this.heap.removeFirst();
  }

  private search(): boolean {
    for (;;) {
      if (this.heap.end === FIRST) {
        if (this.far.count === 0) return false;
        this.cancelled -= this.far.refill(this.heap, this.heapLimit >> 1, this.slots);
        this.shedAt = Math.max(FIRST + 2 * this.heapLimit, 2 * this.heap.end);
      } else {
        const slot = slotOf(this.heap.keys[FIRST + 1]!);
        if (this.slots.isPending(slot)) return true;
        this.cancelled -= 1;
        this.slots.release(slot);
        this.heap.removeFirst();
      }
    }
  }

  private shed(): void {
    const relieved = this.far.relieve(this.heap);
    this.shedAt = relieved ? FIRST + 2 * this.heapLimit : 2 * this.heap.end;
  }

  /** Drops every cancelled entry, in time linear in the number of all. */
  private sweep(): void {
    if (this.firstVacant) this.fillVacancy();
    const keys = this.heap.keys;
    this.heap.rebuild(moveLive(keys, FIRST, this.heap.end, keys, FIRST, this.slots));
    this.far.sweep(this.slots);
    this.cancelled = 0;
  }

  /** Deals the sequence numbers of the pending events anew from 0, in their present order. */
  private renumber(): void {
    if (this.firstVacant) this.fillVacancy();
    const { heap, far } = this;
    const ranks = new Float64Array(heap.count + far.count);
    let count = 0;
    const collect = (keys: Float64Array, start: number, end: number): void => {
      for (let position = start; position < end; position += 2) ranks[count++] = keys[position + 1]!;
    };
    collect(heap.keys, FIRST, heap.end);
    far.forEachTier((keys, end) => collect(keys, 0, end));
    ranks.sort();
    const renumbered = new Float64Array(this.slots.used);
    for (let i = 0; i < count; i++) {
      const slot = slotOf(ranks[i]!);
      const phase = Math.floor(ranks[i]! / (SEQUENCES * MAX_SLOTS));
      renumbered[slot] = (phase * SEQUENCES + i) * MAX_SLOTS + slot;
    }
    const replace = (keys: Float64Array, start: number, end: number): void => {
      for (let at = start + 1; at < end; at += 2) keys[at] = renumbered[slotOf(keys[at]!)]!;
    };
    replace(heap.keys, FIRST, heap.end);
    far.forEachTier((keys, end) => replace(keys, 0, end));
    this.sequence = count;
  }
}

function refusePhase(phase: number): never {
  throw new SimulationError('bad-phase', `phase ${phase} is not in 0 … ${MAX_PHASE}`);
}

import { SimulationError } from './errors.ts';

/** Phases order events of one instant: every event of phase 0 runs before any of phase 1, and so on. */
export const MAX_PHASE = 31;

/** 2^48: a rank is `phase × 2^48 + sequence`, so one float64 comparison decides all ties of time. */
const SEQUENCES_PER_PHASE = 2 ** 48;

/** 2^26: a handle is `generation × 2^26 + slot`. At most 2^26 events can be pending at once. */
const SLOTS = 2 ** 26;
const LAST_GENERATION = 2 ** 26;

/**
 * The heap's root. With the root at 3, the children of node i are 4i − 8 … 4i − 5: every family starts at a multiple
 * of four, so its four (time, rank) pairs are 64 consecutive bytes.
 */
const ROOT = 3;

/** Words of a slot: 16 bytes, so a slot never straddles two cache lines. A free slot's A is the next free slot. */
const GENERATION = 0;
const KIND = 1;
const A = 2;
const B = 3;

const CANCELLED = -1;
const NONE = -1;

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
  /** Slot of node i. */
  private nodes: Int32Array;
  /** The next unused node. */
  private end = ROOT;
  private rootVacant = false;
  private slots: Int32Array;
  private slotCount = 0;
  private freeSlot = NONE;
  private cancelled = 0;
  private sequence = Number.NaN;

  constructor(initialCapacity = 64) {
    const capacity = Math.max(8, 4 * Math.ceil((initialCapacity + ROOT) / 4));
    this.keys = new Float64Array(2 * capacity).fill(Number.POSITIVE_INFINITY);
    this.nodes = new Int32Array(capacity);
    this.slots = new Int32Array(4 * capacity);
    this.sequence = 0;
  }

  /** Events that are pending and not cancelled. */
  get size(): number {
    return this.end - ROOT - (this.rootVacant ? 1 : 0) - this.cancelled;
  }

  /**
   * Adds an event and returns a handle for `cancel`; handles are never reused.
   *
   * @throws SimulationError `bad-phase` outside 0 … {@link MAX_PHASE}, `overflow` beyond 2^26 pending events.
   */
  schedule(time: number, phase: number, kind: number, a: number, b: number): number {
    if (phase >>> 0 !== phase || phase > MAX_PHASE)
      throw new SimulationError('bad-phase', `phase ${phase} is not in 0 … ${MAX_PHASE}`);
    const slot = this.freeSlot === NONE ? this.newSlot() : this.freeSlot;
    const slots = this.slots;
    const word = slot << 2;
    const generation = slots[word + GENERATION]!;
    this.freeSlot = slots[word + A]!;
    slots[word + KIND] = kind;
    slots[word + A] = a;
    slots[word + B] = b;
    const rank = phase * SEQUENCES_PER_PHASE + this.sequence;
    this.sequence += 1;
    if (this.rootVacant) {
      this.rootVacant = false;
      this.siftDown(ROOT, time, rank, slot);
    } else {
      if (this.end === this.nodes.length) this.growHeap();
      this.siftUp(this.end++, time, rank, slot);
    }
    return generation * SLOTS + slot;
  }

  /** Cancels a pending event. False when it has already run or been cancelled. */
  cancel(handle: number): boolean {
    const generation = Math.floor(handle / SLOTS);
    const slot = handle - generation * SLOTS;
    if (!(slot < this.slotCount)) return false;
    const word = slot << 2;
    if (this.slots[word + GENERATION] !== generation || this.slots[word + KIND]! < 0) return false;
    this.slots[word + KIND] = CANCELLED;
    this.cancelled += 1;
    if (this.cancelled > COMPACTION_FLOOR && 2 * this.cancelled > this.end - ROOT) this.compact();
    return true;
  }

  /** Removes the first event and leaves it in `time`, `kind`, `a` and `b`. False when nothing is pending. */
  pop(): boolean {
    if (!this.surface()) return false;
    const slot = this.nodes[ROOT]!;
    const word = slot << 2;
    this.time = this.keys[2 * ROOT]!;
    this.kind = this.slots[word + KIND]!;
    this.a = this.slots[word + A]!;
    this.b = this.slots[word + B]!;
    this.release(slot);
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
    while (this.end > ROOT) {
      const slot = this.nodes[ROOT]!;
      if (this.slots[(slot << 2) + KIND]! >= 0) return true;
      this.cancelled -= 1;
      this.release(slot);
      this.closeRoot();
    }
    return false;
  }

  /** Fills the vacant root with the last node. */
  private closeRoot(): void {
    this.rootVacant = false;
    const last = --this.end;
    const keys = this.keys;
    const time = keys[2 * last]!;
    const rank = keys[2 * last + 1]!;
    keys[2 * last] = Number.POSITIVE_INFINITY;
    keys[2 * last + 1] = Number.POSITIVE_INFINITY;
    if (last > ROOT) this.siftDown(ROOT, time, rank, this.nodes[last]!);
  }

  private siftUp(start: number, time: number, rank: number, slot: number): void {
    const keys = this.keys;
    const nodes = this.nodes;
    let node = start;
    while (node > ROOT) {
      const parent = (node >> 2) + 2;
      const parentTime = keys[2 * parent]!;
      if (parentTime < time || (parentTime === time && keys[2 * parent + 1]! < rank)) break;
      keys[2 * node] = parentTime;
      keys[2 * node + 1] = keys[2 * parent + 1]!;
      nodes[node] = nodes[parent]!;
      node = parent;
    }
    keys[2 * node] = time;
    keys[2 * node + 1] = rank;
    nodes[node] = slot;
  }

  private siftDown(start: number, time: number, rank: number, slot: number): void {
    const keys = this.keys;
    const nodes = this.nodes;
    const end = this.end;
    let node = start;
    for (let child = 4 * node - 8; child < end; child = 4 * node - 8) {
      let least = child;
      let leastTime = keys[2 * child]!;
      for (let other = child + 1; other < child + 4; other++) {
        const otherTime = keys[2 * other]!;
        if (otherTime < leastTime || (otherTime === leastTime && keys[2 * other + 1]! < keys[2 * least + 1]!)) {
          least = other;
          leastTime = otherTime;
        }
      }
      if (time < leastTime || (time === leastTime && rank < keys[2 * least + 1]!)) break;
      keys[2 * node] = leastTime;
      keys[2 * node + 1] = keys[2 * least + 1]!;
      nodes[node] = nodes[least]!;
      node = least;
    }
    keys[2 * node] = time;
    keys[2 * node + 1] = rank;
    nodes[node] = slot;
  }

  /** Ends the life of a slot's handle and frees the slot, or retires it when its generations are used up. */
  private release(slot: number): void {
    const word = slot << 2;
    const slots = this.slots;
    const generation = slots[word + GENERATION]! + 1;
    slots[word + GENERATION] = generation;
    slots[word + KIND] = CANCELLED;
    if (generation === LAST_GENERATION) return;
    slots[word + A] = this.freeSlot;
    this.freeSlot = slot;
  }

  private newSlot(): number {
    const slot = this.slotCount;
    if (slot === SLOTS) throw new SimulationError('overflow', 'more than 2^26 events are pending');
    if (slot << 2 === this.slots.length) {
      const slots = new Int32Array(2 * this.slots.length);
      slots.set(this.slots);
      this.slots = slots;
    }
    this.slots[(slot << 2) + A] = NONE;
    this.slotCount = slot + 1;
    return slot;
  }

  private growHeap(): void {
    const capacity = 2 * this.nodes.length;
    const keys = new Float64Array(2 * capacity).fill(Number.POSITIVE_INFINITY);
    keys.set(this.keys);
    this.keys = keys;
    const nodes = new Int32Array(capacity);
    nodes.set(this.nodes);
    this.nodes = nodes;
  }

  /** Sweeps out every cancelled entry and restores the heap bottom-up, in time linear in its size. */
  private compact(): void {
    if (this.rootVacant) this.closeRoot();
    const { keys, nodes, slots } = this;
    const oldEnd = this.end;
    let end = ROOT;
    for (let node = ROOT; node < oldEnd; node++) {
      const slot = nodes[node]!;
      if (slots[(slot << 2) + KIND]! < 0) {
        this.release(slot);
        continue;
      }
      keys[2 * end] = keys[2 * node]!;
      keys[2 * end + 1] = keys[2 * node + 1]!;
      nodes[end++] = slot;
    }
    keys.fill(Number.POSITIVE_INFINITY, 2 * end, 2 * oldEnd);
    this.end = end;
    this.cancelled = 0;
    for (let node = ((end - 1) >> 2) + 2; node >= ROOT; node--) {
      this.siftDown(node, keys[2 * node]!, keys[2 * node + 1]!, nodes[node]!);
    }
  }
}

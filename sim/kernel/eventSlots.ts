import { SimulationError } from './errors.ts';

/** At most this many events are pending at once. */
export const MAX_SLOTS = 2 ** 24;

/** Words of a slot: 16 bytes. A free slot's A is the next free slot. */
const GENERATION = 0;
const KIND = 1;
const A = 2;
const B = 3;
const LAST_GENERATION = 2 ** 29;

const NOT_PENDING = -1;
const NONE = -1;

/**
 * What the pending events carry: a kind and two int32 words each, in slots that are used again. A handle is
 * generation × 2^24 + slot, where a slot's generation counts the events it has served: no handle ever names two events.
 */
export class EventSlots {
  private words: Int32Array;
  private count = 0;
  private free = NONE;

  constructor(initialCapacity: number) {
    this.words = new Int32Array(4 * Math.max(1, initialCapacity));
  }

  /** Slots ever used: an upper bound of every slot number. */
  get used(): number {
    return this.count;
  }

  /** Takes a slot for a new event. Throws SimulationError `overflow` when all 2^24 are taken. */
  take(kind: number, a: number, b: number): number {
    const slot = this.free === NONE ? this.add() : this.free;
    const words = this.words;
    const word = slot << 2;
    this.free = words[word + A]!;
    words[word + KIND] = kind;
    words[word + A] = a;
    words[word + B] = b;
    return slot;
  }

  /** Ends the life of a slot's handle and frees the slot, or retires it when its generations are used up. */
  release(slot: number): void {
    const words = this.words;
    const word = slot << 2;
    const generation = words[word + GENERATION]! + 1;
    words[word + GENERATION] = generation;
    words[word + KIND] = NOT_PENDING;
    if (generation === LAST_GENERATION) return;
    words[word + A] = this.free;
    this.free = slot;
  }

  handle(slot: number): number {
    return this.words[(slot << 2) + GENERATION]! * MAX_SLOTS + slot;
  }

  kind(slot: number): number {
    return this.words[(slot << 2) + KIND]!;
  }

  a(slot: number): number {
    return this.words[(slot << 2) + A]!;
  }

  b(slot: number): number {
    return this.words[(slot << 2) + B]!;
  }

  /** False once the event was cancelled. */
  isPending(slot: number): boolean {
    return this.words[(slot << 2) + KIND]! >= 0;
  }

  /** Marks the event of a handle as cancelled; its slot stays taken. False when it has run or been cancelled. */
  cancel(handle: number): boolean {
    const slot = slotOf(handle);
    if (!(handle >= 0 && slot < this.count && this.isPending(slot) && this.handle(slot) === handle)) return false;
    this.words[(slot << 2) + KIND] = NOT_PENDING;
    return true;
  }

  private add(): number {
    const slot = this.count;
    if (slot === MAX_SLOTS) throw new SimulationError('overflow', 'more than 2^24 events are pending');
    if (slot << 2 === this.words.length) {
      const words = new Int32Array(2 * this.words.length);
      words.set(this.words);
      this.words = words;
    }
    this.words[(slot << 2) + A] = NONE;
    this.count = slot + 1;
    return slot;
  }
}

/** The slot in the low 24 bits of a whole number below 2^53: a handle, or a rank of the event queue. */
export function slotOf(whole: number): number {
  return (whole - Math.floor(whole / MAX_SLOTS) * MAX_SLOTS) | 0;
}

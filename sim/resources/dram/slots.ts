/** Slots that are told apart: far more than lie between the first and the last that anybody waits for. */
const SLOTS = 8192;
const MASK = SLOTS - 1;
const NOBODY = -1;

/**
 * Slots of equal length on something that does one thing at a time, such as the pins of a channel: who comes takes the
 * first free one from a time on, also before one that was taken earlier. In each refresh interval it rests at first.
 *
 * Two of one group, as accesses to one bank group, lie at least `apart` slots from each other.
 */
export class Slots {
  private readonly slotNs: number;
  private readonly apart: number;
  private readonly restNs: number;
  private readonly intervalNs: number;
  private readonly offsetNs: number;
  private readonly taken = new Float64Array(SLOTS).fill(NOBODY);
  private readonly groups = new Int32Array(SLOTS);
  /** Of a taken slot: one behind it with none free between. */
  private readonly behind = new Float64Array(SLOTS);

  constructor(slotNs: number, apartNs: number, rest: { restNs: number; intervalNs: number; offsetNs: number }) {
    this.slotNs = slotNs;
    this.apart = Math.ceil(apartNs / slotNs - 1e-9);
    this.restNs = rest.restNs;
    this.intervalNs = rest.intervalNs;
    this.offsetNs = rest.offsetNs;
  }

  /** Takes the first free slot that begins at a time or later, and returns its beginning. */
  take(fromNs: number, group: number): number {
    let slot = this.slotFrom(fromNs);
    for (let next = this.after(slot, group); next !== slot; next = this.after(slot, group)) {
      slot = this.slotFrom(next * this.slotNs);
    }
    this.taken[slot & MASK] = slot;
    this.groups[slot & MASK] = group;
    this.behind[slot & MASK] = slot + 1;
    return slot * this.slotNs;
  }

  private slotFrom(timeNs: number): number {
    return Math.ceil(this.awake(timeNs) / this.slotNs - 1e-9);
  }

  /** The slot itself where it can be taken, else the first that what is in its way allows. */
  private after(slot: number, group: number): number {
    if (this.isOf(slot, group)) return Math.max(slot + this.apart, this.free(slot));
    if (this.taken[slot & MASK] === slot) return this.free(slot);
    for (let by = this.apart - 1; by > 0; by--) if (this.isOf(slot + by, group)) return slot + by + this.apart;
    for (let by = 1; by < this.apart; by++) if (this.isOf(slot - by, group)) return slot - by + this.apart;
    return slot;
  }

  /** The first slot that is not taken from one that is; the way there is shortened for those who come next. */
  private free(slot: number): number {
    const { taken, behind } = this;
    let end = behind[slot & MASK]!;
    while (taken[end & MASK] === end) end = behind[end & MASK]!;
    for (let at = slot; at !== end && taken[at & MASK] === at; ) {
      const next = behind[at & MASK]!;
      behind[at & MASK] = end;
      at = next;
    }
    return end;
  }

  private isOf(slot: number, group: number): boolean {
    return slot >= 0 && this.taken[slot & MASK] === slot && this.groups[slot & MASK] === group;
  }

  /** The time itself, or the end of the refresh that it falls into. */
  awake(timeNs: number): number {
    const since = (timeNs - this.offsetNs) % this.intervalNs;
    return since >= 0 && since < this.restNs ? timeNs - since + this.restNs : timeNs;
  }
}

/** How much of an op list a copy may overlap, in times of its own length. */
export interface OverlapRatios {
  readonly min: number;
  readonly preferred: number;
  /** In times of the copy of the whole fast memory. */
  readonly max: number;
}

/** XLA's defaults differ by target; these are the ones its tests of the picker use. */
export const DEFAULT_RATIOS: OverlapRatios = { min: 1, preferred: 2, max: 4 };

/** Candidates still tried on the early side once the late side is used up. */
const MOST_EARLY = 100;

/**
 * When copies may begin: after the op of that number, to be done before the op of the use (openxla/xla,
 * memory_space_assignment/prefetch_interval_picker.cc).
 */
export class IntervalPicker {
  private readonly ratios: OverlapRatios;
  private readonly memory_s: number;
  private readonly nest: readonly number[];
  private readonly before_s: Float64Array;

  /**
   * @param op_s seconds of each op, all its runs together
   * @param nest loops around each op
   * @param memory_s seconds of copying the whole fast memory
   */
  constructor(op_s: readonly number[], nest: readonly number[], memory_s: number, ratios = DEFAULT_RATIOS) {
    this.ratios = ratios;
    this.memory_s = memory_s;
    this.nest = nest;
    this.before_s = new Float64Array(op_s.length + 1);
    op_s.forEach((seconds, i) => {
      this.before_s[i + 1] = this.before_s[i]! + seconds;
    });
  }

  /** Seconds of the ops after `start` and before `use`. */
  overlap(start: number, use: number): number {
    return Math.max(this.before_s[use]! - this.before_s[Math.min(start + 1, use)]!, 0);
  }

  /** The latest op after which a copy may begin, or null. `saved_s` is what the use itself waits less for. */
  latest(copy_s: number, from: number, use: number, saved_s = 0): number | null {
    for (let start = use - 1; start >= from; start--) {
      if (this.level(start, use) && this.overlap(start, use) + saved_s >= this.ratios.min * copy_s) return start;
    }
    return null;
  }

  /** Starts to try, best first: the one nearest the preferred overlap, then later and earlier ones in turn. */
  candidates(copy_s: number, from: number, use: number, saved_s = 0): number[] {
    const last = this.latest(copy_s, from, use, saved_s);
    if (last === null) return [];
    const starts: number[] = [];
    for (let start = from; start <= last; start++) {
      if (this.level(start, use) && this.overlap(start, use) <= this.ratios.max * this.memory_s) starts.push(start);
    }
    // Where a long op leaves no start between the limits, the latest one stands.
    if (starts.length === 0) return [last];
    const wanted = this.ratios.preferred * copy_s;
    const off = (start: number): number => Math.abs(this.overlap(start, use) - wanted);
    const best = starts.reduce((a, b, i) => (off(b) < off(starts[a]!) ? i : a), 0);
    const order = [starts[best]!];
    let [late, early] = [best + 1, best - 1];
    for (let more = MOST_EARLY; late < starts.length || (early >= 0 && more > 0); ) {
      if (late < starts.length) order.push(starts[late++]!);
      else more--;
      if (early >= 0) order.push(starts[early--]!);
    }
    return order;
  }

  private level(start: number, use: number): boolean {
    return (this.nest[start] ?? 0) === (this.nest[use] ?? 0);
  }
}

import { demand, SimulationError } from './errors.ts';

/**
 * A quantity that holds a value until it is set to another: queue length, occupied bytes, power. Times are in
 * nanoseconds and must not fall; the integral is in (unit of the value) × ns.
 *
 * @example
 * const used = new TimeWeighted(0, 0);
 * used.set(10, 4);
 * used.mean(20); // 2: zero for ten nanoseconds, four for ten
 */
export class TimeWeighted {
  /** The value now. */
  value: number;
  /** The greatest and the least value held so far, the first one included, even for no time at all. */
  max: number;
  min: number;
  private readonly startNs: number;
  private sinceNs: number;
  private area = 0;

  constructor(startNs: number, value: number) {
    this.startNs = startNs;
    this.sinceNs = startNs;
    this.value = value;
    this.max = value;
    this.min = value;
  }

  /** From `timeNs` on, the value is `value`. */
  set(timeNs: number, value: number): void {
    this.area = this.integral(timeNs);
    this.sinceNs = timeNs;
    this.value = value;
    if (value > this.max) this.max = value;
    if (value < this.min) this.min = value;
  }

  /** From `timeNs` on, the value is `change` more. */
  add(timeNs: number, change: number): void {
    this.set(timeNs, this.value + change);
  }

  /** Integral of the value from the start to `timeNs`. Throws SimulationError `past` before the last change. */
  integral(timeNs: number): number {
    refuseReturn(timeNs, this.sinceNs);
    return this.area + this.value * (timeNs - this.sinceNs);
  }

  /** Mean value from the start to `timeNs`; at the start itself, the value. */
  mean(timeNs: number): number {
    return timeNs === this.startNs ? this.value : this.integral(timeNs) / (timeNs - this.startNs);
  }
}

/** Count, mean and variance of observations, by Welford's update (Knuth, TAOCP 2, 4.2.2), which does not cancel. */
export class Tally {
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** Sum of the observations. */
  sum = 0;
  private centre = 0;
  private squares = 0;

  /** Adds a finite observation. */
  add(value: number): void {
    demand(Number.isFinite(value), `an observation of ${value} is not finite`);
    this.count += 1;
    this.sum += value;
    const before = value - this.centre;
    this.centre += before / this.count;
    this.squares += before * (value - this.centre);
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  /** NaN without observations. */
  get mean(): number {
    return this.count === 0 ? Number.NaN : this.centre;
  }

  /** Unbiased (n − 1); NaN below two observations. */
  get variance(): number {
    return this.count < 2 ? Number.NaN : this.squares / (this.count - 1);
  }

  /** Square root of the variance. */
  get sd(): number {
    return Math.sqrt(this.variance);
  }
}

/**
 * Time during which at least one of several overlapping activities is on: the length of the union of their intervals.
 * Times are in nanoseconds and must not fall.
 */
export class BusyTracker {
  /** Activities that are on. */
  active = 0;
  private sinceNs = 0;
  private lastNs = 0;
  private doneNs = 0;

  /** One more activity is on from `timeNs`. */
  begin(timeNs: number): void {
    this.advance(timeNs);
    if (this.active === 0) this.sinceNs = timeNs;
    this.active += 1;
  }

  /** One activity is off from `timeNs`. Throws SimulationError `unbalanced` when none is on. */
  end(timeNs: number): void {
    if (this.active === 0) throw new SimulationError('unbalanced', 'an activity ended, but none is on');
    this.advance(timeNs);
    this.active -= 1;
    if (this.active === 0) this.doneNs += timeNs - this.sinceNs;
  }

  /** Busy nanoseconds up to `timeNs`. */
  busyNs(timeNs: number): number {
    refuseReturn(timeNs, this.lastNs);
    return this.active === 0 ? this.doneNs : this.doneNs + timeNs - this.sinceNs;
  }

  private advance(timeNs: number): void {
    refuseReturn(timeNs, this.lastNs);
    this.lastNs = timeNs;
  }
}

function refuseReturn(timeNs: number, lastNs: number): void {
  if (!(timeNs >= lastNs))
    throw new SimulationError('past', `statistics cannot return to ${timeNs} ns from ${lastNs} ns`);
}

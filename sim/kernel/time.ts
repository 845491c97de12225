import { SimulationError } from './errors.ts';

/** The last instant the clock can show: 2^53 − 1 ns, 104 days. Up to here a float64 counts every nanosecond. */
export const MAX_TIME_NS = Number.MAX_SAFE_INTEGER;

/** Relative error that a few float64 operations may leave on a duration; see {@link ceilNs}. */
const ROUNDING_SLACK = 2 ** -48;

/**
 * Rounds a real-valued duration in nanoseconds up to the clock's tick: work is never done before it is done.
 * A value within 2^-48 (relative) of a whole number is that number, so that 61 ns computed as 61e-9 × 1e9 =
 * 61.00000000000001 stays 61 ns, and a last-bit difference between machines does not become a tick.
 *
 * @throws SimulationError `bad-argument` for a negative or NaN duration, `overflow` beyond {@link MAX_TIME_NS}.
 */
export function ceilNs(durationNs: number): number {
  if (!(durationNs >= 0)) throw new SimulationError('bad-argument', `a duration of ${durationNs} ns is not ≥ 0`);
  if (durationNs > MAX_TIME_NS)
    throw new SimulationError('overflow', `a duration of ${durationNs} ns exceeds 2^53 − 1`);
  const nearest = Math.round(durationNs);
  return Math.abs(durationNs - nearest) <= durationNs * ROUNDING_SLACK ? nearest : Math.ceil(durationNs);
}

/** Seconds to whole nanoseconds, rounded up as {@link ceilNs} does. */
export function nsFromSeconds(durationS: number): number {
  return ceilNs(durationS * 1e9);
}

/** Nanoseconds to seconds, the unit of every reported metric. */
export function secondsFromNs(timeNs: number): number {
  return timeNs / 1e9;
}

import { demand } from './errors.ts';
import { Tally } from './statistics.ts';

/** A mean and its two-sided confidence interval [mean − halfWidth, mean + halfWidth]. */
export interface Interval {
  readonly mean: number;
  readonly halfWidth: number;
  /** Independent observations behind it. */
  readonly count: number;
}

/**
 * Student-t interval of the mean of independent observations, such as one metric over replications with seeds of
 * their own. `level` is the coverage, 0 < level < 1.
 *
 * @throws SimulationError `bad-argument` below two observations.
 */
export function replicationInterval(observations: ArrayLike<number>, level = 0.95): Interval {
  demand(observations.length >= 2, `an interval needs two observations or more, not ${observations.length}`);
  demand(level > 0 && level < 1, `a level of ${level} is not between 0 and 1`);
  const tally = new Tally();
  for (let i = 0; i < observations.length; i++) tally.add(observations[i]!);
  const t = studentQuantile((1 + level) / 2, tally.count - 1);
  return { mean: tally.mean, halfWidth: t * (tally.sd / Math.sqrt(tally.count)), count: tally.count };
}

/**
 * Means of `batches` consecutive batches of equal length, for an interval of a steady-state mean from one long run
 * (Law, Simulation Modeling and Analysis, 9.5.3). The observations left over at the start, where a run is furthest
 * from its steady state, are dropped.
 *
 * @throws SimulationError `bad-argument` unless 1 ≤ batches ≤ the number of observations.
 */
export function batchMeans(observations: ArrayLike<number>, batches = 20): number[] {
  demand(
    Number.isInteger(batches) && batches >= 1 && batches <= observations.length,
    `${observations.length} observations do not make ${batches} batches`,
  );
  const length = Math.floor(observations.length / batches);
  const means: number[] = [];
  let next = observations.length - batches * length;
  for (let batch = 0; batch < batches; batch++) {
    let sum = 0;
    for (const end = next + length; next < end; next++) sum += observations[next]!;
    means.push(sum / length);
  }
  return means;
}

/**
 * Quantile of Student's t with `freedom` degrees of freedom, a whole number ≥ 1, at 0 < p < 1, by bisection of
 * {@link studentDistribution} until the float64 no longer moves. Relative error below 1e-9 for 1e-6 ≤ p ≤ 1 − 1e-6.
 */
export function studentQuantile(p: number, freedom: number): number {
  demand(p > 0 && p < 1, `a probability of ${p} is not between 0 and 1`);
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, freedom);
  let low = 0;
  let high = 1;
  while (studentDistribution(high, freedom) < p) {
    low = high;
    high *= 2;
  }
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (studentDistribution(middle, freedom) < p) low = middle;
    else high = middle;
  }
}

/**
 * Probability that Student's t with `freedom` degrees of freedom is at most t, by the finite series for whole degrees
 * of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4) with θ = arctan(t ÷ √freedom).
 */
export function studentDistribution(t: number, freedom: number): number {
  demand(Number.isInteger(freedom) && freedom >= 1, `${freedom} degrees of freedom are not a whole number ≥ 1`);
  const theta = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.sqrt(freedom / (freedom + t * t));
  const sine = Math.sin(theta);
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let i = odd ? 3 : 2; i < freedom; i += 2) {
    term *= ((i - 1) / i) * cosine * cosine;
    sum += term;
  }
  const central = odd ? (2 / Math.PI) * (theta + sine * sum) : sine * sum;
  return (1 + central) / 2;
}

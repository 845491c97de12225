import alea from 'seedrandom/lib/alea.js';
import { demand } from './errors.ts';

/**
 * A stream of random numbers. Every value is made from uniform draws by operations that IEEE 754 rounds exactly
 * (+ − × ÷ √ and comparisons), so it is the same to the last bit on every machine; the exceptions, `logNormal` and
 * `gamma`, say so. A value that becomes a time is rounded to whole nanoseconds at once (`ceilNs`).
 */
export interface Rng {
  /** Uniform in [0, 1), with 53 random bits. */
  next(): number;
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Uniform integer in 0 … n − 1, for 1 ≤ n ≤ 2^32 (the bias is below n ÷ 2^53). */
  integer(n: number): number;
  /** True with the given probability in [0, 1]. */
  chance(probability: number): boolean;
  /** Exponential with the given mean ≥ 0. */
  exponential(mean: number): number;
  /** Normal with mean and standard deviation `sd` ≥ 0. */
  normal(mean: number, sd: number): number;
  /** exp(normal(mu, sigma)); passes through `Math.exp`, so its last bit may differ between machines. */
  logNormal(mu: number, sigma: number): number;
  /** Gamma with the given shape > 0 and mean > 0; below shape 1 it passes through `Math.pow`. */
  gamma(shape: number, mean: number): number;
  /** Index i with probability (cumulative[i] − cumulative[i − 1]) ÷ the last; for a non-empty rising list. */
  weighted(cumulative: ArrayLike<number>): number;
  /** Shuffles in place, every order equally likely, and returns the same array. */
  shuffle<T>(items: T[]): T[];
}

/** Named substreams of one seed. */
export interface RandomStreams {
  /** The stream of that name: always the same object, and unaffected by draws from any other. */
  stream(name: string): Rng;
}

/**
 * One substream per purpose, each seeded by the run's seed and its own name alone, so that drawing more or less from
 * one, or adding another, shifts nothing else: changing a policy leaves the arrivals as they were.
 *
 * @example
 * const random = randomStreams(42);
 * const gapNs = Math.ceil(random.stream('arrivals').exponential(1e6));
 *
 * @throws SimulationError `bad-argument` unless the seed is a safe integer.
 */
export function randomStreams(seed: number): RandomStreams {
  demand(Number.isSafeInteger(seed), `the seed ${seed} is not a safe integer`);
  const streams = new Map<string, Rng>();
  return {
    stream(name) {
      let rng = streams.get(name);
      if (rng === undefined) {
        rng = rngFrom(alea(`${seed}/${name}`).double);
        streams.set(name, rng);
      }
      return rng;
    },
  };
}

/** √(8 ÷ e), the width of the ratio-of-uniforms rectangle for the normal density. */
const NORMAL_WIDTH = 1.7155277699214135;

/** 4 e^(1/4) and 4 e^(-1.35), a little more of each: bounds of -4 ln u that decide most draws without it (Knuth 2, 3.4.1, algorithm R). */
const SURELY_IN = 5.136102;
const SURELY_OUT = 1.036962;

/** The distributions over any source of uniform numbers in [0, 1). */
export function rngFrom(next: () => number): Rng {
  return {
    next,
    uniform: (low, high) => low + (high - low) * next(),
    integer(n) {
      demand(Number.isInteger(n) && n >= 1 && n <= 2 ** 32, `integer(${n}) needs a whole number in 1 … 2^32`);
      return Math.floor(next() * n);
    },
    chance: (probability) => next() < probability,
    exponential(mean) {
      demand(mean >= 0, `an exponential mean of ${mean} is not ≥ 0`);
      return mean * standardExponential(next);
    },
    normal(mean, sd) {
      demand(sd >= 0, `a standard deviation of ${sd} is not ≥ 0`);
      return mean + sd * standardNormal(next);
    },
    logNormal(mu, sigma) {
      demand(sigma >= 0, `a sigma of ${sigma} is not ≥ 0`);
      return Math.exp(mu + sigma * standardNormal(next));
    },
    gamma(shape, mean) {
      demand(shape > 0 && mean > 0, `gamma(${shape}, ${mean}) needs a shape and a mean > 0`);
      return (standardGamma(next, shape) / shape) * mean;
    },
    weighted(cumulative) {
      demand(cumulative.length > 0, 'weighted() needs at least one weight');
      const target = next() * cumulative[cumulative.length - 1]!;
      let low = 0;
      let high = cumulative.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cumulative[middle]! > target) high = middle;
        else low = middle + 1;
      }
      return low;
    },
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = Math.floor(next() * (last + 1));
        const item = items[last]!;
        items[last] = items[other]!;
        items[other] = item;
      }
      return items;
    },
  };
}

/**
 * Von Neumann's comparison method (1951; Devroye, Non-Uniform Random Variate Generation, IV.2): the length of a falling
 * run of uniforms is odd with probability e^-u, so no logarithm is taken. About 6 draws each.
 */
function standardExponential(next: () => number): number {
  for (let whole = 0; ; whole++) {
    const first = next();
    let last = first;
    let length = 1;
    for (let draw = next(); draw < last; draw = next()) {
      last = draw;
      length++;
    }
    if (length % 2 === 1) return whole + first;
  }
}

/** Ratio of uniforms (Kinderman and Monahan 1977); the logarithm decides acceptance and never enters the value. */
function standardNormal(next: () => number): number {
  for (;;) {
    const u = 1 - next();
    const ratio = (NORMAL_WIDTH * (next() - 0.5)) / u;
    const square = ratio * ratio;
    if (square <= 5 - SURELY_IN * u) return ratio;
    if (square < SURELY_OUT / u + 1.4 && square <= -4 * Math.log(u)) return ratio;
  }
}

/** Marsaglia and Tsang (2000); the logarithm decides acceptance. For shape < 1, gamma(shape + 1) × u^(1 ÷ shape). */
function standardGamma(next: () => number, shape: number): number {
  if (shape < 1) return standardGamma(next, shape + 1) * (1 - next()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = standardNormal(next);
    const t = 1 + c * x;
    if (t <= 0) continue;
    const v = t * t * t;
    if (Math.log(1 - next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

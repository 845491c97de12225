import type { Rng } from '../../../sim/kernel/random.ts';
import type { Instance } from './instance.ts';
import type { Style } from './searcher.ts';

/** What an item's place in an order is made of. */
export interface Weights {
  /** Exponent of the size. */
  readonly size: number;
  /** Exponent of the lifetime. */
  readonly life: number;
  /** Half the width of the uniform noise on the logarithm. */
  readonly noise: number;
}

/** Items in falling order of size^a · lifetime^b · e^noise; equal ones in the order of their numbers. */
export function rankBy(instance: Instance, { size, life, noise }: Weights, random: Rng): Int32Array {
  const key = Float64Array.from({ length: instance.items }, (_, i) => {
    const base = size * Math.log(instance.size[i]!) + life * Math.log(instance.upper[i]! - instance.lower[i]!);
    return noise > 0 ? base + random.uniform(-noise, noise) : base;
  });
  const rank = new Int32Array(instance.items);
  const order = Array.from(rank.keys()).sort((a, b) => key[b]! - key[a]! || a - b);
  order.forEach((item, place) => {
    rank[item] = place;
  });
  return rank;
}

/** Lifts that pay on different problems: few choices first, between, and from the bottom up. */
const LIFTS = [0, 30, 2, 8] as const;
/** What spare bytes count for, from hardly to most. */
const WASTES = [4, 64, 16, 1] as const;

/** The `n`-th style of a portfolio: large and long items first, then ever other mixtures. */
export function styleOf(instance: Instance, n: number, random: Rng): Style {
  const plain = n < LIFTS.length;
  const lift = LIFTS[n % LIFTS.length]!;
  const waste = WASTES[(n + Math.floor(n / LIFTS.length)) % WASTES.length]!;
  const flush = plain || random.chance(0.5);
  const heed = !plain && random.chance(0.5);
  const size = plain ? 1 : random.uniform(-0.5, 1.5);
  const life = plain ? 1 : random.uniform(-0.5, 1.5);
  const noise = plain || random.chance(0.3) ? 0 : random.uniform(0, 0.5);
  return { lift, waste, flush, heed, rank: rankBy(instance, { size, life, noise }, random) };
}

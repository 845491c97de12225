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

/** Lifts and worths of spare bytes of the first styles: few choices first, from the bottom up, and between. */
const FIRST = [
  [0, 4],
  [30, 64],
  [2, 16],
  [8, 1],
] as const;
/** Those that later styles draw from; what found plans most often on puzzles of many shapes stands more than once. */
const LIFTS = [0, 2, 8, 8, 30, 30, 100] as const;
const WASTES = [0, 1, 4, 4, 16, 16, 64] as const;

/** The `n`-th style of a portfolio: large and long items first, then ever other mixtures. */
export function styleOf(instance: Instance, n: number, random: Rng): Style {
  const first = FIRST[n];
  if (first) {
    const [lift, waste] = first;
    const rank = rankBy(instance, { size: 1, life: 1, noise: 0 }, random);
    return { lift, waste, flush: true, heed: false, rank };
  }
  const weights = {
    size: random.uniform(-0.5, 1.5),
    life: random.uniform(-0.5, 1.5),
    noise: random.chance(0.3) ? 0 : random.uniform(0, 0.5),
  };
  return {
    lift: LIFTS[random.integer(LIFTS.length)]!,
    waste: WASTES[random.integer(WASTES.length)]!,
    flush: random.chance(0.5),
    heed: random.chance(0.6),
    rank: rankBy(instance, weights, random),
  };
}

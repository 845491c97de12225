import { demand } from './errors.ts';

/**
 * The p-quantile, 0 ≤ p ≤ 1, of values in ascending order: linear interpolation between the order statistics around
 * position p × (n − 1), which is definition 7 of Hyndman and Fan (1996) and the default of NumPy, R and Excel.
 *
 * @throws SimulationError `bad-argument` for no values or a p outside 0 … 1.
 */
export function quantile(ascending: ArrayLike<number>, p: number): number {
  demand(ascending.length > 0, 'a quantile needs at least one value');
  demand(p >= 0 && p <= 1, `a quantile at ${p} is not in 0 … 1`);
  const position = p * (ascending.length - 1);
  const below = Math.floor(position);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return low === high ? low : low + (high - low) * (position - below);
}

/** A copy in ascending order. Every value must be a number: NaN has no place in an order. */
export function ascending(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** The figures that a report gives of a distribution. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** Exact mean and quantiles of one or more values. */
export function summarize(values: ArrayLike<number>): Summary {
  const sorted = ascending(values);
  let sum = 0;
  for (const value of sorted) sum += value;
  return {
    count: sorted.length,
    mean: sum / sorted.length,
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
  };
}

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ascending, quantile, summarize } from './quantiles.ts';

it('interpolates between order statistics', () => {
  expect([0, 0.25, 0.4, 0.5, 1].map((p) => quantile([10, 20, 30, 40], p))).toEqual([10, 17.5, 22, 25, 40]);
  expect(quantile([7], 0.99)).toBe(7);
});

it('refuses no values, and a p outside 0 … 1', () => {
  for (const [values, p] of [
    [[], 0.5],
    [[1], -0.1],
    [[1], 1.1],
    [[1], Number.NaN],
  ] as const) {
    expect(() => quantile(values, p)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  }
});

it('sorts by value, not by spelling, and leaves its input alone', () => {
  const values = [10, 9, -1, 100];
  expect([...ascending(values)]).toEqual([-1, 9, 10, 100]);
  expect(values).toEqual([10, 9, -1, 100]);
});

it('summarizes 1 … 101', () => {
  const values = Array.from({ length: 101 }, (_, i) => 101 - i);
  expect(summarize(values)).toEqual({ count: 101, mean: 51, p50: 51, p90: 91, p95: 96, p99: 100 });
});

const values = fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 50 }).map(ascending);
const p = fc.double({ min: 0, max: 1, noNaN: true });

it('rises with p and stays between the least and the greatest', () => {
  fc.assert(
    fc.property(values, p, p, (sorted, p1, p2) => {
      const low = quantile(sorted, Math.min(p1, p2));
      const high = quantile(sorted, Math.max(p1, p2));
      expect(sorted[0]! <= low && low <= high + 1e-9 && high <= sorted[sorted.length - 1]!).toBe(true);
    }),
  );
});

it('is the order statistic where p × (n − 1) is whole', () => {
  fc.assert(
    fc.property(values, fc.nat(), (sorted, n) => {
      const k = n % sorted.length;
      expect(quantile(sorted, sorted.length === 1 ? 0.3 : k / (sorted.length - 1))).toBeCloseTo(sorted[k]!, 6);
    }),
  );
});

it('mirrors when the values are negated', () => {
  fc.assert(
    fc.property(values, p, (sorted, at) => {
      const mirrored = ascending(Array.from(sorted, (value) => -value));
      expect(quantile(mirrored, 1 - at)).toBeCloseTo(-quantile(sorted, at), 4);
    }),
  );
});

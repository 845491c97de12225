import { describe, expect, it } from 'vitest';
import { batchMeans, replicationInterval, studentDistribution, studentQuantile } from './confidence.ts';
import { randomStreams } from './random.ts';

describe("Student's t", () => {
  // Printed tables: rows are degrees of freedom, columns the one-sided probabilities.
  const probabilities = [0.9, 0.95, 0.975, 0.99, 0.995];
  it.each([
    [1, 3.078, 6.314, 12.706, 31.821, 63.657],
    [2, 1.886, 2.92, 4.303, 6.965, 9.925],
    [3, 1.638, 2.353, 3.182, 4.541, 5.841],
    [4, 1.533, 2.132, 2.776, 3.747, 4.604],
    [5, 1.476, 2.015, 2.571, 3.365, 4.032],
    [9, 1.383, 1.833, 2.262, 2.821, 3.25],
    [10, 1.372, 1.812, 2.228, 2.764, 3.169],
    [19, 1.328, 1.729, 2.093, 2.539, 2.861],
    [30, 1.31, 1.697, 2.042, 2.457, 2.75],
    [60, 1.296, 1.671, 2.0, 2.39, 2.66],
    [120, 1.289, 1.658, 1.98, 2.358, 2.617],
  ])('has the printed quantiles for %i degrees of freedom', (freedom, ...row) => {
    expect(probabilities.map((p) => Number(studentQuantile(p, freedom).toFixed(3)))).toEqual(row);
  });

  it('is Cauchy for one degree of freedom and has a closed form for two', () => {
    expect(studentDistribution(1, 1)).toBeCloseTo(0.75, 14);
    expect(studentQuantile(0.975, 1)).toBeCloseTo(Math.tan(Math.PI * 0.475), 9);
    expect(studentDistribution(1, 2)).toBeCloseTo(0.5 + 1 / Math.sqrt(12), 14);
  });

  it('tends to the normal', () => {
    expect(studentQuantile(0.975, 1e5)).toBeCloseTo(1.95999, 4);
  });

  it('is odd about one half', () => {
    expect(studentQuantile(0.5, 4)).toBe(0);
    expect(studentQuantile(0.1, 4)).toBe(-studentQuantile(0.9, 4));
  });

  it('refuses what has no quantile', () => {
    for (const [p, freedom] of [
      [0, 3],
      [1, 3],
      [0.9, 0],
      [0.9, 2.5],
    ] as const) {
      expect(() => studentQuantile(p, freedom)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    }
  });
});

describe('replicationInterval', () => {
  it('is mean ± t × s ÷ √n', () => {
    const { mean, halfWidth, count } = replicationInterval([1, 2, 3, 4, 5]);
    expect([mean, count]).toEqual([3, 5]);
    expect(halfWidth).toBeCloseTo(2.7764451 * Math.sqrt(2.5 / 5), 6);
  });

  it('refuses a single observation', () => {
    expect(() => replicationInterval([1])).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  it('covers the true mean as often as it says', () => {
    const rng = randomStreams(1).stream('coverage');
    let covered = 0;
    for (let trial = 0; trial < 4000; trial++) {
      const { mean, halfWidth } = replicationInterval(
        Array.from({ length: 6 }, () => rng.normal(10, 3)),
        0.9,
      );
      if (Math.abs(mean - 10) <= halfWidth) covered++;
    }
    expect(Math.abs(covered / 4000 - 0.9)).toBeLessThan(0.02);
  });
});

describe('batchMeans', () => {
  it('drops the observations left over at the start', () => {
    expect(batchMeans([100, 1, 3, 5, 7, 9, 11], 3)).toEqual([2, 6, 10]);
  });

  it('refuses more batches than observations', () => {
    expect(() => batchMeans([1, 2], 3)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

import { describe, expect, it } from 'vitest';
import type { Kernel, Tiling } from '../types/index.ts';
import { shapeEfficiency, shapesEfficiency } from './tiling.ts';

/** Ten multiprocessors, a pipeline that fills at once, and a cache that never limits. */
const tiling: Tiling = { multiprocessors: 10, cache_bytes_per_s: 1e18, inner_half: 1e-9 };
const PEAK = 1e12;

const share = (m: number, n: number, k: number, over: Partial<Tiling> = {}): number =>
  shapeEfficiency({ m, n, k, count: 1 }, { ...tiling, ...over }, PEAK);

describe('a matrix product in tiles', () => {
  it('keeps its whole rate where its tiles fill every wave', () => {
    // Ten tiles of 256 x 128 on ten multiprocessors.
    expect(share(256, 1280, 4096)).toBeCloseTo(1, 6);
  });

  it('pays for the part of a tile, and of a wave, that it leaves empty', () => {
    // One row of tiles of 64 rows, of which one row is filled: 20 tiles of 64 x 64 in two waves.
    expect(share(1, 1280, 4096)).toBeCloseTo(1 / 64, 6);
    // Eleven tiles of 64 x 64 are two waves of ten.
    expect(share(64, 704, 4096)).toBeCloseTo(11 / 20, 6);
  });

  it('is cut along the inner dimension too where a machine says so, which fills a wave', () => {
    // Five tiles of 64 x 64 on ten multiprocessors; halves of them are ten.
    expect(share(64, 320, 4096)).toBeCloseTo(0.5, 6);
    expect(share(64, 320, 4096, { inner_splits: 2 })).toBeCloseTo(1, 6);
  });

  it('passes the sums of its parts through the cache, or is not cut', () => {
    const fast = 64 * 1e12;
    // 8 bytes a sum and part at PEAK / (2 k): beside 1 of tiles, 2 parts x 8 x 1e12 / (2 x 100 x rate).
    const sums = (2 * 8 * PEAK) / (2 * 100 * fast);
    expect(share(64, 320, 100, { inner_splits: 2, cache_bytes_per_s: fast })).toBeCloseTo(1 / (1 + sums), 6);
    expect(share(64, 320, 1, { inner_splits: 2, cache_bytes_per_s: 4e12 })).toBeCloseTo(0.5, 6);
  });

  it('fills its pipeline anew in every part', () => {
    expect(share(256, 1280, 100, { inner_half: 25 })).toBeCloseTo(100 / 125, 6);
    expect(share(64, 320, 100, { inner_half: 25, inner_splits: 2 })).toBeCloseTo(100 / 150, 6);
  });
});

describe('a kernel that stands for several products', () => {
  const kernel: Omit<Kernel, 'flops'> = {
    name: 'gemm',
    part: 'mlp',
    dtype: 'fp16',
    operand_bytes: 0,
    activation_bytes: 0,
    launches: 2,
  };

  it('takes the time of one after the other', () => {
    const whole = { shape: { m: 256, n: 1280, k: 4096, count: 1 }, flops: 300 };
    const half = { shape: { m: 64, n: 320, k: 4096, count: 1 }, flops: 100 };
    // 300 at the whole rate and 100 at half of it: 400 in the time of 500.
    expect(shapesEfficiency({ ...kernel, flops: 400, products: [whole, half] }, tiling, PEAK)).toBeCloseTo(0.8, 6);
  });

  it('loses nothing where no shape is known', () => {
    expect(shapesEfficiency({ ...kernel, flops: 400 }, tiling, PEAK)).toBe(1);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distinctExperts, touchedShare } from './flops.ts';
import { storedBytes, weightBytes } from './stored.ts';

const four_bit = { weight_bits: 4, kv_bits: 4, activation_bits: 16, group_size: 64, group_overhead_bits: 32 };

describe('stored bytes', () => {
  it('are 0.5625 an element at 4 bits in groups of 64 with two fp16 numbers', () => {
    expect(weightBytes([4096, 4096], four_bit)).toBe(4096 * 4096 * 0.5625);
  });

  it('pad the last group: OPT has 50,272 tokens, 785.5 groups of 64', () => {
    expect(weightBytes([50272, 8], four_bit)).toBe(786 * 64 * 8 * 0.5625);
  });

  it('leave vectors at 16 bits', () => expect(weightBytes([4096], four_bit)).toBe(8192));

  it('make no group longer than the dimension', () =>
    expect(storedBytes([10, 32], 4, four_bit, 1)).toBe(10 * (16 + 4)));

  it('are elements times bits from 16 bits on, and grow with the bits below', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), (rows, columns) => {
        expect(storedBytes([rows, columns], 16, four_bit, 0)).toBe(2 * rows * columns);
        const sizes = [2, 3, 4, 8].map((bits) => storedBytes([rows, columns], bits, four_bit, 0));
        expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
        expect(sizes[0]).toBeGreaterThanOrEqual((rows * columns * 2) / 8);
      }),
    );
  });
});

describe('shares', () => {
  it('one token reaches its active experts, many reach all', () => {
    expect(distinctExperts(128, 8, 1)).toBeCloseTo(8, 9);
    expect(distinctExperts(128, 8, 10_000)).toBeCloseTo(128, 9);
  });

  it('one token touches what it does not skip, two touch more', () => {
    expect(touchedShare(0.9, 1)).toBeCloseTo(0.1, 12);
    expect(touchedShare(0.9, 2)).toBeCloseTo(0.19, 12);
    expect(touchedShare(0, 3)).toBe(1);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runCachingAllocator } from './cachingAllocator.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const trace = (rows: readonly (readonly [number, number, number])[]) =>
  rows.map(([lower, upper, size_bytes], i) => ({ id: String(i), lower, upper, size_bytes }));
const reserved = (rows: Parameters<typeof trace>[0]): number => runCachingAllocator(trace(rows)).reserved_peak_bytes;

describe('the caching allocator', () => {
  it('takes segments of 2, 20 and more MiB by the size asked for', () => {
    expect(reserved([[0, 1, 1]])).toBe(2 * MiB);
    expect(reserved([[0, 1, MiB + 1]])).toBe(20 * MiB);
    expect(reserved([[0, 1, 10 * MiB + 1]])).toBe(12 * MiB);
  });

  it('fills a segment before it takes another', () => {
    expect(
      reserved([
        [0, 1, MiB],
        [0, 1, MiB],
      ]),
    ).toBe(2 * MiB);
    expect(
      reserved([
        [0, 1, MiB],
        [0, 1, MiB],
        [0, 1, 1],
      ]),
    ).toBe(4 * MiB);
  });

  it('joins free neighbours, and keeps what it cannot use', () => {
    // Two halves of a segment, freed, are one block again.
    expect(
      reserved([
        [0, 2, 6 * MiB],
        [0, 2, 6 * MiB],
        [0, 2, 8 * MiB],
        [2, 3, 20 * MiB],
      ]),
    ).toBe(20 * MiB);
    // A buffer that outlives them keeps the two holes beside it apart.
    const split = runCachingAllocator(
      trace([
        [0, 2, 6 * MiB],
        [0, 3, 6 * MiB],
        [0, 2, 8 * MiB],
        [2, 3, 12 * MiB],
      ]),
    );
    expect(split.reserved_peak_bytes).toBe(32 * MiB);
    expect(split.fragmentation).toBeCloseTo(1 - 20 / 32, 12);
  });

  it('never has less than is live', () => {
    const row = fc
      .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 30 * MiB }))
      .map(([lower, length, bytes]) => [lower, lower + length, bytes] as const);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
        const result = runCachingAllocator(trace(rows));
        for (const [, live, allocated, held] of result.curve) {
          expect(live).toBeLessThanOrEqual(allocated);
          expect(allocated).toBeLessThanOrEqual(held);
        }
        expect(result.curve.at(-1)!.slice(1, 3)).toEqual([0, 0]);
      }),
    );
  });
});

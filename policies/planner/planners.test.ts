import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { bestFitOffsets } from './addressed.ts';
import { meet, type Request, topOf } from './rectangles.ts';
import { greedyOffsets, linearOffsets } from './tflmGreedy.ts';

const requests = (rows: readonly (readonly [bytes: number, first: number, last: number])[]): Request[] =>
  rows.map(([bytes, first, last]) => ({ bytes, first, last }));
const top = (list: readonly Request[], offsets: readonly number[]): number =>
  topOf(list.map((request, i) => ({ ...request, offset: offsets[i]! })));

/** Buffers of TFLM's person detection model, in the order of its planner's test (greedy_memory_planner_test.cc). */
const PERSON = requests([
  [9216, 0, 29],
  [3, 28, 29],
  [256, 27, 28],
  ...[26, 25, 24].map((step) => [2304, step, step + 1] as const),
  [1152, 23, 24],
  ...[22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12].map((step) => [4608, step, step + 1] as const),
  [2304, 11, 12],
  ...[10, 9, 8].map((step) => [9216, step, step + 1] as const),
  [4608, 7, 8],
  ...[6, 5, 4].map((step) => [18_432, step, step + 1] as const),
  [9216, 3, 4],
  [36_864, 2, 3],
  [18_432, 1, 2],
  [18_432, 0, 1],
]);

describe("TFLM's greedy planner gives the offsets of its own tests", () => {
  it('basics: nothing meets', () => {
    expect(
      greedyOffsets(
        requests([
          [10, 0, 1],
          [20, 2, 3],
        ]),
      ),
    ).toEqual([0, 0]);
  });

  it('medium: closed lifetimes', () => {
    const list = requests([
      [10, 0, 1],
      [20, 1, 2],
      [30, 2, 3],
      [40, 3, 4],
      [50, 0, 1],
    ]);
    expect(greedyOffsets(list)).toEqual([50, 70, 40, 0, 0]);
    expect(top(list, greedyOffsets(list))).toBe(90);
  });

  it('overlap', () => {
    const list = requests([
      [100, 0, 1],
      [50, 2, 3],
      [20, 1, 2],
    ]);
    expect(top(list, greedyOffsets(list))).toBe(120);
  });

  it('person detection: 64,512 bytes, the live bound, where the sum is 241,027', () => {
    expect(top(PERSON, greedyOffsets(PERSON))).toBe(64_512);
    expect(top(PERSON, linearOffsets(PERSON))).toBe(241_027);
  });

  it('takes equal sizes in the reverse order of their insertion', () => {
    const equal = requests([
      [8, 0, 0],
      [8, 0, 0],
      [8, 0, 0],
    ]);
    expect(greedyOffsets(equal)).toEqual([16, 8, 0]);
  });

  it('leaves buffers with an offline offset where they are, and fills the gaps', () => {
    const fixed = [
      { ...requests([[10, 0, 1]])[0]!, offset: 20 },
      ...requests([
        [20, 0, 1],
        [5, 0, 1],
      ]),
    ];
    expect(greedyOffsets(fixed)).toEqual([20, 0, 30]);
  });
});

const anyRequests = fc.array(
  fc
    .record({ bytes: fc.integer({ min: 1, max: 200 }), first: fc.nat(20), length: fc.nat(6) })
    .map(({ bytes, first, length }): Request => ({ bytes, first, last: first + length })),
  { minLength: 1, maxLength: 25 },
);

test.each([
  ['greedy', greedyOffsets],
  ['best fit', bestFitOffsets],
  ['linear', linearOffsets],
])('%s never lets buffers that meet share a byte, nor beats what is live', (_name, plan) => {
  fc.assert(
    fc.property(anyRequests, (list) => {
      const offsets = plan(list);
      for (const [i, a] of list.entries()) {
        for (const [j, b] of list.entries()) {
          if (i >= j || !meet(a, b)) continue;
          expect(offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!).toBe(true);
        }
      }
      const live = Array.from({ length: 30 }, (_, step) =>
        list.reduce((sum, { bytes, first, last }) => sum + (first <= step && step <= last ? bytes : 0), 0),
      );
      expect(top(list, offsets)).toBeGreaterThanOrEqual(Math.max(...live));
    }),
    { numRuns: 100 },
  );
});

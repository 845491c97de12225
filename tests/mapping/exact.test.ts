import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MapBuffer } from '../../policies/planner/mapping/problem.ts';
import { solveMapping } from '../../policies/planner/mapping/solve.ts';
import { faultOf } from '../../policies/planner/mapping/validate.ts';
import { leastHeight } from './bruteForce.ts';

const still = (): number => 0;

const life = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 5 }));
const plain = fc
  .tuple(life, fc.integer({ min: 1, max: 7 }))
  .map(([[lower, length], size_bytes]) => ({ id: '', lower, upper: lower + length, size_bytes }));
const named = (buffers: readonly MapBuffer[]): MapBuffer[] =>
  buffers.map((buffer, i) => ({ ...buffer, id: String(i) }));

const aligned = fc
  .tuple(plain, fc.constantFrom(1, 2, 4))
  .map(([buffer, alignment_bytes]) => ({ ...buffer, alignment_bytes }));

const holed = fc
  .tuple(plain, fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 6 }))
  .map(([buffer, from, length, top]): MapBuffer => {
    const lower = buffer.lower + from;
    const upper = lower + length;
    if (upper > buffer.upper) return buffer;
    const to_bytes = Math.min(top, buffer.size_bytes);
    return {
      ...buffer,
      gaps: [to_bytes > 0 ? { lower, upper, window: { from_bytes: 0, to_bytes } } : { lower, upper }],
    };
  });

/** One buffer fixed, so that no two fixed ones can overlap. */
const pinned = fc
  .tuple(fc.array(plain, { minLength: 2, maxLength: 6 }), fc.integer({ min: 0, max: 9 }))
  .map(([buffers, fixed_offset_bytes]) =>
    buffers.map((b, i): MapBuffer => (i === 0 ? { ...b, fixed_offset_bytes } : b)),
  );

/** The lowest height is found and proved, and one byte less is proved not to fit. */
function settles(buffers: readonly MapBuffer[]): void {
  const least = leastHeight(buffers);
  const lowest = solveMapping(buffers, {}, still);
  expect(lowest).toMatchObject({ verdict: 'optimal', peak_bytes: least, lower_bound_bytes: least });
  expect(faultOf(buffers, lowest.offsets, least)).toBeNull();
  const within = solveMapping(buffers, { capacity_bytes: least }, still);
  expect(within.peak_bytes).toBeLessThanOrEqual(least);
  expect(faultOf(buffers, within.offsets, least)).toBeNull();
  if (least > 1) expect(solveMapping(buffers, { capacity_bytes: least - 1 }, still).verdict).toBe('infeasible');
}

describe('the exact search against every order', () => {
  const runs = { numRuns: 200 };

  it('finds and proves the lowest plan of plain buffers', () => {
    fc.assert(fc.property(fc.array(plain, { minLength: 1, maxLength: 7 }).map(named), settles), runs);
  });

  it('keeps alignments', () => {
    fc.assert(fc.property(fc.array(aligned, { minLength: 1, maxLength: 6 }).map(named), settles), runs);
  });

  it('uses what gaps leave free', () => {
    fc.assert(fc.property(fc.array(holed, { minLength: 1, maxLength: 6 }).map(named), settles), runs);
  });

  it('builds around fixed offsets', () => {
    fc.assert(fc.property(pinned.map(named), settles), runs);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goodFitPlan } from './goodFit.ts';
import type { MapBuffer } from './problem.ts';
import { buildTimeline, loadOf } from './timeline.ts';
import { faultOf, firstOverlap } from './validate.ts';

const row = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.nat(3))
  .map(([lower, life, size_bytes, group]) => ({
    lower,
    upper: lower + life,
    size_bytes,
    ...(group === 0 && { colocation: 'g' }),
    ...(group === 1 && life > 2 && { gaps: [{ lower: lower + 1, upper: lower + 2 }] }),
  }));
const rows = fc
  .array(row, { minLength: 1, maxLength: 9 })
  .map((list) => list.map((buffer, i): MapBuffer => ({ ...buffer, id: String(i) })));

/** Whether two buffers use a byte at the same time, byte by byte. */
function meet(a: MapBuffer, b: MapBuffer, atA: number, atB: number): boolean {
  if (a.colocation !== undefined && a.colocation === b.colocation) return false;
  const uses = ({ lower, upper, gaps = [] }: MapBuffer, time: number): boolean =>
    time >= lower && time < upper && !gaps.some((gap) => time >= gap.lower && time < gap.upper);
  const bytes = Math.min(atA + a.size_bytes, atB + b.size_bytes) - Math.max(atA, atB);
  return bytes > 0 && Array.from({ length: 16 }, (_, t) => t).some((t) => uses(a, t) && uses(b, t));
}

describe('the check of a plan', () => {
  it('finds an overlap where there is one', () => {
    const plan = rows.chain((buffers) =>
      fc
        .array(fc.nat(20), { minLength: buffers.length, maxLength: buffers.length })
        .map((offsets) => ({ buffers, offsets })),
    );
    fc.assert(
      fc.property(plan, ({ buffers, offsets }) => {
        const any = buffers.some((a, i) => buffers.some((b, k) => k < i && meet(a, b, offsets[i]!, offsets[k]!)));
        const found = firstOverlap(buffers, offsets);
        expect(found !== null).toBe(any);
        if (found) {
          const [a, b] = found;
          expect(meet(buffers[a]!, buffers[b]!, offsets[a]!, offsets[b]!)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the plan of an allocator in the order of time', () => {
  it('is valid, whatever the buffers', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(1, 4), fc.boolean(), (buffers, alignment_bytes, pin) => {
        const made = buffers.map((buffer, i) => ({
          ...buffer,
          alignment_bytes,
          ...(pin && i === 0 && buffer.colocation === undefined && { fixed_offset_bytes: 8 }),
        }));
        const timeline = buildTimeline(made);
        const { offsets, height } = goodFitPlan(timeline);
        expect(
          faultOf(
            made,
            Array.from(timeline.itemOf, (item) => offsets[item]!),
            height,
          ),
        ).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('of one size is the lowest', () => {
    fc.assert(
      fc.property(rows, (buffers) => {
        const alike = buffers.map(({ id, lower, upper }) => ({ id, lower, upper, size_bytes: 3 }));
        const timeline = buildTimeline(alike);
        expect(goodFitPlan(timeline).height).toBe(loadOf(timeline));
      }),
    );
  });
});

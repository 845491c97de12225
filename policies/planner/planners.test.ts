import { describe, expect, it } from 'vitest';
import { faultOf } from './mapping/validate.ts';
import { PLANNERS, type PlannerKind } from './planners.ts';

/** At step 3, b, c and d take 11 bytes together. */
const buffers = [
  { id: 'a', lower: 0, upper: 2, size_bytes: 5 },
  { id: 'b', lower: 1, upper: 4, size_bytes: 4 },
  { id: 'c', lower: 3, upper: 6, size_bytes: 6 },
  { id: 'd', lower: 0, upper: 6, size_bytes: 1, alignment_bytes: 2 },
];

describe.each(Object.keys(PLANNERS) as PlannerKind[])('planner %s', (kind) => {
  it('gives a plan that its own words describe', () => {
    const plan = PLANNERS[kind](buffers, {});
    expect(faultOf(buffers, plan.offsets!, plan.peak_bytes!)).toBeNull();
    expect(plan.lower_bound_bytes).toBe(11);
    expect(plan.peak_bytes).toBeGreaterThanOrEqual(11);
    expect(plan.verdict).toBe(plan.peak_bytes === plan.lower_bound_bytes ? 'optimal' : 'feasible');
    expect(PLANNERS[kind](buffers, { capacity_bytes: 10 }).verdict).not.toBe('feasible');
  });
});

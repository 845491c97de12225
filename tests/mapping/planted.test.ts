import { describe, expect, it } from 'vitest';
import { solveMapping } from '../../policies/planner/mapping/solve.ts';
import { faultOf } from '../../policies/planner/mapping/validate.ts';
import { randomStreams } from '../../sim/kernel/random.ts';
import { PLANTED_SIDE, plantedBuffers } from './planted.ts';

describe('planted puzzles', () => {
  it.each([30, 60, 120, 240])('of %i buffers are put together without a byte to spare', (count) => {
    const buffers = plantedBuffers(count, randomStreams(count).stream('planted'));
    const plan = solveMapping(buffers, { capacity_bytes: PLANTED_SIDE }, () => 0);
    expect(plan).toMatchObject({ verdict: 'optimal', peak_bytes: PLANTED_SIDE });
    expect(faultOf(buffers, plan.offsets, PLANTED_SIDE)).toBeNull();
  });
});

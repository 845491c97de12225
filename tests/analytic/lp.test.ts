import { describe, expect, it } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { loadPlacement, precisionOf } from '../../policies/index.ts';
import { loadSolver } from '../../policies/linearProgram.ts';
import { simulate } from '../../sim/executor/index.ts';
import type { Program } from '../../sim/types/index.ts';
import { buildProgram } from '../../workloads/index.ts';
import { readModel } from '../../workloads/models/load.ts';

describe('the linear programming libraries', () => {
  // minimise 2x + 3y with x + y = 4, x ≤ 3: x = 3, y = 1, value 9.
  const program = {
    variables: { x: { objective: 2, sum: 1, most: 1 }, y: { objective: 3, sum: 1 } },
    constraints: { sum: { equal: 4 }, most: { max: 3 } },
  };
  for (const name of ['yalps', 'highs'] as const) {
    it(`${name} solves a program by hand, and says when there is no solution`, async () => {
      const solve = await loadSolver(name);
      expect(solve(program)).toMatchObject({ value: 9, variables: { x: 3, y: 1 } });
      expect(solve({ ...program, constraints: { sum: { equal: 4 }, most: { max: -1 } } })).toBeNull();
    });
  }
});

describe('placement lp', () => {
  const machine = loadMachine('t4-gcp');
  const precision = precisionOf(undefined);
  const programFor = (batch: number, batches: number): Program =>
    buildProgram(
      {
        kind: 'generate',
        model: 'opt-30b',
        prompt: 512,
        output: 32,
        batch,
        batches,
        tensor_parallel: 1,
        pipeline_parallel: 1,
        attention_kernel: 'eager',
        activation_sparsity: 0,
        measured_as: 'projected',
      },
      precision,
      readModel,
    );
  const rate = async (policy: Parameters<typeof loadPlacement>[0], program = programFor(48, 3)) => {
    const placement = await loadPlacement(policy, { machine, program, precision, programFor });
    return simulate(machine, program, placement).metrics;
  };
  const lp = (more = {}) =>
    ({
      placement: {
        kind: 'lp',
        solver: 'yalps',
        choose_batch: true,
        max_batch: 64,
        max_batches: 4,
        candidates: 6,
        attention_on: 'auto',
        pin_weights: true,
        ...more,
      },
    }) as const;

  it('finds a policy at least as good as the published one, and says which', async () => {
    const published = await rate({
      placement: {
        kind: 'percent',
        weights: [20, 80],
        kv: [0, 100],
        activations: [0, 100],
        attention_on: 'cpu',
        overlap: true,
        pin_weights: true,
        page_cache: true,
        copy_workers: 4,
      },
    });
    const chosen = await rate(lp());
    expect(chosen['throughput.tokens_per_s']!).toBeGreaterThanOrEqual(published['throughput.tokens_per_s']!);
    expect(chosen['choice.batch']).toBeGreaterThan(0);
    expect(chosen['choice.weights_gpu_percent']! + chosen['choice.weights_cpu_percent']!).toBeLessThanOrEqual(100);
  });

  it('keeps the batch of the workload where it is told to', async () => {
    const chosen = await rate(lp({ choose_batch: false }));
    expect([chosen['choice.batch'], chosen['choice.batches']]).toEqual([48, 3]);
  });

  it('chooses the same with both libraries', async () => {
    const yalps = await rate(lp({ max_batch: 16, max_batches: 2 }));
    const highs = await rate(lp({ max_batch: 16, max_batches: 2, solver: 'highs' }));
    expect(highs['throughput.tokens_per_s']).toBeCloseTo(yalps['throughput.tokens_per_s']!, 6);
  });
});

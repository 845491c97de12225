import { expect, test } from 'vitest';
import { loadMachine } from '../../../hardware/load.ts';
import { simulate } from '../../../sim/executor/index.ts';
import { buildProgram } from '../../../workloads/index.ts';
import { readModel } from '../../../workloads/models/load.ts';
import { loadPlacement, type Policy, precisionOf } from '../../index.ts';

type Fields = Extract<NonNullable<Policy['placement']>, { kind: 'neurons' }>;
const machine = loadMachine('m1-max');
const run = async (fields: Partial<Fields>) => {
  const workload = {
    kind: 'generate',
    model: 'opt-6.7b',
    prompt: 64,
    output: 2,
    batch: 1,
    batches: 1,
    tensor_parallel: 1,
    pipeline_parallel: 1,
    attention_kernel: 'eager',
    activation_sparsity: 0,
    measured_as: 'full',
  } as const;
  const policy: Policy = { placement: { kind: 'neurons', compute_on: 'cpu', resident: 0, ...fields } };
  const precision = precisionOf(undefined);
  const program = buildProgram(workload, precision, readModel);
  return simulate(machine, program, await loadPlacement(policy, { machine, program, precision })).metrics;
};
const sparse = { fresh: 0.02, predictor: 0.01, windowed: true, bundled: true };

test('reading, putting into place and computing are added', async () => {
  const metrics = await run({ resident: 0.5, sparse });
  const parts = ['weight_read', 'bookkeeping', 'compute'].map((stream) => metrics[`time.decode.${stream}_s`]!);
  expect(parts.every((part) => part > 0)).toBe(true);
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(metrics['time.decode_s']!, 6);
});

test('reading is the weights that are not resident at the sequential rate', async () => {
  const all = (await run({}))['time.decode.weight_read_s']!;
  const half = (await run({ resident: 0.5 }))['time.decode.weight_read_s']!;
  expect(half / all).toBeCloseTo(0.5, 3);
  expect(all * 6.1e9).toBeGreaterThan(6.6e9 * 2);
  expect(all * 6.1e9).toBeLessThan(6.7e9 * 2);
});

test('bundles are read at the rate of transfers twice as large', async () => {
  const rows = (await run({ resident: 0.5, sparse: { ...sparse, bundled: false } }))['time.decode.weight_read_s']!;
  const bundles = (await run({ resident: 0.5, sparse }))['time.decode.weight_read_s']!;
  expect(rows / bundles).toBeCloseTo(2.25 / 1.25, 1);
});

test('a window takes memory up to the budget and computes on what it holds', async () => {
  const windowed = await run({ resident: 0.5, sparse });
  const bare = await run({ resident: 0.5, sparse: { ...sparse, windowed: false } });
  expect(windowed['memory.cpu.weight.peak_bytes']!).toBeGreaterThan(bare['memory.cpu.weight.peak_bytes']!);
  expect(windowed['time.decode.compute_s']!).toBeGreaterThan(bare['time.decode.compute_s']!);
});

test('a budget below the attention weights is refused', async () => {
  await expect(run({ resident: 0.2, sparse })).rejects.toThrow(/does not hold what is not MLP/);
});

import { expect, test } from 'vitest';
import { loadMachine } from '../../../hardware/load.ts';
import { simulate } from '../../../sim/executor/index.ts';
import { generateFields } from '../../../workloads/generate/schema.ts';
import { buildProgram } from '../../../workloads/index.ts';
import { readModel } from '../../../workloads/models/load.ts';
import { loadPlacement, type Policy, precisionOf } from '../../index.ts';
import type { HotColdFields } from './schema.ts';
import { coverage, splitOf } from './split.ts';

const machine = loadMachine('rtx4090-host');
const run = async (fields: Partial<HotColdFields>, more: { weight_bits?: number; model?: string } = {}) => {
  const workload = generateFields({
    model: more.model ?? 'opt-13b',
    prompt: 16,
    output: 3,
    batch: 1,
    attention_kernel: 'flash',
  });
  const placement = { kind: 'hot-cold', predictor: 0, split: 'neurons', kv_on: 'host', ...fields } as HotColdFields;
  const policy: Policy = { placement };
  const precision = { ...precisionOf(undefined), weight_bits: more.weight_bits ?? 16 };
  const program = buildProgram(workload, precision, readModel);
  return simulate(machine, program, await loadPlacement(policy, { machine, program, precision })).metrics;
};
const hot = { neurons: 0.26, activations: 0.8 };

test('coverage passes through nothing, the published point and everything', () => {
  expect([0, 0.26, 1].map((share) => coverage(share, hot))).toEqual([0, expect.closeTo(0.8, 12), 1]);
  expect(coverage(0.3, undefined)).toBe(0.3);
});

const fields = { kind: 'hot-cold', predictor: 0, split: 'neurons', kv_on: 'host' } as const;
const sizes = { always: 10, attention: 40, mlp: 80, layers: 4 };

test('the fast memory takes the head, then attention, then the hottest neurons', () => {
  expect(splitOf({ ...fields, hot }, sizes, 30)).toMatchObject({ always: true, attention: 0.5, mlp: 0 });
  expect(splitOf({ ...fields, hot }, sizes, 70)).toMatchObject({ attention: 1, mlp: 0.25 });
  expect(splitOf({ ...fields, hot }, sizes, 500)).toMatchObject({ attention: 1, mlp: 1 });
  expect(splitOf({ ...fields, hot }, sizes, 9)).toMatchObject({ always: false, attention: 0, mlp: 0 });
});

test('alike neurons are spread evenly, and layers are not cut', () => {
  expect(splitOf(fields, sizes, 70)).toMatchObject({ attention: 0.5, mlp: 0.5 });
  expect(splitOf({ ...fields, split: 'layers' }, sizes, 99)).toMatchObject({ fastLayers: 2, mlp: 0.5 });
});

test('without fast bytes the CPU streams every weight but the embedding once a token, and nothing crosses the link', async () => {
  const metrics = await run({ fast_bytes: 0 });
  expect(metrics['traffic.pcie.h2d_bytes'] ?? 0).toBe(0);
  const read = metrics['memory.cpu.weight.peak_bytes']!;
  const seconds = metrics['time.decode_s']! / 2;
  expect(seconds).toBeGreaterThan((0.95 * read) / 67.2e9);
  expect(seconds).toBeLessThan((1.1 * read) / 67.2e9);
});

test('of activated neurons alone less is read', async () => {
  const dense = (await run({ fast_bytes: 0 }))['time.decode_s']!;
  const sparse = (await run({ fast_bytes: 0, activated: { mlp: 0.1, attention: 1 } }))['time.decode_s']!;
  expect(sparse / dense).toBeGreaterThan(0.35);
  expect(sparse / dense).toBeLessThan(0.5);
});

test('hotter neurons on the GPU leave less to the CPU', async () => {
  const activated = { mlp: 0.2, attention: 1 };
  const alike = await run({ activated, fast_bytes: 14e9 });
  const hottest = await run({ activated, hot, fast_bytes: 14e9 });
  expect(hottest['choice.fast_activations']!).toBeGreaterThan(alike['choice.fast_activations']!);
  expect(hottest['time.decode_s']!).toBeLessThan(alike['time.decode_s']!);
});

test('a published load stands in for what the order of placement gives, and moves no weights', async () => {
  const activated = { mlp: 0.2, attention: 1 };
  const order = await run({ activated, hot, fast_bytes: 14e9 });
  const less = await run({ activated, hot, fast_bytes: 14e9, fast_load: 0.5 });
  expect(order['choice.fast_activations']!).toBeGreaterThan(0.5);
  expect(less['choice.fast_activations']).toBe(0.5);
  expect(less['memory.gpu.weight.peak_bytes']).toBe(order['memory.gpu.weight.peak_bytes']);
  expect(less['time.decode_s']!).toBeGreaterThan(order['time.decode_s']!);
});

test('both units hold all weights between them, whatever the budget', async () => {
  const total = (await run({ fast_bytes: 0 }))['memory.cpu.weight.peak_bytes']!;
  for (const fast_bytes of [5e9, 12e9, 20e9]) {
    const metrics = await run({ fast_bytes, hot });
    const held = metrics['memory.cpu.weight.peak_bytes']! + metrics['memory.gpu.weight.peak_bytes']!;
    expect(held / total).toBeCloseTo(1, 9);
    expect(metrics['memory.gpu.weight.peak_bytes']!).toBeLessThanOrEqual(fast_bytes + 1);
  }
});

test('fewer bits are read in less time, and more of them fit the GPU', async () => {
  const wide = await run({ hot });
  const narrow = await run({ hot }, { weight_bits: 4 });
  expect(narrow['time.decode_s']!).toBeLessThan(wide['time.decode_s']! / 2);
});

test('unified memory has no cold side', async () => {
  const policy: Policy = { placement: fields };
  const program = buildProgram(
    {
      kind: 'generate',
      model: 'opt-1.3b',
      prompt: 8,
      output: 2,
      batch: 1,
      batches: 1,
      tensor_parallel: 1,
      pipeline_parallel: 1,
      attention_kernel: 'flash',
      activation_sparsity: 0,
      measured_as: 'full',
    },
    precisionOf(undefined),
    readModel,
  );
  const context = { machine: loadMachine('m1-max'), program, precision: precisionOf(undefined) };
  await expect(loadPlacement(policy, context)).rejects.toThrow(/no fast memory beside/);
});

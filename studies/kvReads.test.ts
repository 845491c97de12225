import { expect, it } from 'vitest';
import { resolvePreset } from '../policies/kv/index.ts';
import { kvMaker } from '../policies/kv/maker.ts';
import { readPreset } from '../policies/presets/load.ts';
import { generateFields } from '../workloads/generate/schema.ts';
import { buildProgram } from '../workloads/index.ts';
import { readModel } from '../workloads/models/load.ts';
import { kvReads } from './kvReads.ts';

const plain = { weight_bits: 16, kv_bits: 16, activation_bits: 16, group_size: 64, group_overhead_bits: 32 };
const fields = (output: number) =>
  generateFields({ model: 'llama2-7b', prompt: 1000, output, batch: 2, attention_kernel: 'flash' });
const metrics = (preset: string | null, output = 4) => {
  const maker =
    preset === null ? null : kvMaker(resolvePreset(readPreset(preset), { preset }, () => undefined, readPreset));
  return kvReads(buildProgram(fields(output), plain, readModel, maker));
};
const reads = (preset: string | null, output = 4) => metrics(preset, output)['memory.kv.step_read_bytes'];

it('is the whole cache without a policy, whatever follows the first step', () => {
  expect(reads(null)).toBe(2 * 32 * 2 * 1000 * 4096 * 2);
  expect(reads(null, 2)).toBe(reads(null, 9));
});

it('is what is chosen and the index that chooses', () => {
  // A tenth of the prompt, and half of one in twenty (1001 tokens have 51 clusters).
  expect(reads('squeezed-attention')! / reads(null)!).toBeCloseTo(0.1 + 51 / 2000, 12);
});

it('counts keys beside bytes: an entry of the index is one, whatever its width', () => {
  expect(metrics(null)['compute.step_keys']).toBe(1000);
  expect(metrics('squeezed-attention')['compute.step_keys']).toBe(100 + 51);
  // Four blocks of 50 and the last 250 tokens; 15 blocks lie on the host.
  expect(metrics('landmark')['compute.step_keys']).toBe(200 + 250 + 15);
});

it('is absent where nothing is decoded', () => {
  expect(reads(null, 1)).toBeUndefined();
});

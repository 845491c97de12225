import { describe, expect, test } from 'vitest';
import { readModel } from '../models/load.ts';
import { generateProgram } from './program.ts';
import { generateFields } from './schema.ts';

const precision = { weight_bits: 16, kv_bits: 16, activation_bits: 16, group_size: 64, group_overhead_bits: 32 };
const based = readModel('based-1b');
const program = (prompt: number, batch = 1) =>
  generateProgram(
    generateFields({ model: 'based-1b', prompt, output: 4, batch, attention_kernel: 'flash' }),
    based,
    precision,
  );

describe('a model with fixed states', () => {
  test('keeps as much of a long prompt as of a short one: states, windows and convolutions', () => {
    const linear = 7 * 16 * 273 * (112 + 1) * 2;
    const window = 7 * 2 * 256 * 1792 * 2;
    const convolution = 22 * 3584 * 3 * 2;
    expect(program(2048).summary.kv_bytes).toBe(linear + window + convolution);
    expect(program(8192).summary.kv_bytes).toBe(program(2048).summary.kv_bytes);
    expect(program(2048, 3).summary.kv_bytes).toBe(3 * program(2048).summary.kv_bytes);
  });

  test('computes prompts in time that grows with their length alone', () => {
    const flops = (prompt: number): number => program(prompt).summary.flops.prefill!.bf16!;
    expect(flops(16_384) / flops(8192)).toBeCloseTo(2, 1);
  });

  test('takes its state when the first pass begins, and no more', () => {
    const added = [...program(2048).segments()].flatMap(({ repeat, ops }) =>
      ops.flatMap(({ step, state }) => (state?.use?.added ?? []).map(({ bytes }) => ({ step, bytes: repeat * bytes }))),
    );
    expect(added.filter(({ step }) => step > 0)).toEqual([]);
    expect(added.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(program(2048).summary.kv_bytes);
  });
});

describe('hashed tables', () => {
  const memoryformer = readModel('memoryformer-tiny');
  const fields = generateFields({ model: 'memoryformer-tiny', prompt: 2048, output: 1, batch: 1, logits: 'last' });
  const { summary } = generateProgram(fields, memoryformer, precision);

  test('cost a multiply-add for each element of the rows they pick', () => {
    const attention = 2 * 2048 * 2048 * 512;
    const tables = 2048 * 64 * (3 * 512 + 640 + 512);
    const head = 512 * 50304;
    expect(summary.flops.prefill!.fp16).toBe(2 * (6 * (attention + tables) + head));
  });

  test('are read where some token picks a row', () => {
    const one = generateProgram({ ...fields, prompt: 1 }, memoryformer, precision).summary;
    expect(one.pass_weight_bytes!.prefill!).toBeLessThan(0.2 * summary.pass_weight_bytes!.prefill!);
  });
});

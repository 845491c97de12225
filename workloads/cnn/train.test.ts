import { describe, expect, test } from 'vitest';
import type { Training } from '../../sim/types/index.ts';
import { readAnyModel } from '../load.ts';
import { cnnProgram } from './build.ts';
import type { CnnWorkload } from './schema.ts';
import { trainedNetwork } from './train.ts';

const workload = (more: Partial<CnnWorkload>): CnnWorkload =>
  ({ kind: 'cnn', model: 'mobilenet_v2_1.0_224', batch: 2, dtype: 'fp32', mode: 'train', ...more }) as CnnWorkload;
const trained = (more: Partial<CnnWorkload> = {}): Training => {
  const fields = workload(more);
  return trainedNetwork(fields, cnnProgram(fields, readAnyModel(fields.model))).training!;
};
const savedOf = ({ layer }: Training): Readonly<Record<string, number>> =>
  Object.fromEntries(layer.ops.flatMap(({ saves }) => saves.map(({ name, bytes }) => [name, bytes])));

describe('a network in training', () => {
  const saved = savedOf(trained());

  test('a convolution keeps what it read, its normalisation what it made', () => {
    expect(saved['b2.expand.input']).toBe(4 * 2 * 16 * 112 * 112);
    expect(saved['b2.expand.norm']).toBe(4 * 2 * 96 * 112 * 112);
  });

  test('ReLU runs in place, h-swish keeps its input', () => {
    expect(saved['b2.expand.act']).toBeUndefined();
    const v3 = savedOf(trained({ model: 'mobilenet_v3_large_224' }));
    expect(v3['b11.expand.act']).toBe(v3['b11.expand.norm']);
    expect(v3['b2.expand.act']).toBeUndefined();
  });

  test('backward does its multiply-adds twice, and every parameter trains', () => {
    const { layer, model_flops } = trained();
    // Nobody asks for the gradient of the images.
    const stem = layer.ops[0]!.forward[0]!.flops;
    const flops = (of: 'forward' | 'backward' | 'weight_gradient') =>
      layer.ops.flatMap((op) => op[of]).reduce((sum, kernel) => sum + kernel.flops, 0);
    expect(flops('forward') + flops('backward') + flops('weight_gradient')).toBe(model_flops - stem);
    expect(layer.matrices.trained + layer.others.trained).toBe(3_504_872);
    const blocks = layer.ops.reduce((sum, { block }) => sum + block!.matrices + block!.others, 0);
    expect(blocks).toBe(3_504_872);
  });

  test('in 8 bits it is refused', () => {
    expect(() => trained({ dtype: 'int8' })).toThrow(/int8 has no gradients/);
  });
});

describe('exemplars in a byte budget', () => {
  const model = 'resnet32_32';
  const of = (budget_bytes: number, copies: Record<string, number> = {}) =>
    trained({ model, exemplars: { budget_bytes, copies } }).choices!;

  test('are what models in fp32 leave', () => {
    expect(of(463_504 * 4 + 3072 * 7 + 100)).toEqual({ exemplars: 7, exemplars_per_model: 603 });
    expect(of(463_504 * 4 + 351_488 * 4, { special: 2 })['exemplars']).toBe(0);
  });

  test('too small a budget and unknown blocks are refused', () => {
    expect(() => of(1000)).toThrow(/models alone take 1854016 bytes/);
    expect(() => of(1e9, { speciall: 2 })).toThrow(/speciall/);
  });
});

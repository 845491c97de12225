import { describe, expect, test } from 'vitest';
import { kernelSeconds } from '../../sim/resources/kernelTime.ts';
import type { ComputeUnit } from '../../sim/types/index.ts';
import { hyperKernels, linearKernel, type MixingShape, softmaxKernel, taylorFeatures } from './kernels.ts';

const shape: MixingShape = { dtype: 'bf16', batch: 2, heads: 4, key_width: 16, value_width: 64, element_bytes: 2 };
const hyper = { block: 256, sample: 256, min_tokens: 4096 };

describe('softmax', () => {
  test('computes two products of every pair, half of them where keys follow no query', () => {
    const square = 2 * 4 * 1024 * 1024;
    expect(softmaxKernel(shape, 1024, 1024, false).flops).toBe(2 * square * (16 + 64));
    expect(softmaxKernel(shape, 1024, 1024, true).flops).toBe(square * (16 + 64));
  });
});

describe('linear attention', () => {
  test('counts 2 b n h D and 4 b n h d D', () => {
    const features = taylorFeatures(16);
    expect(features).toBe(273);
    expect(linearKernel(shape, 100, features, false).flops).toBe(2 * 100 * 4 * 273 * (2 + 4 * 64));
  });

  test('reads and writes its state only where it is carried from step to step', () => {
    expect(linearKernel(shape, 100, 273, false).operand_bytes).toBe(0);
    expect(linearKernel(shape, 1, 273, true).operand_bytes).toBe(2 * (2 * 4 * 273 * 65) * 2);
  });

  const unit: ComputeUnit = {
    id: 'gpu',
    memory: 'gpu',
    peak_flop_per_s: { bf16: 1e14 },
    efficiency: {},
    memory_efficiency: [],
    launch_s: 0,
    roofline_exponent: 2,
    linear_attention: { fraction: 0.1, stream_flop_per_s: 1e12 },
  };
  const seconds = (batch: number, tokens: number, on = unit): number =>
    kernelSeconds(on, Number.POSITIVE_INFINITY, linearKernel({ ...shape, batch }, tokens, 273, false));

  test('one stream takes its own time, many share the unit', () => {
    const one = 1000 * 273 * (2 + 4 * 64);
    const streams = 4;
    expect(seconds(1, 1000)).toBeCloseTo(Math.hypot((streams * one) / 1e13, one / 1e12), 12);
    expect(seconds(1000, 1000) / seconds(500, 1000)).toBeCloseTo(2, 2);
    expect(seconds(1, 2000) / seconds(1, 1000)).toBeCloseTo(2, 9);
    // A sharp knee leaves the longer of the two.
    const sharp = { ...unit, linear_attention: { fraction: 0.1, stream_flop_per_s: 1e12, exponent: 1e3 } };
    expect(seconds(1, 1000, sharp)).toBeCloseTo(one / 1e12, 12);
  });
});

describe('HyperAttention', () => {
  test('is exact on short causal squares', () => {
    expect(hyperKernels(shape, 4096, true, hyper)).toEqual([softmaxKernel(shape, 4096, 4096, true)]);
  });

  test('cuts a causal square into two halves and a full square below the diagonal', () => {
    const flops = (kernels: readonly { name: string; flops: number }[]): number =>
      kernels.filter(({ name }) => name === 'flash').reduce((sum, kernel) => sum + kernel.flops, 0);
    const halves = 2 * softmaxKernel(shape, 4096, 4096, true).flops;
    const below = 2 * 4 * 4096 * (256 + 256) * 2 * (16 + 64);
    expect(flops(hyperKernels(shape, 8192, true, hyper))).toBe(halves + below);
  });

  test('grows with the tokens, not with their square', () => {
    const flops = (tokens: number): number =>
      hyperKernels(shape, tokens, false, hyper).reduce((sum, kernel) => sum + kernel.flops, 0);
    expect(flops(65_536) / flops(32_768)).toBeCloseTo(2, 9);
  });

  const bytesOf = (name: string, tokens: number, heads: number): number =>
    hyperKernels({ ...shape, batch: 1, heads }, tokens, false, hyper)
      .filter((kernel) => kernel.name === name)
      .reduce((sum, { activation_bytes }) => sum + activation_bytes, 0) /
    (heads * tokens);

  test('sorts as torch.sort does: many rows one a block, few as one, short ones at once', () => {
    // Three orders. 11 passes of 6 bits: 8 + 16 + 16 bytes each, and the values.
    expect(bytesOf('sort', 8192, 128)).toBe(3 * (11 * 40 + 8));
    // 8 passes of 8 bits over pairs and one over rows, their histograms, places before and four words after.
    expect(bytesOf('sort', 8192, 32)).toBe(3 * (8 + 8 * 32 + 8 + 16 + 8 + 32));
    expect(bytesOf('sort', 4096, 512)).toBe(3 * (16 + 8 + 32));
  });

  test('passes a row seven times where two outputs are joined, and once more for each of what weighs it', () => {
    // 16-bit rows of `value_width`; 64 bytes of sums and weights, and 8 to raise the sample's.
    expect(bytesOf('join', 8192, 32)).toBe(7 * 2 * shape.value_width + 64 + 8);
  });
});

import { expect, test } from 'vitest';
import type { Kernel } from '../../sim/types/index.ts';
import { type AttentionKernels, fused, type GpuAttention, unfused } from './gpuKernels.ts';

const shape: GpuAttention = {
  instances: 2,
  sequence: 128,
  width: 16,
  element_bytes: 2,
  backward: false,
  mask: false,
  causal: false,
  dropout: false,
};
const sum = (kernels: AttentionKernels, of: (kernel: Kernel) => number) =>
  [...kernels.forward, ...kernels.backward].reduce((total, kernel) => total + of(kernel), 0);
const bytes = (kernels: AttentionKernels) => sum(kernels, ({ activation_bytes }) => activation_bytes);
const flops = (kernels: AttentionKernels) => sum(kernels, (kernel) => kernel.flops);
const matrix = 2 * 128 * 128 * 2;
const rows = 2 * 128 * 16 * 2;
const product = 2 * 2 * 128 * 128 * 16;

test('un-fused forward moves four matrices of scores and twelve of rows', () => {
  // Scores written and read by softmax, weights written and read; four rows of products, four copies of two.
  expect(bytes(unfused(shape))).toBe(4 * matrix + 12 * rows);
  expect(flops(unfused(shape))).toBe(2 * product);
});

test('masks and dropout are passes of their own, forward and backward', () => {
  const plain = unfused({ ...shape, backward: true });
  expect(bytes(plain)).toBe((4 + 7) * matrix + (12 + 16) * rows);
  const more = (fields: Partial<GpuAttention>) =>
    bytes(unfused({ ...shape, backward: true, ...fields })) - bytes(plain);
  expect(more({ mask: true })).toBe((2 + 4) * matrix);
  expect(more({ mask: true, causal: true })).toBe(2 * (2 + 4) * matrix);
  expect(more({ dropout: true })).toBe(2 * (2 * matrix + matrix / 2));
  expect(flops(plain)).toBe(6 * product);
});

test('fused moves no scores: K and V once, Q for every block of them, outputs out and back until they are whole', () => {
  const statistics = 2 * 128 * 4;
  // 8 KiB are 4096 elements, so blocks have 64 rows and there are two of them.
  const forward = (2 + 2 + 1 + 2) * rows + 3 * statistics;
  expect(bytes(fused(shape, 8192))).toBe(forward);
  // K, V and their gradients, Q and dO twice, O, dQ out, back and out.
  expect(bytes(fused({ ...shape, backward: true }, 8192))).toBe(forward + (4 + 4 + 1 + 3) * rows + 4 * statistics);
  expect(flops(fused({ ...shape, backward: true }, 8192))).toBe(7 * product);
});

test('a released kernel says its own keys of a block and keeps partial outputs wider', () => {
  const law = { forward: 0.4, backward: 0.4, key_rows: 32, partial_bytes: 4 };
  // Four blocks, so three rounds of outputs of twice the width.
  expect(bytes(fused(shape, 8192, law))).toBe((2 + 4 + 1 + 2 * 3 * 2) * rows + 7 * 2 * 128 * 4);
});

test('a causal mask leaves out the blocks whose keys all come later', () => {
  const law = { forward: 0.4, backward: 0.4, key_rows: 32 };
  // Of four blocks the rows see 4, 3, 2 and 1 quarters: 2.5 of 4 visits, 1.5 with a partial output.
  const causal = fused({ ...shape, causal: true }, 8192, law);
  expect(bytes(causal)).toBe((2 + 2.5 + 1 + 2 * 1.5) * rows + 4 * 2 * 128 * 4);
  expect(flops(causal)).toBe((2.5 / 4) * 2 * product);
});

test('gradients that are added up are read with the sums so far, and the sums written', () => {
  for (const kernels of [unfused, (fields: GpuAttention) => fused(fields, 8192)]) {
    const once = kernels({ ...shape, backward: true });
    const added = kernels({ ...shape, backward: true, accumulate: true });
    expect(bytes(added) - bytes(once)).toBe(9 * rows);
    expect(bytes({ forward: added.forward, backward: [] })).toBe(bytes({ forward: once.forward, backward: [] }));
  }
});

test('what the cache holds of a thread block is neither read again nor written before the end', () => {
  const law = { forward: 0.4, backward: 0.4, key_rows: 32, partial_bytes: 4, forward_blocks: 1 };
  const statistics = 2 * 128 * 4;
  // Q, K, V and outputs once, the last partial outputs and sums written back when they are no longer needed.
  const held = (4 + 2) * rows + 2 * statistics;
  expect(bytes(fused(shape, 8192, law, 2 ** 20))).toBe(held);
  // Two blocks at once come back to twice as much, which a cache of the size of one holds in part.
  const ofOne = (3 * rows + statistics) / 2;
  expect(bytes(fused(shape, 8192, law, ofOne))).toBe(held);
  const shared = bytes(fused(shape, 8192, { ...law, forward_blocks: 2 }, ofOne));
  expect(shared).toBeGreaterThan(held);
  expect(shared).toBeLessThan(bytes(fused(shape, 8192, law)));
  // Of three blocks the last runs by itself.
  const three = { ...shape, instances: 3 };
  const alone = bytes(fused({ ...shape, instances: 1 }, 8192, law, ofOne));
  expect(bytes(fused(three, 8192, { ...law, forward_blocks: 2 }, ofOne))).toBeCloseTo(shared + alone, 6);
});

test('thread blocks run in rounds, and a part of one takes as long as a whole one', () => {
  const rate = (instances: number, dropout = false) =>
    fused({ ...shape, instances, dropout }, 8192, { forward: 0.4, backward: 0.4, dropout: 0.8, forward_blocks: 10 })
      .forward[0]!.rate_share;
  expect([5, 10, 11, 20].map((instances) => rate(instances))).toEqual([0.5, 1, 0.55, 1]);
  expect(rate(20, true)).toBe(0.8);
});

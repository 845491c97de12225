import { expect, test } from 'vitest';
import type { Kernel } from '../../sim/types/index.ts';
import { fused, type GpuAttention, unfused } from './gpuKernels.ts';

const shape: GpuAttention = {
  instances: 2,
  sequence: 128,
  width: 16,
  element_bytes: 2,
  backward: false,
  mask: false,
  dropout: false,
};
const bytes = (kernels: readonly Kernel[]) => kernels.reduce((sum, kernel) => sum + kernel.activation_bytes, 0);
const flops = (kernels: readonly Kernel[]) => kernels.reduce((sum, kernel) => sum + kernel.flops, 0);
const matrix = 2 * 128 * 128 * 2;
const rows = 2 * 128 * 16 * 2;
const product = 2 * 2 * 128 * 128 * 16;

test('un-fused forward moves four matrices of scores and four of rows', () => {
  expect(bytes(unfused(shape))).toBe(4 * matrix + 4 * rows);
  expect(flops(unfused(shape))).toBe(2 * product);
});

test('mask and dropout are passes of their own, forward and backward', () => {
  const all = unfused({ ...shape, backward: true, mask: true, dropout: true });
  const plain = unfused({ ...shape, backward: true });
  expect(bytes(plain)).toBe((4 + 7) * matrix + 12 * rows);
  expect(bytes(all) - bytes(plain)).toBe(2 * (2 * matrix + 2 * matrix + matrix / 2));
  expect(flops(all)).toBe(6 * product);
});

test('fused moves no scores: K and V once, the rest once for every block of K and V', () => {
  const statistics = 2 * 128 * 8;
  // 8 KiB are 4096 elements, so blocks have 64 rows and there are two of them.
  expect(bytes(fused(shape, 8192))).toBe(2 * rows + 2 * (3 * rows + 2 * statistics));
  expect(bytes(fused({ ...shape, backward: true }, 8192))).toBe(6 * rows + 2 * (8 * rows + 3 * statistics));
  expect(flops(fused({ ...shape, backward: true }, 8192))).toBe(7 * product);
});

test('a scratchpad twice as large halves the passes, until one block holds all keys', () => {
  const at = (size: number) => bytes(fused(shape, size));
  expect(at(2048) - at(4096)).toBeCloseTo(2 * (at(4096) - at(8192)), 6);
  expect(at(1 << 20)).toBe(at(16_384));
});

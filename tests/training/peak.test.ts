import { describe, expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import type { Metrics } from '../../sim/types/index.ts';
import { step } from './step.ts';

/** Is the peak that is counted the peak of the allocator's requests? */

const caching = { kind: 'caching', expandable_segments: false } as const;
const a100 = loadMachine('a100-80g');
const t5 = {
  model: 't5-base',
  seq: 128,
  target: 4,
  batch: 32,
  microbatch: 32,
  tensor_parallel: 1,
  dtype: 'fp32',
  fused: false,
} as const;
const fp32 = { kind: 'adam', weight_bits: 32, gradient_bits: 32, master_bits: 0, moment_bits: 32 } as const;
const peaks = (metrics: Metrics): [counted: number, live: number] => [
  metrics['memory.gpu.peak_bytes']!,
  metrics['memory.gpu.live_peak_bytes']!,
];

describe('the counted peak equals what the allocator has live, but for its rounding', () => {
  test.each([
    ['everything kept', {}, {}],
    ['layers again', {}, { activations: { kind: 'full' } }],
    ['attention again', {}, { activations: { kind: 'selective' } }],
    [
      'long sequences, fused attention, a chunked loss',
      { seq: 65536, batch: 1, microbatch: 1, attention_kernel: 'flash', loss: 'chunked' },
      {},
    ],
    ['activations on the host', { attention_kernel: 'flash' }, { activations: { kind: 'offload' } }],
  ] as const)('%s', (_, more, policy) => {
    const [counted, live] = peaks(step({ ...more, allocator: caching }, policy));
    expect(Math.abs(counted / live - 1)).toBeLessThan(0.01);
  });

  test.each([
    ['every weight trained', fp32],
    ['with gradients that the update frees', { ...fp32, release_gradients: true }],
  ] as const)('an encoder and a decoder, %s', (_, optimizer) => {
    const [counted, live] = peaks(step({ ...t5, allocator: caching }, { optimizer }, a100));
    expect(Math.abs(counted / live - 1)).toBeLessThan(0.01);
  });
});

test('gradients that are freed leave forward what they held', () => {
  const [kept] = peaks(step(t5, { optimizer: fp32 }, a100));
  const [freed] = peaks(step(t5, { optimizer: { ...fp32, release_gradients: true } }, a100));
  expect(kept - freed).toBe(4 * 222_903_552);
  const metrics = step(t5, { optimizer: { ...fp32, release_gradients: true } }, a100);
  const kinds = ['weight', 'gradient', 'optimizer', 'activation', 'workspace'];
  const sum = kinds.reduce((total, kind) => total + (metrics[`memory.gpu.${kind}.peak_bytes`] ?? 0), 0);
  expect(sum).toBe(metrics['memory.gpu.peak_bytes']);
});

test('a returned cache stands beside all that forward keeps', () => {
  const [without] = peaks(step(t5, { optimizer: fp32 }, a100));
  const [with_] = peaks(step({ ...t5, returns_cache: true }, { optimizer: fp32 }, a100));
  const cache = 12 * 2 * 4 * 32 * (128 + 4) * 768;
  expect(with_).toBeGreaterThan(without);
  expect(with_ - without).toBeLessThan(cache);
});

import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { readModel } from '../models/load.ts';
import { weightShapes } from '../models/weights.ts';
import { walkAttention } from './attention.ts';
import { decodeWork } from './attentionLaw.ts';
import type { Setting, Step } from './setting.ts';

const PLAIN = { weight_bits: 16, kv_bits: 16, activation_bits: 16, group_size: 64, group_overhead_bits: 32 };

const KERNELS = {
  eager: {},
  fused_softmax: { fused_softmax: true },
  flash: { fused: true },
  paged: { fused: true, groups: 'paged' },
  expanded: { fused: true, groups: 'expanded' },
} as const;

it.each(['opt-1.3b', 'llama3-8b', 'gpt-j-6b', 'bloom-176b'])('%s: the law gives what the walk gives', (id) => {
  const model = readModel(id);
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(KERNELS)),
      fc.constantFrom(16, 4),
      fc.integer({ min: 1, max: 64 }),
      fc.double({ min: 1, max: 200_000, noNaN: true }),
      fc.option(
        fc.record({
          read_bytes_per_token: fc.double({ min: 1, max: 1e6, noNaN: true }),
          cached_heads: fc.constantFrom(1, model.kv_heads),
          scratch_bytes: fc.constantFrom(0, 1, 1e9),
        }),
      ),
      (kernel, kv_bits, batch, context, use) => {
        const precision = { ...PLAIN, kv_bits };
        const setting = {
          ...{ model, devices: 1, precision, batch, fused: false, fused_softmax: false, groups: 'shared' },
          ...{ score_bytes: 2, activation_sparsity: 0, logits: 'last' },
          ...kernel,
        } as unknown as Setting;
        const step = {
          ...{ phase: 'decode', step: 3, tokens: 1, context },
          ...(use && { use: { ...use, pair_share: 1, kernels: [] } }),
        } as unknown as Step;
        const weights = weightShapes(model).attention;
        const walk = walkAttention(setting, step, weights);
        if (use && use.scratch_bytes > 0) walk.take({ selected: use.scratch_bytes });
        const [law, plain] = [decodeWork(step, weights, (at) => walkAttention(setting, at, weights)), walk.work()];
        expect(law.scratch_bytes / (1 + plain.scratch_bytes)).toBeCloseTo(
          plain.scratch_bytes / (1 + plain.scratch_bytes),
          9,
        );
        expect(law.kernels.length).toBe(plain.kernels.length);
        for (const [i, kernelOf] of plain.kernels.entries()) {
          for (const [field, value] of Object.entries(kernelOf)) {
            const given = law.kernels[i]![field as 'flops'];
            if (typeof value === 'number') expect((1 + given) / (1 + value)).toBeCloseTo(1, 9);
            else expect(given).toEqual(value);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

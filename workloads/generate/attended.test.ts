import { describe, expect, it } from 'vitest';
import type { Kernel, KvUse } from '../../sim/types/index.ts';
import { readModel } from '../models/load.ts';
import { weightShapes } from '../models/weights.ts';
import { AttendedWorks } from './attended.ts';
import { attentionWork } from './attention.ts';
import type { Setting, Step } from './setting.ts';

const model = readModel('opt-1.3b');
const weights = weightShapes(model).attention;
const setting: Setting = {
  model,
  devices: 1,
  precision: { weight_bits: 16, kv_bits: 16, activation_bits: 16, group_size: 64, group_overhead_bits: 32 },
  batch: 2,
  fused: false,
  groups: null,
  fused_softmax: false,
  score_bytes: 2,
  activation_sparsity: 0,
  logits: 'last',
};
const kernel: Kernel = {
  name: 'select',
  part: 'attention',
  dtype: 'fp16',
  flops: 1,
  operand_bytes: 2,
  activation_bytes: 3,
  launches: 4,
};
const use: KvUse = {
  read_tokens: 100,
  read_bytes_per_token: 8192,
  write_tokens: 1,
  write_bytes_per_token: 8192,
  pair_share: 1,
  kernels: [kernel],
  scratch_bytes: 0,
  replaced_tokens: 0,
  index_read_bytes: 0,
  side_tensors: 0,
  cached_heads: model.kv_heads,
  heads_per_token: 2 * model.heads,
  freed_before: [],
  added: [],
  freed: [],
  fetches: [],
  stores: [],
};
const pass = (changed: Partial<KvUse> = {}, over: Partial<Step> = {}): Step => ({
  phase: 'decode',
  step: 3,
  tokens: 1,
  context: 100,
  use: { ...use, ...changed },
  ...over,
});

describe('the works of attention under a KV policy', () => {
  it('are one object for equal uses of different passes', () => {
    const works = new AttendedWorks(setting);
    const first = works.at(pass(), weights);
    const later = pass({ kernels: [{ ...kernel }], freed: [], write_tokens: 0 }, { step: 9 });
    expect(works.at(later, weights)).toBe(first);
  });

  it.each<[string, Step]>([
    ['bytes of a token', pass({ read_bytes_per_token: 4096 })],
    ['share of pairs', pass({ pair_share: 0.5 })],
    ['scratch', pass({ scratch_bytes: 2 ** 40 })],
    ['kernels', pass({ kernels: [{ ...kernel, launches: 5 }] })],
    ['a field that only one kernel has', pass({ kernels: [{ ...kernel, batched: true }] })],
    ['no kernels', pass({ kernels: [] })],
    ['context', pass({}, { context: 101 })],
    ['new tokens', pass({}, { tokens: 2 })],
    ['phase', pass({}, { phase: 'prefill' })],
  ])('differ where the %s does', (_, step) => {
    const works = new AttendedWorks(setting);
    const first = works.at(pass(), weights);
    expect(works.at(step, weights)).toEqual(attentionWork(setting, step, weights));
    expect(works.at(step, weights)).not.toEqual(first);
  });
});

import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../input/index.ts';
import type { TrainBody } from '../../sim/types/index.ts';
import { readModel } from '../models/load.ts';
import { parameterCount } from '../models/model.ts';
import { trainProgram, trainSchema } from './index.ts';

const FIELDS = { kind: 'train', model: 't5-base', seq: 128, target: 4, batch: 2, microbatch: 2, dtype: 'fp32' };
const training = (more: object = {}) => {
  const fields = v.parse(trainSchema, { ...FIELDS, fused: false, ...more });
  return trainProgram(fields, readModel(fields.model)).training!;
};
const bytesOf = ({ ops }: TrainBody, ...names: string[]): number =>
  ops
    .flatMap(({ saves }) => saves)
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .reduce((sum, { bytes }) => sum + bytes, 0);

test.each([
  ['t5-base', 222_903_552],
  ['t5-large', 737_668_096],
  ['t5-v1.1-base', 247_577_856],
  ['t5-v1.1-large', 783_150_080],
])('%s has exactly its published parameters, and a step trains all of them', (model, count) => {
  expect(parameterCount(readModel(model))).toBe(count);
  const { embed, encoder, layer, layers, head } = training({ model });
  const trained = ({ matrices, others }: TrainBody) => matrices.trained + others.trained;
  const stacks = encoder!.layers * trained(encoder!.layer) + trained(encoder!.end) + layers * trained(layer);
  expect(trained(embed) + stacks + trained(head)).toBe(count);
});

describe('a layer of the encoder', () => {
  const { encoder } = training();
  test('keeps 42 h + 9 f + 9 a s bytes a token in fp32, dropouts and eager norms included', () => {
    const [h, f, a, s] = [768, 3072, 12, 128];
    expect(bytesOf(encoder!.layer)).toBe(2 * 128 * (42 * h + 9 * f + 9 * a * s));
  });
});

test('a softmax that keeps its input keeps a score matrix more, and the logits', () => {
  const { encoder, head } = training({ keeps_softmax_input: true });
  expect(bytesOf(encoder!.layer, 'softmax_input')).toBe(4 * 2 * 12 * 128 * 128);
  expect(bytesOf(head, 'loss_input')).toBe(4 * 2 * 4 * 32128);
});

describe('a layer of the decoder', () => {
  test('keeps keys and values of every token of the source, and scores of target x source pairs', () => {
    const { layer } = training();
    expect(bytesOf(layer, 'cross_key', 'cross_value')).toBe(2 * 4 * 2 * 128 * 768);
    expect(bytesOf(layer, 'cross_softmax_output')).toBe(4 * 2 * 12 * 4 * 128);
  });

  test('returns its keys and values where asked to', () => {
    expect(training().layer.returned_bytes).toBeUndefined();
    expect(training({ returns_cache: true }).layer.returned_bytes).toBe(2 * 4 * 2 * (128 + 4) * 768);
  });
});

test('model FLOPs count source and target tokens by what each passes through', () => {
  const { model_flops } = training();
  const [h, f, s, t, L, b] = [768, 3072, 128, 4, 12, 2];
  const layer = 4 * h * h + 2 * h * f;
  const encoder = s * L * (layer + 2 * h * s);
  const cross = L * (t * (2 * h * h + 2 * h * s) + s * 2 * h * h);
  const decoder = t * (L * (layer + 2 * h * t) + 32128 * h);
  expect(model_flops).toBe(6 * b * (encoder + cross + decoder));
});

test.each([
  ['a target without an encoder', { model: 'gpt-350m' }, /gpt-350m has no encoder/],
  ['an encoder without a target', { target: undefined }, /has an encoder/],
  ['fused attention with relative positions', { attention_kernel: 'flash' }, /relative positions of t5-base/],
  ['a pipeline', { pipeline_parallel: 2 }, /pipeline_parallel/],
  [
    'a returned cache beside fused attention',
    { model: 'gpt-350m', target: undefined, attention_kernel: 'flash', returns_cache: true },
    /returns_cache/,
  ],
])('%s is refused', (_, more, message) => {
  expect(() => training(more)).toThrow(InputError);
  expect(() => training(more)).toThrow(message);
});

describe('what frameworks keep of a decoder', () => {
  const llama = (more: object) =>
    training({ model: 'llama2-7b', target: undefined, seq: 64, dtype: 'bf16', attention_kernel: 'flash', ...more });
  const [tokens, h, vocab] = [2 * 64, 4096, 32000];

  test('norms in fp32 keep that many tensors of four bytes, and of 16 bits without', () => {
    const kept = (more: object) => bytesOf(llama(more).layer, 'norm1_input', 'norm1_copy');
    expect(kept({ fused: true })).toBe(2 * tokens * h);
    expect(kept({})).toBe(4 * tokens * h);
    expect(kept({ fused: true, norm_fp32_tensors: 1 })).toBe(4 * tokens * h);
    expect(kept({ norm_fp32_tensors: 2 })).toBe(8 * tokens * h);
  });

  test('fp32 copies go to the caller, and logits that stay narrow are kept as the loss shifts them', () => {
    const { layer, head } = llama({ returns_fp32: true });
    expect(layer.returned_bytes).toBe(2 * 4 * tokens * h);
    expect(head.returned_bytes).toBe(4 * tokens * vocab);
    const narrow = llama({ returns_fp32: true, narrow_logits: true }).head;
    expect(narrow.returned_bytes).toBe(6 * tokens * vocab);
    expect(bytesOf(narrow, 'shifted_logits')).toBe(2 * tokens * vocab);
  });
});

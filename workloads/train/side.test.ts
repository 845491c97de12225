import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../input/index.ts';
import type { TrainBody } from '../../sim/types/index.ts';
import { readModel } from '../models/load.ts';
import { trainProgram, trainSchema } from './index.ts';

const FIELDS = { kind: 'train', model: 't5-base', seq: 128, target: 4, batch: 2, microbatch: 2, dtype: 'fp32' };
const training = (more: object = {}) => {
  const fields = v.parse(trainSchema, { ...FIELDS, fused: false, ...more });
  return trainProgram(fields, readModel(fields.model)).training!;
};
const FUSION = { kind: 'fusion', reduction: 8, source_taps: 10, taps: 9, late_layers: 1 };
const LADDER = { kind: 'ladder', reduction: 8, source_taps: 9, taps: 9 };
const trained = ({ matrices, others }: TrainBody) => matrices.trained + others.trained;
const bytesOf = ({ ops }: TrainBody, name: string): number =>
  ops
    .flatMap(({ saves }) => saves)
    .filter((one) => one.name === name)
    .reduce((sum, { bytes }) => sum + bytes, 0);

describe('a fusion', () => {
  const { layer, encoder, embed, head, layers, trunk_layers } = training({ side: FUSION });

  test('trains its thin matrices alone: h d + 2 d d and biases for each hidden state, the scores, d h to widen, a norm', () => {
    const [h, d] = [768, 96];
    const stack = (taps: number) => taps * (h * d + 2 * d * d + 3 * d) + (d + 1) + (d * h + h) + 1 + h;
    expect(trained(encoder!.end)).toBe(stack(10));
    expect(trained(head)).toBe(stack(9));
    expect(trained(layer) + trained(encoder!.layer) + trained(embed)).toBe(0);
  });

  test('gradients never enter the layers under it, which keep nothing', () => {
    expect(encoder!.layer.ops.every(({ backward, saves }) => backward.length + saves.length === 0)).toBe(true);
    expect(layers - trunk_layers).toBe(1);
  });

  test('the late layer passes gradients through frozen weights', () => {
    expect(layer.ops.every(({ weight_gradient }) => weight_gradient.length === 0)).toBe(true);
    expect(bytesOf(layer, 'up_input')).toBe(0);
    expect(bytesOf(layer, 'cross_key')).toBe(4 * 2 * 128 * 768);
  });

  test('keeps each hidden state it takes, and three thin copies of it', () => {
    expect(bytesOf(encoder!.end, 'side_taps_input')).toBe(10 * 4 * 2 * 128 * 768);
    for (const name of ['side_tapped', 'side_sum', 'side_sigmoid'])
      expect(bytesOf(encoder!.end, name)).toBe(10 * 4 * 2 * 128 * 96);
  });
});

describe('a ladder', () => {
  const { layer, encoder, layers, trunk_layers } = training({ side: LADDER, returns_cache: true });

  test('has whole score matrices in thin layers, and takes the embeddings beside a hidden state a layer', () => {
    expect(bytesOf(encoder!.end, 'side0_softmax_output')).toBe(4 * 2 * 12 * 128 * 128);
    expect(bytesOf(encoder!.end, 'side8_query')).toBe(4 * 2 * 128 * 96);
    expect(bytesOf(encoder!.end, 'side_taps_input')).toBe(10 * 4 * 2 * 128 * 768);
  });

  test('leaves no layer of the model to backward, and returns thin keys and values too', () => {
    expect(trunk_layers).toBe(layers);
    const cache = 2 * 4 * 2 * (128 + 4) * 768;
    expect(layer.returned_bytes).toBe(cache + ((cache / 8) * 9) / 12);
  });
});

test('does less work than training the model, and more than running it', () => {
  const whole = training().model_flops;
  for (const side of [FUSION, LADDER]) {
    expect(training({ side }).model_flops).toBeLessThan(0.5 * whole);
    expect(training({ side }).model_flops).toBeGreaterThan(whole / 3);
  }
});

test.each([
  ['a width that does not divide', { ...FUSION, reduction: 7 }, /768 does not divide by 7/],
  ['late layers under a ladder', { ...LADDER, late_layers: 1 }, /a ladder ends in its own layers/],
  ['more hidden states than there are', { ...FUSION, taps: 14 }, /14 hidden states of 12 layers/],
  ['an encoder without a number of them', { kind: 'fusion', reduction: 8, taps: 9 }, /has an encoder/],
])('%s is refused', (_, side, message) => {
  expect(() => training({ side })).toThrow(InputError);
  expect(() => training({ side })).toThrow(message);
});

import { expect, test } from 'vitest';
import { liteNetwork } from './network.ts';
import { decodeOfflinePlan, encodeOfflinePlan, OFFLINE_PLAN } from './offlinePlan.ts';
import type { LiteModel } from './schema.ts';

test('an offline plan is read as it was written, and refused when damaged', () => {
  const offsets = [0, null, 4096, 16];
  expect(decodeOfflinePlan(encodeOfflinePlan(offsets))).toEqual(offsets);
  expect(Array.from(encodeOfflinePlan([0, null]))).toEqual([
    1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255,
  ]);
  const bytes = encodeOfflinePlan(offsets);
  expect(() => decodeOfflinePlan(bytes.slice(0, -4))).toThrow('holds 3 offsets');
  expect(() => decodeOfflinePlan(bytes.slice(0, 7))).toThrow('cut off');
});

test('the plan of a model fixes the addresses of its tensors', () => {
  const tensor = { shape: [1, 4, 4, 8], bits: 8, constant: false, variable: false, data: new Uint8Array() };
  const model: LiteModel = {
    description: 'made up',
    tensors: ['in', 'middle', 'out'].map((name) => ({ ...tensor, name })),
    inputs: [0],
    outputs: [2],
    operators: [0, 1].map((i) => ({
      op: 'relu',
      inputs: [i],
      outputs: [i + 1],
      stride: [1, 1],
      same: true,
      filter: [1, 1],
    })),
    metadata: new Map([[OFFLINE_PLAN, encodeOfflinePlan([null, 256, null])]]),
  };
  expect(liteNetwork(model, 'x', 1).tensors.map(({ offset_bytes }) => offset_bytes)).toEqual([
    undefined,
    256,
    undefined,
  ]);
  expect(liteNetwork(model, 'x', 2).tensors.every(({ offset_bytes }) => offset_bytes === undefined)).toBe(true);
});

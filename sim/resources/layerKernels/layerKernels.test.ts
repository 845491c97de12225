import { expect, test } from 'vitest';
import type { LayerCosts, LayerKernels } from '../../types/machine.ts';
import type { Kernel, LayerWork } from '../../types/program.ts';
import { layerSeconds } from './index.ts';
import { ne16Cycles, ne16ProductCycles } from './ne16.ts';

const layer = (fields: Partial<LayerWork>): LayerWork => ({
  kind: 'conv',
  share: 1,
  multiply_adds: 0,
  outputs: 0,
  inputs: 0,
  window_elements: 0,
  made: [1, 1, 1],
  read_channels: 1,
  taps: 1,
  ...fields,
});
const kernel = (layer: LayerWork): Kernel => ({
  name: 'layer',
  part: 'other',
  dtype: 'int8',
  flops: 0,
  operand_bytes: 0,
  activation_bytes: 0,
  launches: 1,
  layer,
});
const nothing = { multiply_add: 0, output: 0, window: 0, input: 0 };
const costs: LayerCosts = {
  conv: { multiply_add: 2, output: 30, window: 3, input: 5 },
  pointwise: { multiply_add: 1, output: 0, window: 0, input: 0 },
  depthwise: nothing,
  dense: nothing,
  add: nothing,
  pool: nothing,
  other: nothing,
};
const counted: LayerKernels = { law: { kind: 'counted', costs }, per_s: 1000 };

test('a counted layer takes each of its elements at their instructions', () => {
  const work = layer({ multiply_adds: 100, outputs: 10, window_elements: 7, inputs: 4 });
  expect(layerSeconds(counted, kernel(work), work)).toBeCloseTo((200 + 300 + 21 + 20) / 1000, 12);
  const pointwise = layer({ kind: 'pointwise', multiply_adds: 100, outputs: 10 });
  expect(layerSeconds(counted, kernel(pointwise), pointwise)).toBeCloseTo(0.1, 12);
});

test('a patch takes its share', () => {
  const work = layer({ multiply_adds: 100, share: 0.25 });
  expect(layerSeconds(counted, kernel(work), work)).toBeCloseTo(0.05, 12);
});

/** Three transfers programmed, then the cycles of one tile by hand. */
const SETUP = 3 * 920;

test('NE16 makes one pointwise tile of 32 channels from each 16 that it reads', () => {
  // A block: load 10 + 9, offset 6, product 6 + 32, next 2. Then rescale 8 + 9 + 32 + 8 + 4 and stream out 4 + 9.
  const one = layer({ kind: 'pointwise', made: [32, 3, 3], read_channels: 16 });
  expect(ne16Cycles(one, 0)).toBe(SETUP + 65 + 61 + 13);
  expect(ne16Cycles({ ...one, read_channels: 64 }, 0)).toBe(SETUP + 4 * 65 + 61 + 13);
  expect(ne16Cycles({ ...one, made: [32, 4, 3] }, 0)).toBe(SETUP + 2 * (65 + 61 + 13));
});

test('NE16 feeds weights of 3 x 3 kernels bit by bit, and of a depthwise tile for 16 channels', () => {
  expect(ne16Cycles(layer({ made: [32, 3, 3], read_channels: 16, taps: 9 }), 0)).toBe(
    SETUP + (31 + 6 + 6 + 256 + 2) + 61 + 13,
  );
  expect(ne16Cycles(layer({ kind: 'depthwise', made: [16, 3, 3], taps: 9 }), 0)).toBe(
    SETUP + 31 + 6 + 16 + 6 + 128 + 2 + (8 + 9 + 16 + 8 + 2) + 13,
  );
});

test('NE16 waits for eight bytes a cycle where its tiles are quicker', () => {
  const one = layer({ kind: 'dense', made: [32, 1, 1], read_channels: 16 });
  expect(ne16Cycles(one, 80_000)).toBe(SETUP + 10_000);
});

test('NE16 gathers windows of other kernels into products', () => {
  const stem = layer({ made: [32, 3, 3], read_channels: 1, taps: 40 });
  expect(ne16Cycles(stem, 0)).toBe(SETUP + 3 * 65 + 61 + 13);
});

test('the array of NE16 multiplies a bit of a 3 x 3 weight a cycle, a byte of a pointwise one', () => {
  // Two tiles of two blocks of input channels; a kernel of 4 x 1 taps is a product of gathered windows.
  const pointwise = layer({ kind: 'pointwise', made: [20, 3, 6], read_channels: 32, taps: 1 });
  expect(ne16ProductCycles(pointwise)).toBe(2 * 2 * 20);
  expect(ne16ProductCycles({ ...pointwise, kind: 'conv', taps: 9 })).toBe(2 * 2 * 20 * 8);
  expect(ne16ProductCycles({ ...pointwise, kind: 'conv', taps: 4 })).toBe(2 * 8 * 20);
  expect(ne16ProductCycles({ ...pointwise, kind: 'depthwise', taps: 9 })).toBe(2 * 20 * 8);
  expect(ne16ProductCycles({ ...pointwise, kind: 'pool' })).toBe(0);
});

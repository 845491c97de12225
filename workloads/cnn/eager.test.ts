import { expect, test } from 'vitest';
import { parseYaml } from '../../input/index.ts';
import { eagerKernels } from './eager.ts';
import { buildNetwork } from './network.ts';
import { readNetworkTable } from './table/read.ts';

const network = (layers: readonly string[], batch = 1) =>
  buildNetwork(
    readNetworkTable(
      parseYaml(`source: made up\ninput: [8, 4, 4]\nlayers:\n${layers.map((l) => `  - ${l}`).join('\n')}`, 'net.yaml'),
      'net',
    ),
    { element_bytes: 2, batch },
  );
/** Kernels of a layer behind one that leaves the image as it is, so that no image is converted. */
const moved = (layers: readonly string[], at: number, batch = 1): number[] => {
  const net = network(['image reshape', ...layers], batch);
  return eagerKernels(net, net.layers[at + 1]!, 'fp16').map(({ activation_bytes }) => activation_bytes);
};

/** 16 positions of two bytes. */
const CHANNEL = 32;
/** Eight channels, or four filled up to eight, under the other layout and back. */
const EIGHT = 2 * 8 * CHANNEL;
const FOUR = (4 + 8) * CHANNEL;

test('a convolution in fp16 finds and leaves its maps in the other layout, channels filled up to eight', () => {
  expect(moved(['a conv 4 k3 nobias'], 0)).toEqual([EIGHT, FOUR]);
  expect(moved(['a conv 4 k3 nobias'], 0, 3)).toEqual([3 * EIGHT, 3 * FOUR]);
  expect(moved(['a dw nobias'], 0)).toEqual([]);
  const net = network(['image reshape', 'a conv 4 k3 nobias']);
  expect(eagerKernels(net, net.layers[1]!, 'fp32')).toEqual([]);
});

test('a convolution of one point copies nothing where positions fill vectors and a tile, nor any with channels last', () => {
  // 64 positions are a tile, 16 are less; 100 are no multiple of eight.
  expect(moved(['p pad p2', 'a conv 4 nobias'], 1)).toEqual([]);
  expect(moved(['a conv 4 nobias'], 0)).toEqual([EIGHT, FOUR]);
  expect(moved(['p pad p3', 'a conv 4 nobias'], 1)).toHaveLength(2);
  expect(moved(['p pad p2', 'a conv 4 s2 nobias'], 1)).toHaveLength(2);
  const net = network(['image reshape', 'a conv 4 k3']);
  expect(eagerKernels(net, net.layers[1]!, 'fp16', 'channels-last')).toHaveLength(1);
});

test('a copy that changes the order takes longer than one of a bias over as many bytes', () => {
  const net = network(['image reshape', 'a conv 8 k3']);
  const [before, after, bias] = eagerKernels(net, net.layers[1]!, 'fp16');
  expect(bias!.activation_bytes).toBe(before!.activation_bytes);
  expect([before, after].map((kernel) => kernel!.memory_share! < 1)).toEqual([true, true]);
  expect(bias!.memory_share).toBeUndefined();
});

test('a bias and an activation each read and write what the convolution made', () => {
  expect(moved(['a dw relu'], 0)).toEqual([EIGHT, EIGHT]);
  expect(moved(['a dw nobias'], 0)).toEqual([]);
  expect(moved(['a dw'], 0, 3)).toEqual([3 * EIGHT]);
});

test('maps that are joined are copied, maps that are added are written once', () => {
  expect(moved(['a conv 4 k3 nobias', 'b conv 4 nobias', 'c conv 4 k3 nobias < a b'], 2)).toEqual([EIGHT, EIGHT, FOUR]);
  expect(moved(['a conv 4 k3 nobias', 'b conv 4 nobias', 'c conv 4 k3 nobias c4 < a b'], 2)).toEqual([
    8 * CHANNEL + 4 * CHANNEL,
    FOUR,
    FOUR,
  ]);
});

test('attention writes its scores, scales, shifts, normalises in fp32 and reads them', () => {
  const scores = 16 * 16;
  const [ends, ...steps] = moved(['qk conv 4 nobias', 'a attn 8 q4 < qk qk'], 1);
  expect(ends).toBe(2 * 2 * scores);
  expect(steps).toEqual([4 * scores, 4 * scores, 6 * scores, 8 * scores, 6 * scores]);
});

test('images arrive in fp32 and are converted once', () => {
  const net = network(['a dw nobias', 'b dw nobias']);
  const bytes = net.layers.map((layer) => eagerKernels(net, layer, 'fp16').map((kernel) => kernel.activation_bytes));
  expect(bytes).toEqual([[(4 + 2) * 8 * 16], []]);
  expect(eagerKernels(net, net.layers[0]!, 'fp32')).toEqual([]);
});

test('a layer that takes a part of the channels reads only those', () => {
  const net = network(['a conv 16 nobias', 'b conv 4 k3 nobias c4 < a']);
  expect(net.layers[1]!.reads).toBe(4);
  expect(eagerKernels(net, net.layers[1]!, 'fp16').map((kernel) => kernel.activation_bytes)).toEqual([
    2 * 4 * CHANNEL,
    FOUR,
    FOUR,
  ]);
});

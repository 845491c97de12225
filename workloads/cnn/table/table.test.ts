import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../input/index.ts';
import { buildNetwork, scaleChannels, totalMacs } from '../network.ts';
import { readNetworkTable } from './read.ts';
import { slide } from './window.ts';

const table = (layers: string, more = '') =>
  readNetworkTable(parseYaml(`source: made up\ninput: [3, 32, 32]\n${more}layers:\n${layers}`, 'net.yaml'), 'net');
const shapes = (layers: string, options = {}, more = '') =>
  buildNetwork(table(layers, more), options)
    .tensors.slice(1)
    .map(({ channels, height, width }) => [channels, height, width].join('x'));

describe('shapes', () => {
  it('follow from kernels, strides and padding', () => {
    const text = '  - a conv 8 k3 s2\n  - b dw k5\n  - c conv 16\n  - d maxpool k2 s2 valid\n  - e gap\n  - f fc 10\n';
    expect(shapes(text)).toEqual(['8x16x16', '8x16x16', '16x16x16', '16x8x8', '16x1x1', '10x1x1']);
    expect(shapes(text, { resolution: 64 }).slice(0, 1)).toEqual(['8x32x32']);
    expect(shapes(text, { resolution: [16, 48] }).slice(0, 1)).toEqual(['8x8x24']);
  });

  it('count work as the definition says', () => {
    // 8 × 3 × 9 weights at 16 × 16 positions; depthwise 8 × 25; pointwise 8 × 16 at 16 × 16; dense 16 × 10.
    const { layers } = buildNetwork(table('  - a conv 8 k3 s2\n  - b dw k5\n  - c conv 16\n  - e gap\n  - f fc 10\n'));
    expect(layers.map(({ macs }) => macs)).toEqual([216 * 256, 200 * 256, 128 * 256, 0, 160]);
    expect(layers.map(({ weights }) => weights)).toEqual([216, 200, 128, 0, 160]);
  });

  it('read several inputs one after the other, or add them where channels are given', () => {
    const text = '  - a conv 8\n  - b conv 4 < input\n  - c conv 6 < a b\n  - d conv 6 c4 < a b\n  - e concat < a b\n';
    const { layers } = buildNetwork(table(text));
    expect(layers.slice(2).map(({ weights }) => weights)).toEqual([72, 24, 0]);
    expect(shapes(text).at(-1)).toBe('12x32x32');
  });

  it('know attention, wavelets, transposed convolutions and selective scans', () => {
    const text = '  - q conv 16\n  - a attn 16 w7 q16 < q q\n  - d dwt\n  - t tconv 8 k4 s2\n  - s scan n4 r2 d4\n';
    const { layers } = buildNetwork(table(text));
    expect(shapes(text)).toEqual(['16x32x32', '16x32x32', '64x16x16', '8x32x32', '8x32x32']);
    // 5 × 5 windows of 7 × 7 positions, 16 query and 16 value channels.
    expect(layers[1]!.macs).toBe(25 * 49 * 49 * 32);
    expect(layers[3]!.macs).toBe(64 * 8 * 16 * 16 * 16);
    expect(layers[4]!.weights).toBe(4 * 8 * (2 + 8 + 2));
  });

  it('cut attention among heads: as many products, a map of scores and a table a head', () => {
    const of = (words: string) => buildNetwork(table(`  - q conv 48\n  - a attn 16 w8 q16 ${words}\n`)).layers[1]!;
    const [one, four, told] = [of(''), of('h4'), of('h4 t900')];
    expect(four.macs).toBe(one.macs);
    expect(four.scores).toBe(4 * one.scores!);
    expect([one, four, told].map((layer) => layer.tables)).toEqual([64, 256, 900]);
  });

  it('scale in eights', () => {
    expect([scaleChannels(16, 0.5), scaleChannels(24, 0.35), scaleChannels(1280, 0.75)]).toEqual([8, 8, 960]);
    const text = '  - a conv 32 k3\n  - g gap\n  - f fc 10\n';
    expect(shapes(text, { width: 0.5 })).toEqual(['16x32x32', '16x1x1', '10x1x1']);
  });

  it("pad as TensorFlow's `same` does: the odd row at the end", () => {
    expect(slide(49, 10, 2, 'same')).toEqual({ out: 25, before: 4, after: 5 });
    expect(slide(224, 3, 2, 'same')).toEqual({ out: 112, before: 0, after: 1 });
    expect(slide(224, 3, 2, 1)).toEqual({ out: 112, before: 1, after: 1 });
  });
});

describe('rows as maps, as other tables write them', () => {
  const row = (fields: string): string => `  - {id: 0, op: conv, inputs: [-1], in: [3, 32, 32], ${fields}}\n`;

  it('are read, and checked where they state counts', () => {
    const text = row('out: [8, 16, 16], k: [3, 3], s: 2, p: 1, g: 1, act: relu, macs: 55296, w: 216, b: 8, bn: 16');
    expect(totalMacs(buildNetwork(table(text)))).toBe(55_296);
    const wrong = text.replace('55296', '55297');
    expect(() => buildNetwork(table(wrong))).toThrow(
      'net.yaml:4:5: layer "conv0" states macs 55297, but its shapes give 55296',
    );
  });
});

describe('mistakes', () => {
  const mistake = (layers: string): string => {
    try {
      buildNetwork(table(layers));
    } catch (error) {
      return (error as Error).message;
    }
    return 'none';
  };

  it('are told at their line', () => {
    expect(mistake('  - a cnv 8\n')).toMatch(/net.yaml:4:5: unknown operator "cnv".*did you mean "conv"/);
    expect(mistake('  - a conv 8 < b\n')).toMatch(
      /net.yaml:4:5: layer "a" reads "b", which no layer before it is called/,
    );
    expect(mistake('  - a conv 8\n  - a conv 8\n')).toMatch(/net.yaml:5:5: two layers are called "a"/);
    expect(mistake('  - a conv\n')).toMatch(/does not say how many channels/);
    expect(mistake('  - a conv 8 kk3\n')).toMatch(/"kk3" says nothing about a layer/);
    expect(mistake('  - a dw k99 valid\n')).toMatch(/99 x 99 kernel of layer "a" is larger than its 32 x 32 input/);
  });
});

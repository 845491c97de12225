import { describe, expect, it, test } from 'vitest';
import { listNetworks, readNetwork } from '../load.ts';
import { buildNetwork, foldedParameters, totalMacs, trainedParameters } from './network.ts';

/** Multiply-adds of one image, and parameters as trained, counted apart from this code (per-layer sums of each table). */
const COUNTS: readonly (readonly [id: string, macs: number, parameters: number])[] = [
  ['efficientvit_m0_224', 79193600, 2349436],
  ['efficientvit_m1_224', 167051840, 2980560],
  ['efficientvit_m2_224', 201035712, 4187554],
  ['efficientvit_m3_224', 262662208, 6900722],
  ['efficientvit_m4_224', 299308544, 8804228],
  ['efficientvit_m5_224', 521583104, 12473772],
  ['efficientvmamba_b_224', 3951340032, 33716560],
  ['efficientvmamba_s_224', 1317877760, 11273304],
  ['efficientvmamba_t_224', 787915392, 6493372],
  ['faster_rcnn_r101_dc5', 157533265920, 81223955],
  ['fbnet_a_224', 244452664, 4304584],
  ['irb_v2_7', 5673024, 118272],
  ['irb_v3_7', 6290496, 294096],
  ['mamba_ins_r101_dc5', 169637765120, 89620755],
  ['mbv2-w0.3-r80', 7299968, 634408],
  ['mbv2-w0.35-r144', 23499152, 750280],
  ['mcunet-in0', 6364224, 749840],
  ['mcunet-in1', 12790096, 636232],
  ['mcunet-in2', 67287200, 729392],
  ['mcunet-in2-int4', 134492600, 1404688],
  ['mcunet-in3', 81785520, 737408],
  ['mcunet-in3-int4', 169952528, 1400448],
  ['mcunet-in4', 125874400, 1732640],
  ['mcunet-in4-int4', 466767552, 3262488],
  ['mcunet-person-det', 18296320, 163494],
  ['mcunet-vww1', 11578816, 426634],
  ['mcunetv2-se-large', 216815264, 1799208],
  ['mlperf-tiny-ad-autoencoder', 264192, 265864],
  ['mlperf-tiny-ic-resnet8', 12501632, 77706],
  ['mlperf-tiny-kws-dscnn', 2656768, 22604],
  ['mlperf-tiny-vww-mbv1-0.25', 7489664, 210850],
  ['mobilenet_v1_0.25_224', 41030272, 470072],
  ['mobilenet_v1_0.5_224', 149497088, 1331592],
  ['mobilenet_v1_1.0_224', 568740352, 4231976],
  ['mobilenet_v2_0.35_224', 59285808, 1677128],
  ['mobilenet_v2_1.0_224', 300774272, 3504872],
  ['mobilenet_v2_1.4_224', 582195824, 6108776],
  ['mobilenet_v3_large_224', 216589760, 5483032],
  ['mobilenet_v3_small_224', 56510400, 2542856],
  ['proxyless-w0.25-r112', 10691008, 569600],
  ['proxyless-w0.3-r176', 38282216, 754280],
  ['ram_plus_384', 162432357120, 329493045],
  ['resnet18_224', 1814073344, 11689512],
  ['resnet32_32', 68861952, 463504],
  ['resnet50_224', 4089184256, 25557032],
  ['swin_b_224', 15430946816, 87768224],
  ['swin_l_384', 103919087616, 196735516],
  ['swin_s_224', 8740875264, 49606258],
  ['swin_t_224', 4490566656, 28288354],
  ['tflm-person-detect', 7157888, 210706],
  ['wavemix_192_16_l1', 12781825536, 12491272],
  ['wavemix_192_16_l3', 15093935616, 27851272],
];

test('every network of the catalogue is counted here', () => {
  expect(COUNTS.map(([id]) => id)).toEqual(listNetworks());
});

describe.each(COUNTS)('%s', (id, macs, parameters) => {
  const table = readNetwork(id);
  const network = buildNetwork(table);

  it('is named by its file', () => expect(table.id).toBe(id));

  it('has exactly these multiply-adds and parameters', () => {
    expect(totalMacs(network)).toBe(macs);
    expect(trainedParameters(network)).toBe(parameters);
    expect(foldedParameters(network)).toBeLessThanOrEqual(parameters);
  });

  it('is what was published, to the printed digits', () => {
    for (const { macs: printed, parameters: count } of table.published) {
      if (printed !== undefined) expect(Math.abs(macs / printed - 1)).toBeLessThan(0.022);
      // Some are printed in whole millions.
      const rounding = count !== undefined && count % 1e6 === 0 ? 0.5e6 / count : 0;
      if (count !== undefined) expect(Math.abs(parameters / count - 1)).toBeLessThan(Math.max(rounding, 0.026));
    }
  });

  it('feeds every layer from earlier ones, and ends in one output', () => {
    for (const { inputs, outputs } of network.layers) {
      expect(inputs.every((from) => outputs.every((to) => from < to))).toBe(true);
    }
    expect(network.outputs.length).toBeGreaterThan(0);
  });

  it('takes a batch in proportion', () => {
    const three = buildNetwork(table, { batch: 3, element_bytes: 2 });
    expect(totalMacs(three)).toBe(3 * macs);
    expect(three.tensors.map(({ bytes }) => bytes)).toEqual(network.tensors.map(({ bytes }) => 6 * bytes));
    expect(trainedParameters(three)).toBe(parameters);
  });
});

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { parseYaml } from '../../input/index.ts';
import { loadPlacement, type Policy, precisionOf } from '../../policies/index.ts';
import { NETWORK_PLANNERS, type NetworkPlannerKind } from '../../policies/planner/kinds.ts';
import { loadPlanner } from '../../policies/planner/registry.ts';
import { canSplitAfter, patchByPatch, splitLayer } from '../../policies/schedule/patch.ts';
import { layerByLayer } from '../../policies/schedule/schedule.ts';
import { bestChoice, paretoChoices, patchChoices } from '../../policies/schedule/search.ts';
import { DoesNotFitError } from '../../sim/errors.ts';
import { simulate } from '../../sim/executor/index.ts';
import { buildNetwork, type NetworkOptions } from '../../workloads/cnn/network.ts';
import { networkProgram } from '../../workloads/cnn/program.ts';
import { readNetworkTable } from '../../workloads/cnn/table/read.ts';
import { readNetwork } from '../../workloads/load.ts';

const KIB = 1024;
const net = (id: string, options: NetworkOptions = {}) => buildNetwork(readNetwork(id), options);
const planners = new Map(
  await Promise.all(NETWORK_PLANNERS.map(async ({ kind }) => [kind, await loadPlanner(kind)] as const)),
);
const plannerOf = (kind: NetworkPlannerKind) => planners.get(kind)!;
const peak = (kind: NetworkPlannerKind, id: string, options?: NetworkOptions): number =>
  plannerOf(kind).plan(layerByLayer(net(id, options))).peak_bytes;

describe('peaks that were published, to the byte', () => {
  it.each([
    ['mbv2-w0.3-r80', 93.75],
    ['mbv2-w0.35-r144', 303.75],
    ['proxyless-w0.25-r112', 98],
    ['proxyless-w0.3-r176', 242],
    ['mcunet-in3', 332.75],
    ['mcunet-in2', 325],
    ['mcunet-in4', 412.5],
    ['mcunet-in1', 90],
    ['mcunet-in0', 45],
  ])("MCUNet's column Act: %s", (id, kib) => expect(peak('mcunet-act', id)).toBe(kib * KIB));

  it.each([
    ['mcunet-in2-int4', 243.75],
    ['mcunet-in3-int4', 294.9375],
    ['mcunet-in4-int4', 495],
  ])("MCUNet's column Act in 4 bits, two values a byte: %s", (id, kib) =>
    expect(peak('mcunet-act', id, { element_bytes: 0.5 })).toBe(kib * KIB),
  );

  it.each([
    ['mcunet-in0', 50_064, {}],
    ['mcunet-in1', 98_024, {}],
    ['mcunet-in3', 266_344, {}],
    ['mcunet-vww1', 93_992, {}],
    ['proxyless-w0.3-r176', 265_600, {}],
    ['proxyless-w0.3-r176', 36_224, { resolution: 64 }],
    ['mbv2-w0.3-r80', 60_520, { resolution: 64 }],
  ])('TinyEngine, arena with im2col and kernel copies: %s', (id, bytes, options) => {
    expect(peak('tinyengine', id, options)).toBe(bytes);
  });

  it('TinyEngine of 2020: input, expansion and output of the largest block, beside im2col and a kernel', () => {
    const block = (8 + 24) * 88 * 88 + 16 * 44 * 44;
    expect(peak('tinyengine-2020', 'proxyless-w0.3-r176')).toBe(block + 2 * 92 * 92 + 2 * 16 * 3 * 9);
    // In 4 bits maps are halved, what is unpacked beside them is not.
    const packed = ((16 + 48) * 80 * 80 + 24 * 40 * 40) / 2;
    expect(peak('tinyengine-2020', 'mcunet-in2-int4', { element_bytes: 0.5 })).toBe(
      packed + 2 * 86 * 86 + 2 * 32 * 3 * 9,
    );
  });

  it.each([
    ['mlperf-tiny-kws-dscnn', 16_000],
    ['mlperf-tiny-ic-resnet8', 49_152],
    ['tflm-person-detect', 55_296],
  ])("the head of TFLM's arena: %s", (id, bytes) => expect(peak('tflm-greedy', id)).toBe(bytes));

  it('MobileNetV2 by convention: in place, every live map, blocks as operators in 32 bits', () => {
    expect(peak('mcunetv2', 'mobilenet_v2_1.0_224')).toBe(1372 * KIB);
    expect(peak('live', 'mobilenet_v2_1.0_224')).toBe(1470 * KIB);
    expect(peak('fused-blocks', 'mobilenet_v2_1.0_224', { element_bytes: 4 })).toBe(112 * 112 * (16 + 32) * 4);
  });

  it('a convolution that only a global pooling reads is one operator with it: patches of table 5', () => {
    const network = net('mobilenet_v2_1.0_224', { element_bytes: 4 });
    const patches = patchByPatch(network, 4, splitLayer(network, 'b4'), 'none');
    expect(plannerOf('fused-blocks').plan(patches).peak_bytes).toBe(28 * 28 * (32 + 32) * 4);
  });
});

describe('patches', () => {
  const network = net('mobilenet_v2_1.0_224');
  const schedule = patchByPatch(network, 4, splitLayer(network, 'b4'));
  const stage = schedule.stage!;

  it("give MCUNetV2's table 1", () => {
    expect(stage.input_side).toEqual([75, 75]);
    expect(stage.unclipped_macs).toBe(129_517_568);
    expect(stage.unclipped_macs / stage.macs - 1).toBeCloseTo(0.419, 3);
    expect(stage.clipped_macs / stage.macs - 1).toBeCloseTo(0.306, 3);
    expect(plannerOf('mcunetv2').plan(schedule).peak_bytes).toBe(171.5 * KIB);
  });

  it('name their split by number, layer or block', () => {
    expect(splitLayer(network, 12)).toBe(splitLayer(network, 'b4'));
    expect(splitLayer(network, 'b4.project')).toBe(12);
    expect(() => splitLayer(network, 'b44')).toThrow('did you mean "b4"');
    expect(() => splitLayer(network, 'fc')).toThrow('nothing is left to run');
    expect(canSplitAfter(network, network.layers.length - 1)).toBe(false);
  });

  it('are found within 256 KiB as the paper found them: four a side, five blocks', () => {
    const best = bestChoice(patchChoices(network, plannerOf('mcunetv2'), 8, 'unclipped'), 256 * KIB);
    expect([best.patches, best.split]).toEqual([4, 12]);
  });

  it('trade memory for work along a front that falls', () => {
    const front = paretoChoices(patchChoices(net('mcunet-in2'), plannerOf('mcunetv2'), 4, 'unclipped'));
    expect(front.length).toBeGreaterThan(2);
    for (let i = 1; i < front.length; i++) {
      expect(front[i]!.macs).toBeGreaterThanOrEqual(front[i - 1]!.macs);
      expect(front[i]!.peak_bytes).toBeLessThan(front[i - 1]!.peak_bytes);
    }
  });

  const chain = (layers: readonly string[]) =>
    buildNetwork(
      readNetworkTable(
        parseYaml(
          `source: made up\ninput: [4, 48, 48]\nlayers:\n${layers.map((l) => `  - ${l}\n`).join('')}`,
          'net.yaml',
        ),
        'net',
      ),
    );

  it('read what a hand counts: two 3 x 3 convolutions, the second with stride 2', () => {
    const two = chain(['a conv 8 k3', 'b conv 8 k3 s2', 'c conv 8']);
    const made = patchByPatch(two, 2, 1).stage!;
    // 24 outputs in halves of 12: (12 − 1)·2 + 3 = 25 of a, 25 + 2 = 27 of the image.
    expect(made.input_side).toEqual([27, 27]);
    expect(made.full_share[0]).toBeCloseTo((25 / 48) ** 2, 12);
    expect(made.full_share[1]).toBe(0.25);
    // Clipped: the first patch begins at −1, so it has 24 of 48 rows of a; the second begins at 23 and has 25.
    expect(made.shares[0]!.rows).toEqual([24 / 48, 25 / 48]);
  });

  it('without overlap read their own share of every map and compute nothing twice', () => {
    const two = chain(['a conv 8 k3', 'b conv 8 k3 s2', 'c conv 8']);
    const { stage } = patchByPatch(two, 2, 1, 'none');
    expect(stage!.input_side).toEqual([24, 24]);
    expect(stage!.unclipped_macs).toBe(stage!.macs);
    expect(stage!.clipped_macs).toBe(stage!.macs);
  });

  it('never do less than the layers themselves, nor more when clipped than at full size', () => {
    // Layers that read every position; what nothing reads, no patch computes.
    const layer = fc.constantFrom('conv 8 k3', 'conv 4', 'dw k5', 'conv 6 k3 s2', 'dw k3 s2', 'maxpool k3 s2');
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 5 }), fc.integer({ min: 2, max: 4 }), (words, patches) => {
        const network = chain([...words.map((word, i) => `l${i} ${word}`), 'end conv 4']);
        const made = patchByPatch(network, patches, words.length - 1);
        const { macs, clipped_macs, unclipped_macs } = made.stage!;
        expect(clipped_macs).toBeGreaterThanOrEqual(macs * (1 - 1e-12));
        expect(unclipped_macs).toBeGreaterThanOrEqual(clipped_macs * (1 - 1e-12));
        for (const { first, last } of made.buffers) expect(last).toBeGreaterThanOrEqual(first);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a run', () => {
  const run = async (machineId: string, id: string, policy: Policy = {}, options: NetworkOptions = {}) => {
    const machine = loadMachine(machineId);
    const program = networkProgram(net(id, options), 'int8');
    const precision = precisionOf(policy);
    return simulate(machine, program, await loadPlacement(policy, { machine, program, precision }));
  };

  it('takes multiply-adds over the rate, beside reading its constants from flash once, and power times that', async () => {
    const { metrics } = await run('stm32l4r5', 'mlperf-tiny-ic-resnet8');
    const core = loadMachine('stm32l4r5').compute[0]!;
    const seconds = 12_501_632 / core.layer_kernels!.per_s + (77_360 + 8 * 346) / 160e6;
    expect(metrics['time.total_s']).toBeCloseTo(seconds, 6);
    expect(metrics['energy.total_j']).toBeCloseTo(seconds * core.busy_w!, 8);
    expect(metrics['compute.flops']).toBe(2 * 12_501_632);
    expect(metrics['memory.flash.peak_bytes']).toBe(77_360 + 8 * 346);
  });

  it('takes the power of an array while it multiplies', async () => {
    const { metrics } = await run('gap9', 'mlperf-tiny-ad-autoencoder');
    const core = loadMachine('gap9').compute[0]!;
    // Dense layers: a cycle for each output of each 16 inputs; one position in each tile.
    const widths = [640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640];
    const cycles = widths.slice(1).reduce((sum, wide, i) => sum + wide * Math.ceil(widths[i]! / 16), 0);
    expect(metrics['energy.total_j']).toBeCloseTo((core.multiplying_w! * cycles) / core.layer_kernels!.per_s, 12);
  });

  it('allocates and frees map by map exactly what strict liveness counts, in patches too', async () => {
    const schedule = { kind: 'patch', patches: 3, split: 'b4', halo: 'unclipped' } as const;
    for (const policy of [{}, { schedule }]) {
      const { metrics } = await run('stm32h743', 'mcunet-in3', policy);
      expect(metrics['memory.sram.peak_bytes']).toBe(metrics['memory.sram.live_peak_bytes']);
    }
  });

  it('holds the whole arena of a planner and recomputes what patches share', async () => {
    const schedule = { kind: 'patch', patches: 2, split: 'b2', halo: 'clipped' } as const;
    const { metrics } = await run('stm32h743', 'mcunet-in3', { schedule, planner: { kind: 'tinyengine' } });
    expect(metrics['compute.flops']! - 2 * metrics['network.macs']!).toBeCloseTo(
      metrics['compute.recompute_flops']!,
      0,
    );
    expect(metrics['memory.sram.peak_bytes']).toBeGreaterThanOrEqual(metrics['memory.sram.live_peak_bytes']! * 0.5);
  });

  it('keeps one arena within one bank', async () => {
    const error = await run('stm32h743', 'mcunet-in4', {}, { resolution: 224 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DoesNotFitError);
    expect((error as DoesNotFitError).capacity_bytes).toBe(512 * KIB);
  });

  it('says which layer overflows, by how many bytes, and what holds them', async () => {
    const error = await run('stm32f412', 'mcunet-in2').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DoesNotFitError);
    const { message, short_bytes, holders } = error as DoesNotFitError;
    expect(message).toContain('layer "b3.dw", the largest of 3 layers that overflow');
    expect(short_bytes).toBe(332_800 - 262_144);
    expect(holders).toContainEqual({ what: 'map b3.expand', bytes: 153_600 });
    const large = await run('stm32f412', 'mobilenet_v2_1.0_224').catch((reason: unknown) => reason);
    expect((large as DoesNotFitError).message).toMatch(
      /layer "b2.dw" \(flash is \d+ bytes too small for the weights, too\)/,
    );
  });

  it('refuses parts of a policy that a network has no use for', async () => {
    await expect(run('stm32h743', 'mcunet-in3', { kv: { preset: 'full' } })).rejects.toThrow('no use for policy.kv');
  });
});

test('every planner counts at least what one step of it needs', () => {
  const schedule = layerByLayer(net('mcunet-in1'));
  for (const kind of [
    'live',
    'mcunet-act',
    'mcunetv2',
    'fused-blocks',
    'tflm-greedy',
    'best-fit',
    'tinyengine',
    'tinyengine-2020',
  ] as const) {
    const { peak_bytes, step_bytes } = plannerOf(kind).plan(schedule);
    expect(peak_bytes, kind).toBe(Math.max(...step_bytes));
  }
});

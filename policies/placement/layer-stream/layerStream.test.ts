import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { DoesNotFitError, PolicyError } from '../../../sim/errors.ts';
import { simulate } from '../../../sim/executor/index.ts';
import type { Machine, Op, Precision, Program, RunResult, Tensor } from '../../../sim/types/index.ts';
import { program as emptyProgram, gpu, kernel, machine, memory, pcie } from '../../../tests/analytic/rig.ts';
import { buildProgram, workloadSchema } from '../../../workloads/index.ts';
import { readModel } from '../../../workloads/models/load.ts';
import { policySchema, precisionOf } from '../../index.ts';
import { placement } from './index.ts';
import { layerStreamSchema } from './schema.ts';

/** Layers of 100 MB: 10 ms on the link, 50 ms from disk, 25 ms as a pageable copy; 4 ms of computation. */

const LAYERS = 5;
const FETCH = 10;
const READ = 50;
const PAGEABLE = 25;
const COMPUTE = 4;

const precision: Precision = precisionOf(undefined);
const host = (step_s = 0): NonNullable<Machine['host']> => ({ ...machine().host!, step_s });
const rig = (more: Partial<Machine> = {}): Machine =>
  machine({
    links: [
      pcie({
        forward: { name: 'h2d', bytes_per_s: 10e9, pageable_bytes_per_s: 4e9, setup_s: 0, transfer_times: [] },
        backward: { name: 'd2h', bytes_per_s: 10e9, pageable_bytes_per_s: 4e9, setup_s: 0, transfer_times: [] },
      }),
      machine().links[1]!,
    ],
    ...more,
  });

function network(computeMs = COMPUTE, tokens = 1): Program {
  const tensors: Tensor[] = Array.from({ length: LAYERS }, (_, layer) => ({
    id: layer,
    name: `layer_${layer}.w`,
    kind: 'weight',
    layer,
    batch: -1,
    elements: 50e6,
    dimensions: 2,
    bytes: 100e6,
    quantised: false,
    alias_of: -1,
  }));
  const op = (step: number): Op => ({
    name: 'layer',
    phase: 'prefill',
    step,
    layer: 0,
    batch: 0,
    kernels: [kernel(computeMs * 1e9, 0)],
    state: null,
    input_bytes: 0,
    output_bytes: 0,
    scratch_bytes: 0,
  });
  return {
    ...emptyProgram(),
    tensors,
    layers: tensors.map((tensor) => ({ name: 'layer', weights: [tensor], state: [] })),
    *segments() {
      for (let step = 0; step < tokens; step++) yield { repeat: LAYERS, layer_stride: 1, ops: [op(step)] };
    },
  };
}

type Fields = Omit<v.InferInput<typeof layerStreamSchema>, 'kind'>;

async function run(fields: Fields, program = network(), on = rig()): Promise<RunResult> {
  const parsed = v.parse(layerStreamSchema, { kind: 'layer-stream', ...fields });
  return simulate(on, program, await placement.create(parsed, { machine: on, program, precision }));
}
const ms = async (...parts: Parameters<typeof run>): Promise<number> =>
  (await run(...parts)).metrics['time.total_s']! * 1e3;

describe('layers in host memory', () => {
  it('take no time to fetch when they live on the device', async () => {
    expect(await ms({ weights: 'gpu' })).toBeCloseTo(LAYERS * COMPUTE, 3);
  });

  it('add fetch and computation without prefetch', async () => {
    expect(await ms({ weights: 'cpu' })).toBeCloseTo(LAYERS * (FETCH + COMPUTE), 3);
  });

  it('overlap with one sub-layer of prefetch: fill, then the longer of the two', async () => {
    expect(await ms({ weights: 'cpu', prefetch: 1 })).toBeCloseTo(LAYERS * FETCH + COMPUTE, 3);
    const slow = 15;
    expect(await ms({ weights: 'cpu', prefetch: 1 }, network(slow))).toBeCloseTo(FETCH + LAYERS * slow, 3);
  });

  it('start anew at each token', async () => {
    expect(await ms({ weights: 'cpu', prefetch: 1 }, network(COMPUTE, 3))).toBeCloseTo(
      3 * (LAYERS * FETCH + COMPUTE),
      3,
    );
  });

  it('hold launches back while a copy blocks the host, so two computations are left at the end', async () => {
    const blocking = { weights: 'cpu', prefetch: 1, blocking: true } as const;
    expect(await ms(blocking)).toBeCloseTo(LAYERS * FETCH + 2 * COMPUTE, 3);
    const pageable = { weights: 'cpu', prefetch: 1, host_memory: 'pageable' } as const;
    expect(await ms(pageable)).toBeCloseTo(LAYERS * PAGEABLE + 2 * COMPUTE, 3);
  });

  it('pay for gathering on the device after each copy', async () => {
    const plain = await ms({ weights: 'cpu' });
    // 4 / 0.56 passes over 100 MB at 1 TB/s.
    expect((await ms({ weights: 'cpu', gathered: true })) - plain).toBeCloseTo((LAYERS * 0.4) / 0.56, 3);
  });

  it('cost the host a step for every hook, and one a token', async () => {
    const on = rig({ host: host(1e-3) });
    expect(await ms({ weights: 'cpu' }, network(), on)).toBeCloseTo(1 + LAYERS * (FETCH + 1 + COMPUTE), 3);
    expect(await ms({ weights: 'cpu', hooks: false }, network(), on)).toBeCloseTo(1 + LAYERS * (FETCH + COMPUTE), 3);
  });
});

describe('layers on disk', () => {
  it('read, copy and compute one after another without prefetch', async () => {
    expect(await ms({ weights: 'disk' })).toBeCloseTo(LAYERS * (READ + FETCH + COMPUTE), 3);
    const mapped = { weights: 'disk', disk_reads: 'mapped' } as const;
    expect(await ms(mapped)).toBeCloseTo(LAYERS * (READ + PAGEABLE + COMPUTE), 3);
  });

  it('hide computation, but not the copy, under the next read', async () => {
    expect(await ms({ weights: 'disk', prefetch: 1 })).toBeCloseTo(LAYERS * (READ + FETCH) + COMPUTE, 3);
  });

  it('hold pinned buffers in host memory', async () => {
    const { metrics } = await run({ weights: 'disk', prefetch: 1 });
    expect(metrics['memory.cpu.workspace.peak_bytes']).toBe(200e6);
  });
});

describe('auto', () => {
  it('fills the device, then host memory, then the disk, in layer order', async () => {
    const limits = { gpu: 200e6, cpu: 100e6 };
    const result = await run({ limits });
    expect(result.metrics['time.total_s']! * 1e3).toBeCloseTo(LAYERS * COMPUTE + 3 * FETCH + 2 * READ, 3);
    expect(result.metrics['memory.disk.weight.peak_bytes']).toBe(200e6);
  });

  it('leaves room for what streams', async () => {
    const on = rig({ memories: [memory('gpu', { capacity_bytes: 450e6 }), memory('cpu'), memory('disk')] });
    const { metrics } = await run({}, network(), on);
    expect(metrics['memory.gpu.weight.peak_bytes']).toBe(300e6);
    expect(metrics['traffic.pcie.h2d_bytes']).toBe(300e6);
  });

  it('goes on to a second device and carries the hidden state there', async () => {
    const second = pcie({ id: 'pcie1', to: 'gpu1' });
    const on = rig({
      memories: [memory('gpu'), memory('gpu1'), memory('cpu'), memory('disk')],
      links: [...rig().links, second],
      compute: [gpu(), gpu({ id: 'gpu1', memory: 'gpu1' })],
    });
    const { metrics } = await run({ devices: 2, limits: { gpu: 200e6, gpu1: 300e6 } }, network(), on);
    expect(metrics['busy.compute.gpu1.fraction']).toBeCloseTo(3 / 5, 6);
    expect(metrics['time.total_s']! * 1e3).toBeCloseTo(LAYERS * COMPUTE, 3);
  });
});

describe('what cannot be', () => {
  it('says what does not fit and who holds the space', async () => {
    const on = rig({ memories: [memory('gpu'), memory('cpu', { capacity_bytes: 300e6 }), memory('disk')] });
    const error = await run({ weights: 'cpu' }, network(), on).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DoesNotFitError);
    expect((error as DoesNotFitError).memory).toBe('cpu');
    expect((error as DoesNotFitError).short_bytes).toBe(200e6);
    expect((error as DoesNotFitError).holders).toContainEqual(
      expect.objectContaining({ what: 'weights in host memory', bytes: 500e6 }),
    );
  });

  it('needs a buffer for the layer that streams', async () => {
    const on = rig({ memories: [memory('gpu', { capacity_bytes: 99e6 }), memory('cpu'), memory('disk')] });
    await expect(run({ weights: 'cpu' }, network(), on)).rejects.toThrow(/weight block/);
  });

  it('refuses limits of unknown memories, too many devices, and attention away from its cache', async () => {
    await expect(run({ limits: { hbm: 1 } })).rejects.toThrow(/names "hbm"/);
    await expect(run({ devices: 2 })).rejects.toThrow(PolicyError);
    await expect(run({ attention_on: 'cpu' })).rejects.toThrow(/needs kv cpu/);
  });
});

describe('a transformer', () => {
  const PROMPT = 64;
  const OUTPUT = 4;
  const workload = v.parse(workloadSchema, {
    kind: 'generate',
    model: 'opt-1.3b',
    prompt: PROMPT,
    output: OUTPUT,
    batch: 2,
  });
  const program = buildProgram(workload, precision, readModel);
  const cpu = gpu({ id: 'cpu', memory: 'cpu', peak_flop_per_s: { fp32: 1e15 } });
  const on = rig({ compute: [gpu(), cpu] });
  const onHost = { weights: 'cpu', kv: 'cpu', attention_on: 'cpu', embeddings_on_gpu: false } as const;

  it('fetches every sub-layer at every token, a tied table twice, and holds it once', async () => {
    const { metrics } = await run({ weights: 'cpu', embeddings_on_gpu: false, prefetch: 1 }, program, on);
    const stored = program.layers.flatMap((layer) => layer.weights).reduce((sum, tensor) => sum + tensor.bytes, 0);
    expect(metrics['traffic.pcie.h2d_bytes']).toBe(OUTPUT * stored);
    expect(metrics['memory.cpu.weight.peak_bytes']).toBe(program.summary.weight_bytes);
  });

  it('copies a cache on the device whole to append to it', async () => {
    const compute = async (concatenate_kv: boolean): Promise<number> =>
      (await run({ weights: 'gpu', concatenate_kv }, program, on)).metrics['time.decode.compute_s']!;
    const { bytes_per_token } = [...program.segments()].flatMap(({ ops }) => ops).find(({ state }) => state)!.state!;
    let moved = 0;
    for (let read = PROMPT; read < PROMPT + OUTPUT - 1; read++) moved += 24 * 2 * (2 * read + 1) * bytes_per_token;
    expect((await compute(true)) - (await compute(false))).toBeCloseTo(moved / 1e12, 6);
  });

  it('keeps the cache of attention on the host in 32 bits, or widens one of 16 at every step', async () => {
    const wide = (await run(onHost, program, on)).metrics;
    const narrow = (await run({ ...onHost, host_cache_bits: 16 }, program, on)).metrics;
    expect(wide['memory.cpu.kv.peak_bytes']).toBe(2 * program.summary.kv_bytes);
    expect(narrow['memory.cpu.kv.peak_bytes']).toBe(program.summary.kv_bytes);
    expect(narrow['time.decode_s']!).toBeGreaterThan(wide['time.decode_s']!);
    expect(narrow['time.prefill_s']!).toBeLessThan(wide['time.prefill_s']!);
  });

  it('brings a cache in host memory to the device where attention runs there', async () => {
    const { metrics } = await run({ weights: 'gpu', kv: 'cpu' }, program, on);
    expect(metrics['traffic.pcie.h2d_bytes']).toBe(program.summary.kv_read_bytes);
    expect(metrics['memory.gpu.kv.peak_bytes']!).toBeLessThan(program.summary.kv_bytes / 10);
  });

  it('fetches packed weights and expands them on the device', async () => {
    const policy = v.parse(policySchema, { precision: { weight_bits: 4 } });
    const packed = buildProgram(workload, precisionOf(policy), readModel);
    const bytes = async (of: Program): Promise<number> =>
      (await run({ weights: 'cpu', embeddings_on_gpu: false }, of, on)).metrics['traffic.pcie.h2d_bytes']!;
    expect((await bytes(packed)) / (await bytes(program))).toBeCloseTo(0.5625 / 2, 2);
  });
});

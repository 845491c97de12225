import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { placement as percent } from '../../policies/placement/percent/index.ts';
import { percentSchema } from '../../policies/placement/percent/schema.ts';
import { simulate } from '../../sim/executor/index.ts';
import type { Op, Precision, Program, Tensor } from '../../sim/types/index.ts';
import { program as emptyProgram, kernel, machine } from './rig.ts';

/** FlexGen's block schedule on a network whose every layer has 100 MB of weights (10 ms on the link) and computes for 4 ms a batch. */

const FETCH_MS = 10;
const COMPUTE_MS = 4;
const precision: Precision = {
  weight_bits: 16,
  kv_bits: 16,
  activation_bits: 16,
  group_size: 64,
  group_overhead_bits: 32,
};
const kernels = [kernel(COMPUTE_MS * 1e9, 0)];

function network(layers: number, batches: number, tokens: number): Program {
  const tensors: Tensor[] = Array.from({ length: layers }, (_, layer) => ({
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
  const op = (step: number, layer: number, batch: number): Op => ({
    name: 'layer',
    phase: 'prefill',
    step,
    layer,
    batch,
    kernels,
    state: null,
    input_bytes: 0,
    output_bytes: 0,
    scratch_bytes: 0,
  });
  return {
    ...emptyProgram(),
    tensors,
    layers: tensors.map((tensor) => ({ name: 'layer', weights: [tensor], state: [] })),
    batches,
    *segments() {
      for (let step = 0; step < tokens; step++) {
        const ops = Array.from({ length: batches }, (_, batch) => op(step, 0, batch));
        yield { repeat: layers, layer_stride: 1, ops };
      }
    },
  };
}

async function run(layers: number, batches: number, tokens: number, fields: object) {
  const program = network(layers, batches, tokens);
  const parsed = v.parse(percentSchema, {
    kind: 'percent',
    weights: [0, 100],
    kv: [100, 0],
    activations: [100, 0],
    ...fields,
  });
  const placement = await percent.create(parsed, { machine: machine(), program, precision });
  return simulate(machine(), program, placement).metrics;
}

const ms = (metrics: Readonly<Record<string, number>>): number => metrics['time.total_s']! * 1e3;

describe('the zig-zag block', () => {
  it('fetches the next layer in the step of the first batch only, and waits for it there', async () => {
    // First fetch; then per layer max(fetch, compute) + (batches − 1) × compute, the last layer without a fetch.
    const [layers, batches] = [5, 3];
    const closed =
      FETCH_MS + (layers - 1) * (Math.max(FETCH_MS, COMPUTE_MS) + (batches - 1) * COMPUTE_MS) + batches * COMPUTE_MS;
    expect(ms(await run(layers, batches, 1, {}))).toBe(closed);
  });

  it('goes on to the first layer of the next token', async () => {
    const [layers, batches, tokens] = [3, 2, 4];
    const perLayer = Math.max(FETCH_MS, COMPUTE_MS) + (batches - 1) * COMPUTE_MS;
    const closed = FETCH_MS + (layers * tokens - 1) * perLayer + batches * COMPUTE_MS;
    expect(ms(await run(layers, batches, tokens, {}))).toBe(closed);
  });

  it('hides the fetch behind the block as soon as one batch computes longer', async () => {
    const slow = { weights: [0, 100] };
    const metrics = await run(4, 1, 1, slow);
    // A single batch: max(fetch, compute) a layer.
    expect(ms(metrics)).toBe(FETCH_MS + 3 * FETCH_MS + COMPUTE_MS);
    expect(metrics['traffic.pcie.h2d_bytes']).toBe(4 * 100e6);
  });

  it('adds everything up when nothing is overlapped', async () => {
    const [layers, batches] = [5, 3];
    expect(ms(await run(layers, batches, 1, { overlap: false }))).toBe(layers * (FETCH_MS + batches * COMPUTE_MS));
  });

  it('relays unpinned weights over the host thread before they can be sent', async () => {
    // 100 MB at 5 GB/s by the host thread, then 10 ms on the link: 30 ms a layer.
    const metrics = await run(3, 1, 1, { pin_weights: false });
    expect(ms(metrics)).toBe(3 * 30 + COMPUTE_MS);
    expect(metrics['time.prefill.weight_read_s']).toBeCloseTo(0.09, 12);
  });

  it('holds two layers of weights on the GPU at most', async () => {
    const metrics = await run(5, 2, 1, {});
    expect(metrics['memory.gpu.weight.peak_bytes']).toBe(200e6);
    expect(metrics['memory.cpu.weight.peak_bytes']).toBe(500e6);
  });

  it('simulates one step of each kind and repeats the rest', async () => {
    const few = await run(4, 2, 1, {});
    const many = await run(400, 2, 1, {});
    expect(many['sim.events']).toBe(few['sim.events']);
    expect(ms(many)).toBe(FETCH_MS + 399 * (FETCH_MS + COMPUTE_MS) + 2 * COMPUTE_MS);
  });
});

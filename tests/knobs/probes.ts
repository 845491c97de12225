import * as v from 'valibot';
import { InputError } from '../../input/index.ts';
import {
  type KvFields,
  loadPlacement,
  type Policy,
  precisionOf,
  resolvePreset,
  runMapping,
} from '../../policies/index.ts';
import { kvMaker } from '../../policies/kv/maker.ts';
import { layerStreamSchema } from '../../policies/placement/layer-stream/schema.ts';
import { readPreset } from '../../policies/presets/load.ts';
import { loadTraining } from '../../policies/training.ts';
import { DeadlockError, DoesNotFitError, MissingFactError, PolicyError } from '../../sim/errors.ts';
import { simulate } from '../../sim/executor/index.ts';
import { SimulationError } from '../../sim/kernel/errors.ts';
import { simulateTraining } from '../../sim/training/index.ts';
import type { KvPolicyMaker, Machine } from '../../sim/types/index.ts';
import { accessSchema } from '../../workloads/access/schema.ts';
import { runDevice } from '../../workloads/device.ts';
import { buildProgram, isDeviceWorkload, type Workload } from '../../workloads/index.ts';
import { readAnyModel } from '../../workloads/load.ts';
import { mappingProgram } from '../../workloads/mapping/index.ts';

/**
 * Small runs that between them touch every part of a machine.
 * @module
 */

export interface Probe {
  readonly name: string;
  readonly workload: Workload;
  readonly policy: Policy;
}

/** Metrics of a probe, or null where the machine cannot run it. */
export type Reading = Readonly<Record<string, number>> | null;

type Generate = Extract<Workload, { kind: 'generate' }>;
const generate = (model: string, more: Partial<Generate> = {}): Workload => ({
  kind: 'generate',
  model,
  prompt: 96,
  output: 3,
  batch: 8,
  batches: 2,
  tensor_parallel: 1,
  pipeline_parallel: 1,
  attention_kernel: 'eager',
  activation_sparsity: 0,
  measured_as: 'full',
  ...more,
});

type Percent = Extract<NonNullable<Policy['placement']>, { kind: 'percent' }>;
const percent = (weights: number[], kv: number[], activations: number[], more: Partial<Percent> = {}): Policy => ({
  placement: {
    kind: 'percent',
    weights: weights as [number, number],
    kv: kv as [number, number],
    activations: activations as [number, number],
    attention_on: 'gpu',
    overlap: true,
    pin_weights: true,
    page_cache: true,
    copy_workers: 4,
    ...more,
  },
});
const quantised = (policy: Policy): Policy => ({
  ...policy,
  precision: { weight_bits: 4, kv_bits: 4, activation_bits: 16, group_size: 64, group_overhead_bits: 32 },
});

const layers = (fields: object): Policy => ({
  placement: v.parse(layerStreamSchema, { kind: 'layer-stream', weights: 'cpu', ...fields }),
});

const small = generate('opt-1.3b');
const one = generate('opt-1.3b', { batch: 1, batches: 1 });

const attention = (dataflow: 'one-pass' | 'row-wise' | 'fused', sequence: number): Workload => {
  return { kind: 'attention', dataflow, batch: 8, heads: 8, sequence, key_width: 64, element_bits: 16 };
};
const copy = (direction: string): Workload => {
  return {
    kind: 'copy',
    link: 'pcie',
    direction,
    bytes: 1e6,
    copies: 1,
    both_directions: false,
    host_memory: 'pinned',
  };
};
const io = (more: object): Workload => ({
  kind: 'io',
  request_bytes: 4096,
  queue_depth: 64,
  read_share: 1,
  pattern: 'random',
  duration_s: 0.02,
  consumer: 'host',
  ...more,
});

const train = (more: Partial<Extract<Workload, { kind: 'train' }>>): Workload => ({
  kind: 'train',
  model: 'gpt-22b',
  shape: { layers: 4, hidden: 1024, heads: 16 },
  seq: 1024,
  batch: 8,
  microbatch: 2,
  tensor_parallel: 4,
  pipeline_parallel: 1,
  interleave: 1,
  context_parallel: 1,
  expert_parallel: 1,
  sequence_parallel: false,
  attention_kernel: 'eager',
  flop_convention: 'full',
  dropout: true,
  fused: true,
  loss: 'whole',
  measured_as: 'full',
  ...more,
});
const network: Extract<Workload, { kind: 'cnn' }> = {
  kind: 'cnn',
  model: 'mlperf-tiny-vww-mbv1-0.25',
  batch: 1,
  dtype: 'int8',
  runtime: 'fused',
  mode: 'infer',
};

const access = (fields: object): Workload =>
  v.parse(accessSchema, { kind: 'access', request_bytes: 64, requests: 2000, ...fields });
/** Reads of a DRAM: at random over all channels and in one, along rows, from one bank group, one row after another of a bank. */
const accesses: readonly Probe[] = [
  { name: 'accesses in order', workload: access({}), policy: {} },
  { name: 'random accesses', workload: access({ pattern: 'random', ordered: true }), policy: {} },
  { name: 'random accesses to a channel', workload: access({ pattern: 'random', span_bytes: 2 ** 22 }), policy: {} },
  { name: 'accesses to every other bank group', workload: access({ request_bytes: 32, stride_bytes: 64 }), policy: {} },
  { name: 'accesses to rows of a bank', workload: access({ stride_bytes: 2 ** 15 }), policy: {} },
  {
    name: 'bursts in rows of a bank',
    workload: access({ request_bytes: 1024, stride_bytes: 2 ** 15, outstanding: 4 }),
    policy: {},
  },
];

export const PROBES: readonly Probe[] = [
  {
    name: 'a network in training',
    workload: { ...network, model: 'mobilenet_v2_1.0_224', batch: 8, dtype: 'fp32', mode: 'train' },
    policy: {},
  },
  {
    name: 'linear attention',
    workload: {
      kind: 'mixer',
      mixer: { kind: 'linear', feature_width: 16, reads: 1 },
      batch: 16,
      heads: 16,
      head_width: 64,
      tokens: 4096,
    },
    policy: {},
  },
  {
    name: 'paged attention',
    workload: generate('llama3-8b', { prompt: 8192, batches: 1, attention_kernel: 'paged' }),
    policy: {},
  },
  {
    name: 'fused attention',
    workload: {
      kind: 'mixer',
      mixer: { kind: 'softmax', causal: true },
      batch: 1,
      heads: 8,
      head_width: 64,
      tokens: 8192,
    },
    policy: {},
  },
  { name: 'one-pass attention', workload: attention('one-pass', 1024), policy: {} },
  { name: 'long one-pass attention', workload: attention('one-pass', 262_144), policy: {} },
  { name: 'fused attention', workload: attention('fused', 4096), policy: {} },
  { name: 'row-wise attention', workload: attention('row-wise', 1024), policy: {} },
  { name: 'long row-wise attention', workload: attention('row-wise', 262_144), policy: {} },
  {
    name: 'resident, small bf16',
    workload: generate('qwen2.5-0.5b', { batch: 1, batches: 1 }),
    policy: { placement: { kind: 'resident' } },
  },
  {
    name: 'a cache appended to by copying',
    workload: generate('opt-1.3b', { prompt: 1024, batches: 1, attention_kernel: 'flash' }),
    policy: { placement: { kind: 'resident' }, kv: { preset: 'appended' } },
  },
  {
    name: 'a program mapped to what is on the chip',
    workload: { kind: 'mapping', program: 'residual-cnn', size: 1, width: 64 },
    policy: {
      planner: { kind: 'two-tier', search: 'xla-greedy', levels: ['onchip', 'cpu'], effort: 0.1, objective: 'time' },
    },
  },
  {
    name: 'search',
    workload: {
      kind: 'search',
      method: { kind: 'graph', hops: 2, beam: 4, node_bytes: 4096, cached_hops: 0, round_compute_s: 0 },
      vectors: 1e6,
      index_bytes_per_vector: 32,
      stored_bytes_per_vector: 348,
      threads: 4,
      duration_s: 0.01,
    },
    policy: {},
  },
  { name: 'a copy to a drive', workload: copy('h2d'), policy: {} },
  { name: 'a copy from a drive', workload: copy('d2h'), policy: {} },
  ...['onchip', 'ddr', 'hbm', 'cpu', 'csd_dram', 'csd_flash'].map((memory): Probe => {
    return {
      name: `a stream of ${memory}`,
      workload: { kind: 'stream', memory, read_share: 1, bytes: 1e7 },
      policy: {},
    };
  }),
  { name: 'weights on flash', workload: one, policy: { placement: { kind: 'neurons', resident: 0 } } },
  {
    name: 'weights on flash, CPU',
    workload: one,
    policy: { placement: { kind: 'neurons', compute_on: 'cpu', resident: 0.5 } },
  },
  {
    name: 'neurons on flash',
    workload: one,
    policy: {
      placement: {
        kind: 'neurons',
        resident: 0.6,
        sparse: { fresh: 0.03, predictor: 0.01, windowed: true, bundled: true },
      },
    },
  },
  {
    name: 'attention in the drive',
    workload: small,
    policy: { placement: { kind: 'near-data', attention_on: 'near' } },
  },
  {
    name: 'short attention in the drive',
    workload: generate('opt-1.3b', { prompt: 1, batch: 1, batches: 1 }),
    policy: { placement: { kind: 'near-data', attention_on: 'near' } },
  },
  { name: 'cache in mapped files', workload: one, policy: { placement: { kind: 'near-data', attention_on: 'fast' } } },
  {
    name: 'cache in mapped files, larger than the page cache',
    workload: generate('opt-13b', { prompt: 1024, output: 2, batch: 128, batches: 1 }),
    policy: { placement: { kind: 'near-data', attention_on: 'fast' } },
  },
  { name: 'on chip', workload: small, policy: { placement: { kind: 'on-chip', density: {} } } },
  {
    name: 'on chip, 4 bits',
    workload: generate('opt-1.3b', { batch: 1, batches: 1 }),
    policy: quantised({ placement: { kind: 'on-chip', density: {} } }),
  },
  { name: 'one read at a time', workload: io({ queue_depth: 1, duration_s: 0.1 }), policy: {} },
  { name: 'small reads', workload: io({}), policy: {} },
  { name: 'large reads', workload: io({ request_bytes: 131_072 }), policy: {} },
  { name: 'writes', workload: io({ request_bytes: 16_384, read_share: 0 }), policy: {} },
  ...accesses,
  { name: 'a stream', workload: { kind: 'stream', read_share: 1, bytes: 1e9 }, policy: {} },
  { name: 'a mixed stream', workload: { kind: 'stream', read_share: 0.5, bytes: 1e9 }, policy: {} },
  {
    name: 'a stream of the drive',
    workload: { kind: 'stream', memory: 'disk', read_share: 1, bytes: 1e9 },
    policy: {},
  },
  { name: 'resident', workload: small, policy: { placement: { kind: 'resident' } } },
  {
    name: 'resident, bf16',
    workload: generate('llama3-8b', { batch: 1 }),
    policy: { placement: { kind: 'resident' } },
  },
  {
    name: 'host, CPU attention',
    workload: small,
    policy: percent([0, 100], [0, 100], [0, 100], { attention_on: 'cpu' }),
  },
  { name: 'host, GPU attention', workload: small, policy: percent([0, 100], [0, 100], [0, 100]) },
  { name: 'host, unpinned', workload: small, policy: percent([0, 100], [0, 100], [0, 100], { pin_weights: false }) },
  { name: 'GPU, not warmed up', workload: small, policy: percent([100, 0], [100, 0], [100, 0], { warm_up: false }) },
  { name: 'host, 4 bits', workload: small, policy: quantised(percent([0, 100], [0, 100], [0, 100])) },
  {
    name: 'host, evicting',
    workload: small,
    policy: {
      ...percent([0, 100], [0, 100], [0, 100], { attention_on: 'cpu' }),
      kv: { preset: 'h2o', ratio: 0.1 },
    },
  },
  { name: 'disk', workload: small, policy: percent([0, 0], [0, 100], [0, 100]) },
  { name: 'disk, no cache', workload: small, policy: percent([0, 0], [0, 100], [0, 100], { page_cache: false }) },
  { name: 'KV on disk', workload: small, policy: percent([0, 100], [0, 0], [0, 100], { attention_on: 'cpu' }) },
  { name: 'layers from pageable memory', workload: small, policy: layers({ host_memory: 'pageable' }) },
  { name: 'layers, cache on the host', workload: small, policy: layers({ host_memory: 'pageable', kv: 'cpu' }) },
  { name: 'network', workload: network, policy: {} },
  { name: 'network in an arena', workload: network, policy: { planner: { kind: 'tflm-greedy' } } },
  { name: 'network in 32 bits', workload: { ...network, dtype: 'fp32' }, policy: {} },
  { name: 'KV on disk, no cache', workload: small, policy: percent([0, 100], [0, 0], [0, 100], { page_cache: false }) },
  // A quarter of the vocabulary is odd.
  {
    name: 'training on one node',
    workload: train({ shape: { layers: 2, hidden: 4096, heads: 32, vocab: 50260 } }),
    policy: {},
  },
  {
    name: 'training on four',
    workload: train({ gpus: 32, tensor_parallel: 8, pipeline_parallel: 2, batch: 8 }),
    policy: {},
  },
  {
    name: 'training with fused attention',
    workload: train({ tensor_parallel: 1, attention_kernel: 'flash', seq: 4096 }),
    policy: {},
  },
  {
    name: 'training with the host',
    workload: train({ tensor_parallel: 1 }),
    policy: { activations: { kind: 'offload', buffers: 2 } },
  },
];

/** The KV policy of a probe, as a study's would be resolved. */
function kvOf({ kv }: Policy): KvPolicyMaker | null {
  if (kv === undefined) return null;
  const { preset, ...fields } = kv;
  const place = () => ({ file: 'probe' });
  return kvMaker(resolvePreset(readPreset(preset), fields as KvFields, place, readPreset));
}

/** What the machine makes of the probe. */
export async function readProbe(machine: Machine, { workload, policy }: Probe): Promise<Reading> {
  try {
    if (isDeviceWorkload(workload)) return runDevice(workload, machine, 1).metrics;
    if (workload.kind === 'mapping') {
      const program = mappingProgram(workload, readAnyModel, () => '', 1);
      return (await runMapping(policy, machine, program, 1, workload.fast_bytes)).metrics;
    }
    const precision = precisionOf(policy);
    const program = buildProgram(workload, precision, readAnyModel, kvOf(policy));
    const { training } = program;
    if (training !== undefined) {
      const { activations, optimizer } = loadTraining(policy, machine, training);
      return simulateTraining(machine, { ...program, training }, activations, optimizer).metrics;
    }
    const placement = await loadPlacement(policy, { machine, program, precision });
    const { metrics } = simulate(machine, program, placement);
    // Where every part has a source, what is known is all.
    const known = metrics['energy.known_j'] ?? metrics['energy.total_j'];
    return known === undefined ? metrics : { ...metrics, 'energy.known_j': known };
  } catch (error) {
    const expected = [DoesNotFitError, MissingFactError, PolicyError, DeadlockError, SimulationError, InputError];
    if (expected.some((kind) => error instanceof kind)) return null;
    throw error;
  }
}

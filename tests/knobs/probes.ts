import * as v from 'valibot';
import {
  type KvFields,
  kvMaker,
  loadPlacement,
  loadTraining,
  type Policy,
  precisionOf,
  resolvePreset,
} from '../../policies/index.ts';
import { layerStreamSchema } from '../../policies/placement/layer-stream/schema.ts';
import { readPreset } from '../../policies/presets/load.ts';
import { DeadlockError, DoesNotFitError, MissingFactError, PolicyError } from '../../sim/executor/errors.ts';
import { simulate } from '../../sim/executor/index.ts';
import { SimulationError } from '../../sim/kernel/errors.ts';
import { simulateTraining } from '../../sim/training/index.ts';
import type { KvPolicyMaker, Machine } from '../../sim/types/index.ts';
import { buildProgram, type Workload } from '../../workloads/index.ts';
import { readAnyModel } from '../../workloads/load.ts';

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
  mode: 'infer',
};

export const PROBES: readonly Probe[] = [
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
  { name: 'training on one node', workload: train({ shape: { layers: 2, hidden: 4096, heads: 32 } }), policy: {} },
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
    const expected = [DoesNotFitError, MissingFactError, PolicyError, DeadlockError, SimulationError];
    if (expected.some((kind) => error instanceof kind)) return null;
    throw error;
  }
}

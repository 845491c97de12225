import type { Bound } from '../executor/bound.ts';
import type { CollectiveCost } from '../resources/collectives.ts';
import { STREAMS } from '../types/policy.ts';
import type { TrainBody } from '../types/training.ts';
import type { StepAllocation } from './allocation.ts';
import type { ChunkTimes, PhaseReading } from './chunk.ts';
import type { ChunkContext } from './emitter.ts';
import { deviceBytes, hostBytes, type StageMemory, stageParameters } from './memory.ts';
import type { PipelineRun } from './schedule.ts';
import type { UpdateTime } from './update.ts';

/** What a step gave. */
export interface StepRun extends ChunkContext {
  readonly pipeline: PipelineRun;
  readonly send: CollectiveCost;
  readonly memories: readonly StageMemory[];
  readonly allocation: StepAllocation | null;
  readonly update: UpdateTime;
  /** A chunk of layers alone. */
  readonly layer: ChunkTimes;
  readonly times: readonly (readonly ChunkTimes[])[];
  readonly bound: Bound;
}

const seconds = (ns: number): number => ns / 1e9;

/** The flat metrics of a step, under the names of docs/metrics.md. */
export function trainingMetrics(run: StepRun): Record<string, number> {
  const { training, machine, pipeline, update } = run;
  const { layout } = training;
  const totalS = seconds(pipeline.total_ns + update.total_ns);
  const metrics: Record<string, number> = {
    'time.total_s': totalS,
    'time.step_s': totalS,
    'throughput.samples_per_s': training.samples / totalS,
  };
  // A network has samples alone.
  if (training.tokens > 0) {
    metrics['throughput.tokens_per_s'] = training.tokens / totalS;
    metrics['throughput.tokens_per_s_per_device'] = training.tokens / totalS / layout.gpus;
  }
  times(metrics, run);
  memory(metrics, run);
  const peak = peakOf(run);
  const done = flopsDone(run);
  metrics['compute.flops'] = done;
  metrics['compute.recompute_flops'] = recomputed(run);
  if (peak > 0) {
    metrics['compute.mfu'] = training.model_flops / (layout.gpus * peak * totalS);
    // Recomputed work counts as hardware work by the same convention as the model's.
    metrics['compute.hfu'] =
      (training.model_flops + layout.gpus * metrics['compute.recompute_flops']) / (layout.gpus * peak * totalS);
  }
  if (machine.cost_usd_per_h !== undefined) {
    metrics['cost.usd'] = (machine.cost_usd_per_h * layout.gpus * totalS) / 3600;
  }
  energy(metrics, run, totalS);
  metrics['bound.time_s'] = run.bound.time_s;
  if (run.bound.time_s > 0) metrics['bound.gap'] = totalS / run.bound.time_s;
  for (const [name, value] of Object.entries({ ...training.choices, ...run.activations.choices }))
    metrics[`choice.${name}`] = value;
  metrics['optimizer.trained_parameters'] = trainedParameters(run);
  metrics['sim.events'] = run.times
    .flat()
    .reduce((sum, { forward, backward }) => sum + forward.events + backward.events, 0);
  return metrics;
}

/** Over all ranks of one copy of the model, as if each held a share of every weight. */
function trainedParameters({ training }: StepRun): number {
  const { pipeline, tensor } = training.layout;
  let parameters = 0;
  for (let stage = 0; stage < pipeline; stage++) {
    const { matrices, others } = stageParameters(training, stage);
    parameters += matrices + others;
  }
  return tensor * parameters;
}

/** Of the first stage; streams overlap, and so do forward and backward of different micro-batches. */
function times(metrics: Record<string, number>, run: StepRun): void {
  const { training, pipeline, update, layer } = run;
  const { microbatches } = training.layout;
  const first = run.times[0]!;
  const total = (of: (chunk: ChunkTimes) => number): number => first.reduce((sum, chunk) => sum + of(chunk), 0);
  metrics['time.forward_s'] = microbatches * seconds(total((chunk) => chunk.forward_ns));
  metrics['time.backward_s'] = microbatches * seconds(total((chunk) => chunk.backward_ns));
  metrics['time.optimizer_s'] = seconds(update.total_ns);
  metrics['time.gradient_reduction_s'] = seconds(update.reduce_ns);
  const layers = training.layers / (training.layout.pipeline * training.layout.interleave);
  metrics['time.layer_forward_s'] = seconds(layer.forward_ns) / layers;
  if (layers > training.trunk_layers)
    metrics['time.layer_backward_s'] = seconds(layer.backward_ns) / (layers - training.trunk_layers);
  // Idle time of the stage that works longest.
  metrics['time.bubble_s'] = seconds(pipeline.total_ns - Math.max(...pipeline.busy_ns));
  for (const phase of ['forward', 'backward'] as const) {
    for (const stream of STREAMS) {
      const busy = total((chunk) => chunk[phase].busy_ns.get(`time.${phase}.${stream}`) ?? 0);
      metrics[`time.${phase}.${stream}_s`] = microbatches * seconds(busy);
    }
  }
  const moved = new Map<string, number>();
  for (const chunk of first) {
    for (const phase of ['forward', 'backward'] as const) {
      for (const [name, bytes] of chunk[phase].counters) {
        if (name.startsWith('link.')) moved.set(name, (moved.get(name) ?? 0) + microbatches * bytes);
      }
    }
  }
  const add = (name: string, bytes: number): void => {
    if (bytes > 0) moved.set(name, (moved.get(name) ?? 0) + bytes);
  };
  add('link.pcie.d2h', update.to_host_bytes);
  add('link.pcie.h2d', update.to_device_bytes);
  for (const [name, bytes] of moved) {
    const [, link, direction] = name.split('.') as [string, string, string];
    if (bytes > 0) metrics[`traffic.${link}.${direction}_bytes`] = bytes;
  }
}

const GONE: ReadonlySet<string> = new Set(['gradient', 'activation']);

/** The stage that holds most on its device stands for all; the terms that formulas count are the first stage's. */
function memory(metrics: Record<string, number>, { machine, memories, allocation, activations }: StepRun): void {
  const fast = machine.roles.fast ?? 'gpu';
  const host = machine.roles.host ?? 'cpu';
  const fullest = memories.reduce((most, next) => (deviceBytes(next) > deviceBytes(most) ? next : most));
  metrics[`memory.${fast}.peak_bytes`] = deviceBytes(fullest);
  for (const kind of ['weight', 'gradient', 'optimizer', 'activation', 'workspace'] as const) {
    // Kinds add up to the peak: the smaller of two that are not there together is gone by then.
    const gone = fullest.apart > 0 && fullest[kind] === fullest.apart && GONE.has(kind);
    if (fullest[kind] > 0 && !gone) metrics[`memory.${fast}.${kind}.peak_bytes`] = fullest[kind];
  }
  if (allocation !== null) {
    metrics[`memory.${fast}.live_peak_bytes`] = allocation.live_peak_bytes;
    metrics[`memory.${fast}.reserved_peak_bytes`] = allocation.reserved_peak_bytes;
    metrics[`memory.${fast}.fragmentation`] = 1 - allocation.live_peak_bytes / allocation.reserved_peak_bytes;
  }
  const { planned_peak_bytes } = activations;
  if (planned_peak_bytes !== undefined) metrics[`memory.${fast}.planned_peak_bytes`] = planned_peak_bytes;
  const first = memories[0]!;
  metrics[`memory.${fast}.layer_state_bytes`] = first.layer_state;
  metrics[`memory.${fast}.layer_activation_bytes`] = first.layer_activation;
  metrics[`memory.${fast}.other_state_bytes`] = first.weight + first.gradient + first.optimizer - first.layer_state;
  metrics[`memory.${fast}.other_activation_bytes`] = first.activation - first.layer_activation;
  const moved = Math.max(...memories.map(hostBytes));
  if (moved === 0) return;
  metrics[`memory.${host}.peak_bytes`] = moved;
  const most = (of: (memory: StageMemory) => number): number => Math.max(...memories.map(of));
  const kinds = { activation: 'host_activation', optimizer: 'host_optimizer', weight: 'host_weight' } as const;
  for (const [kind, field] of Object.entries(kinds)) {
    const bytes = most((stage) => stage[field]);
    if (bytes > 0) metrics[`memory.${host}.${kind}.peak_bytes`] = bytes;
  }
}

function peakOf({ machine, training }: StepRun): number {
  const unit = machine.compute.find(({ memory }) => memory === machine.roles.fast);
  return unit?.peak_flop_per_s[training.dtype] ?? 0;
}

/** FLOPs of one device, averaged over the stages. */
function flopsDone({ times: chunks, training }: StepRun): number {
  const { microbatches, pipeline } = training.layout;
  const of = (reading: PhaseReading): number =>
    [...reading.counters].reduce((sum, [name, value]) => sum + (name.startsWith('flops.') ? value : 0), 0);
  const all = chunks.flat().reduce((sum, { forward, backward }) => sum + of(forward) + of(backward), 0);
  return (microbatches * all) / pipeline;
}

/** FLOPs of one device that only recomputation asks for. */
function recomputed({ training, activations }: StepRun): number {
  const again = ({ ops }: TrainBody): number =>
    ops.reduce((sum, { name, forward }) => {
      const share = activations.again[name] ?? 0;
      return sum + share * forward.reduce((flops, kernel) => flops + kernel.flops, 0);
    }, 0);
  const { encoder } = training;
  const source = encoder ? encoder.layers * again(encoder.layer) : 0;
  const layers = training.layers - training.trunk_layers;
  return (training.layout.microbatches * (layers * again(training.layer) + source)) / training.layout.pipeline;
}

function energy(metrics: Record<string, number>, { machine, training }: StepRun, totalS: number): void {
  const unit = machine.compute.find(({ memory }) => memory === machine.roles.fast);
  if (unit?.busy_w === undefined) return;
  // Boards at their stated power for the whole step: an upper figure, since bubbles draw less.
  metrics['energy.known_j'] = unit.busy_w * totalS * training.layout.gpus;
}

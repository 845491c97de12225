import { DoesNotFitError } from '../errors.ts';
import { lowerBound } from '../executor/bound.ts';
import { Collectives } from '../resources/collectives.ts';
import type { Machine } from '../types/machine.ts';
import type { Program, ProgramSummary } from '../types/program.ts';
import type { RunResult } from '../types/result.ts';
import type { ActivationPlan, OptimizerPlan, Training } from '../types/training.ts';
import { type StepAllocation, stepAllocation } from './allocation.ts';
import { type ChunkShape, ChunkSimulator } from './chunk.ts';
import type { ChunkContext } from './emitter.ts';
import { deviceBytes, hostBytes, type StageMemory, stageMemory } from './memory.ts';
import { trainingMetrics } from './metrics.ts';
import { runPipeline, type UnitSpan } from './schedule.ts';
import { stepTimeline } from './timeline.ts';
import { updateTime } from './update.ts';

export interface TrainingOptions {
  readonly timeline?: boolean;
}

/**
 * Runs one training step: chunks of each kind once on the event engine, all their repetitions through the pipeline's
 * schedule, then the update.
 * @throws DoesNotFitError, MissingFactError
 */
export function simulateTraining(
  machine: Machine,
  program: Program & { readonly training: Training },
  activations: ActivationPlan,
  optimizer: OptimizerPlan,
  options: TrainingOptions = {},
): RunResult {
  const { training } = program;
  const { layout } = training;
  const context: ChunkContext = { machine, training, activations, optimizer };
  const chunks = new ChunkSimulator(context);
  const shapes = chunkShapes(training);
  const times = shapes.map((row) => row.map((shape) => chunks.times(shape)));
  const send = new Collectives(machine, layout).send(training.boundary_bytes, training.hidden_bytes);
  const spans: UnitSpan[] = [];
  const pipeline = runPipeline(
    { stages: layout.pipeline, chunks: layout.interleave, microbatches: layout.microbatches },
    {
      forward: (stage, chunk) => times[stage]![chunk]!.forward_ns,
      backward: (stage, chunk) => times[stage]![chunk]!.backward_ns,
      send_ns: Math.ceil(send.seconds * 1e9),
    },
    options.timeline === true ? (span) => spans.push(span) : null,
  );
  const memories = shapes.map((_, stage) => stageMemory(training, activations, optimizer, pipeline, stage));
  const allocation = allocationOf(context, memories, options.timeline === true);
  const warnings = [...activations.warnings, ...optimizer.warnings, ...checkFits(machine, training, memories)];
  const updates = [0, ...(layout.pipeline > 1 ? [layout.pipeline - 1] : [])].map((stage) => updateTime(context, stage));
  const update = updates.reduce((worst, next) => (next.total_ns > worst.total_ns ? next : worst));
  const layer = chunks.times({ layers: layersPerChunk(training), embed: false, head: false });
  const metrics = trainingMetrics({
    ...context,
    pipeline,
    send,
    memories,
    allocation,
    update,
    layer,
    times,
    bound: lowerBound(machine, { ...program.summary, flops: flopsOf(training) }),
  });
  return {
    metrics,
    warnings,
    ...(options.timeline === true && {
      timeline: {
        ...stepTimeline(context, spans, memories, pipeline, update),
        ...(allocation?.samples && { allocator: { memory: machine.roles.fast ?? 'gpu', samples: allocation.samples } }),
      },
    }),
  };
}

/** FLOPs that the step must do on each device, by the model's convention: less than the workload's where weights are frozen. */
function flopsOf({ model_flops, backward_share, layout, dtype }: Training): ProgramSummary['flops'] {
  const flops = model_flops / layout.gpus;
  const backward = flops * backward_share;
  return { forward: { [dtype]: flops - backward }, backward: { [dtype]: backward } };
}

const layersPerChunk = ({ layers, layout }: Training): number => layers / (layout.pipeline * layout.interleave);

/** Chunks of every stage: the embedding stands before the first of all, the loss after the last. */
function chunkShapes(training: Training): ChunkShape[][] {
  const { pipeline, interleave } = training.layout;
  const layers = layersPerChunk(training);
  return Array.from({ length: pipeline }, (_, stage) =>
    Array.from({ length: interleave }, (__, chunk) => ({
      layers,
      embed: stage === 0 && chunk === 0,
      head: stage === pipeline - 1 && chunk === interleave - 1,
    })),
  );
}

/**
 * The step of the fullest stage through the caching allocator, where one is asked for.
 * @throws DoesNotFitError naming the request that no hole holds.
 */
function allocationOf(
  { machine, ...context }: ChunkContext,
  memories: readonly StageMemory[],
  watched: boolean,
): StepAllocation | null {
  const { allocator, measured_as } = context.training;
  if (allocator === null) return null;
  const { stage } = memories.reduce((most, next) => (deviceBytes(next) > deviceBytes(most) ? next : most));
  const fast = machine.memories.find(({ id }) => id === machine.roles.fast);
  const room = fast === undefined ? Number.POSITIVE_INFINITY : fast.capacity_bytes - fast.reserved_bytes;
  const { expandable_segments, max_split_bytes } = allocator;
  const allocation = stepAllocation(
    context,
    stage,
    {
      capacity_bytes: measured_as === 'full' ? room : Number.POSITIVE_INFINITY,
      expandable_segments,
      ...(max_split_bytes !== null && { max_split_bytes }),
    },
    watched,
  );
  const { refused } = allocation;
  if (refused === null) return allocation;
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const what =
    `a request of ${gib(refused.asked_bytes)} (${refused.what}) beside ${gib(refused.allocated_bytes)} in use; the largest of ` +
    `the free blocks, ${gib(refused.free_bytes)} in all, has ${gib(refused.largest_free_bytes)}, so they`;
  throw new DoesNotFitError(fast?.id ?? 'gpu', what, refused.reserved_bytes + refused.asked_bytes, room, 0, [
    { what: 'blocks in use', bytes: refused.allocated_bytes },
    { what: 'free blocks too small for the request', bytes: refused.free_bytes },
  ]);
}
/** Nearer to the capacity than this share, fitting depends on the allocator's rounding and on what else the driver holds. */
const MARGIN = 0.05;

/** Warnings where a requirement is above the capacity; otherwise that is an error. */
function checkFits(machine: Machine, training: Training, memories: readonly StageMemory[]): string[] {
  const fast = machine.memories.find(({ id }) => id === machine.roles.fast);
  const host = machine.memories.find(({ id }) => id === machine.roles.host);
  const warnings: string[] = [];
  for (const memory of memories) {
    const device = deviceBytes(memory);
    const capacity = fast === undefined ? Number.POSITIVE_INFINITY : fast.capacity_bytes - fast.reserved_bytes;
    const near = Math.abs(device / capacity - 1) <= MARGIN;
    if (near && device <= capacity) {
      warnings.push(
        `it fits by ${((1 - device / capacity) * 100).toFixed(1)} % of ${fast!.id}: marginal, an allocator may lose as much`,
      );
    }
    if (device > capacity) {
      const what = `stage ${memory.stage}'s step${near ? ' (marginal, within 5 % of the limit)' : ''}`;
      const error = new DoesNotFitError(fast!.id, what, device, capacity, 0, holders(memory));
      if (training.measured_as === 'full') throw error;
      warnings.push(error.message);
    }
    const offloaded = hostBytes(memory);
    if (offloaded === 0) continue;
    const room = host === undefined ? 0 : host.capacity_bytes - host.reserved_bytes;
    if (offloaded <= room) continue;
    const what = 'what the step moves to the host';
    const error = new DoesNotFitError(host?.id ?? 'cpu', what, offloaded, room, 0, [
      { what: 'activations', bytes: memory.host_activation },
      { what: 'optimizer state', bytes: memory.host_optimizer },
      { what: 'weights', bytes: memory.host_weight },
    ]);
    if (training.measured_as === 'full') throw error;
    warnings.push(error.message);
  }
  return [...new Set(warnings)].slice(0, 1);
}

function holders({ weight, gradient, optimizer, activation, workspace }: StageMemory) {
  return [
    { what: 'weights', bytes: weight },
    { what: 'gradients', bytes: gradient },
    { what: 'optimizer state', bytes: optimizer },
    { what: 'activations', bytes: activation },
    { what: 'workspace', bytes: workspace },
  ].filter(({ bytes }) => bytes > 0);
}

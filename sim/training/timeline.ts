import type { Counter, Span, Timeline } from '../types/result.ts';
import type { ChunkContext } from './emitter.ts';
import { type StageMemory, savedBytes } from './memory.ts';
import type { PipelineRun, UnitSpan } from './schedule.ts';
import type { UpdateTime } from './update.ts';

/**
 * The step as bars, a track a stage, and what the first stage's device holds. Inside a unit its layers take equal shares
 * of the time.
 */
export function stepTimeline(
  { machine, training, activations, optimizer }: ChunkContext,
  units: readonly UnitSpan[],
  memories: readonly StageMemory[],
  pipeline: PipelineRun,
  update: UpdateTime,
): Timeline {
  const { layout } = training;
  const tracks = Array.from({ length: layout.pipeline }, (_, stage) => ({
    id: stage,
    name: `stage ${stage}`,
    group: 'pipeline',
  }));
  const spans: Span[] = units.map(({ stage, chunk, microbatch, kind, start_ns, end_ns }) => ({
    track: stage,
    name: `${kind === 0 ? 'F' : 'B'}${microbatch + 1}${layout.interleave > 1 ? ` (${chunk})` : ''}`,
    category: kind === 0 ? 'forward' : 'backward',
    start_ns,
    end_ns,
    bytes: 0,
    caused_by: -1,
  }));
  for (const { id } of tracks) {
    spans.push({
      track: id,
      name: 'update',
      category: 'optimizer',
      start_ns: pipeline.total_ns,
      end_ns: pipeline.total_ns + update.total_ns,
      bytes: 0,
      caused_by: -1,
    });
  }
  const fast = machine.roles.fast ?? 'gpu';
  const kinds = heldByKind({ machine, training, activations, optimizer }, units, memories[0]!, pipeline, update);
  const total = sumOf(Object.values(kinds));
  return {
    tracks,
    spans,
    counters: [
      { name: `memory.${fast}`, unit: 'bytes', samples: total },
      ...Object.entries(kinds).map(
        ([kind, samples]): Counter => ({ name: `memory.${fast}.${kind}`, unit: 'bytes', samples }),
      ),
    ],
  };
}

type Samples = readonly (readonly [at_ns: number, bytes: number])[];

/** A step function made of changes. */
class Held {
  private readonly changes = new Map<number, number>();

  add(at_ns: number, bytes: number): void {
    const at = Math.round(at_ns);
    this.changes.set(at, (this.changes.get(at) ?? 0) + bytes);
  }

  samples(): Samples {
    let held = 0;
    const ordered = [[0, 0] as const, ...this.changes].sort(([a], [b]) => a - b);
    return ordered.map(([at, bytes]) => {
      held += bytes;
      return [at, Math.max(0, held)] as const;
    });
  }
}

/**
 * What the first stage's device holds, by kind. Weights and optimizer state stay; activations of a layer come with its
 * forward and go with its backward, the head's at the turn between; gradients come with the first backward and stay to the
 * update, unless each body is updated at once; workspace is there while the head's loss runs and, where a layer is computed
 * again, while it does.
 */
function heldByKind(
  { training, activations, optimizer }: ChunkContext,
  units: readonly UnitSpan[],
  memory: StageMemory,
  pipeline: PipelineRun,
  update: UpdateTime,
): Readonly<Record<string, Samples>> {
  const { layout, layers, trunk_layers } = training;
  const [activation, gradient, workspace] = [new Held(), new Held(), new Held()];
  const perChunk = layers / (layout.pipeline * layout.interleave);
  const kept = savedBytes(training.layer, activations);
  const { encoder } = training;
  const source = encoder
    ? encoder.layers * savedBytes(encoder.layer, activations).kept + savedBytes(encoder.end, null).kept
    : 0;
  const ends = savedBytes(training.embed, null).kept + source;
  const isLast = layout.pipeline === 1;
  const head = isLast ? savedBytes(training.head, null).kept : 0;
  const trained = perChunk - trunk_layers;
  const again = Math.max(0, kept.whole - kept.kept - kept.host);
  let firstBackward = true;
  for (const { stage, chunk, kind, start_ns, end_ns } of units) {
    if (stage !== 0) continue;
    const last = isLast && chunk === layout.interleave - 1;
    const at = (layer: number): number => start_ns + ((end_ns - start_ns) * layer) / perChunk;
    if (kind === 0) {
      if (chunk === 0) activation.add(start_ns, ends);
      for (let layer = trunk_layers + 1; layer <= perChunk; layer++) activation.add(at(layer), kept.kept);
      if (last) activation.add(end_ns, head);
      continue;
    }
    // The loss comes first: until the first layer is done, its workspace stands beside all that was kept.
    const step = (end_ns - start_ns) / trained;
    if (last) {
      activation.add(start_ns + step / 2, -head);
      workspace.add(start_ns, memory.workspace);
      workspace.add(start_ns + step / 2, -memory.workspace);
    }
    for (let layer = 1; layer <= trained; layer++) {
      const done = start_ns + step * layer;
      activation.add(done, -kept.kept);
      if (again > 0) {
        workspace.add(done - step / 2, again);
        workspace.add(done, -again);
      }
      if (!firstBackward || optimizer.per_layer) continue;
      gradient.add(done, memory.gradient / trained);
    }
    if (optimizer.per_layer) {
      gradient.add(start_ns, memory.gradient);
      gradient.add(end_ns, -memory.gradient);
    }
    if (chunk === 0) {
      activation.add(end_ns, -ends);
      firstBackward = false;
    }
  }
  if (!optimizer.per_layer) gradient.add(pipeline.total_ns + update.total_ns, -memory.gradient);
  const constant = (bytes: number): Samples => [[0, bytes]];
  const all: Readonly<Record<string, Samples>> = {
    weight: constant(memory.weight),
    optimizer: constant(memory.optimizer),
    gradient: gradient.samples(),
    activation: activation.samples(),
    workspace: workspace.samples(),
  };
  return Object.fromEntries(Object.entries(all).filter(([, samples]) => samples.some(([, bytes]) => bytes > 0)));
}

/** The sum of step functions. */
function sumOf(kinds: readonly Samples[]): Samples {
  const total = new Held();
  for (const samples of kinds) {
    samples.forEach(([at, bytes], i) => {
      total.add(at, bytes - (samples[i - 1]?.[1] ?? 0));
    });
  }
  return total.samples();
}

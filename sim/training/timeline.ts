import type { Counter, Span, Timeline } from '../types/result.ts';
import type { ChunkContext } from './emitter.ts';
import { type StageMemory, savedBytes } from './memory.ts';
import type { PipelineRun, UnitSpan } from './schedule.ts';
import type { UpdateTime } from './update.ts';

/**
 * The step as bars, a track a stage, and what the first stage's device holds. Inside a unit its layers take equal shares
 * of the time, and each brings or gives back its activations when it ends.
 */
export function stepTimeline(
  { machine, training, activations }: ChunkContext,
  units: readonly UnitSpan[],
  memories: readonly StageMemory[],
  pipeline: PipelineRun,
  update: UpdateTime,
): Timeline {
  const { layout, layers } = training;
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
  const first = memories[0]!;
  const kept = savedBytes(training.layer, activations).kept;
  const ends = savedBytes(training.embed, null).kept;
  const perChunk = layers / (layout.pipeline * layout.interleave);
  const samples: [number, number][] = [[0, 0]];
  let live = 0;
  const change = (at: number, bytes: number): void => {
    live = Math.max(0, live + bytes);
    const last = samples[samples.length - 1]!;
    if (last[0] === at) last[1] = live;
    else samples.push([at, live]);
  };
  for (const { stage, chunk, kind, start_ns, end_ns } of units) {
    if (stage !== 0) continue;
    const sign = kind === 0 ? 1 : -1;
    if (chunk === 0 && kind === 0) change(start_ns, ends);
    for (let layer = 1; layer <= perChunk; layer++) {
      change(Math.round(start_ns + ((end_ns - start_ns) * layer) / perChunk), sign * kept);
    }
    if (chunk === 0 && kind === 1) change(end_ns, -ends);
  }
  const held = (name: string, bytes: number): Counter[] =>
    bytes > 0 ? [{ name: `memory.${fast}.${name}`, unit: 'bytes', samples: [[0, bytes]] }] : [];
  const fixed = first.weight + first.gradient + first.optimizer;
  return {
    tracks,
    spans,
    counters: [
      { name: `memory.${fast}`, unit: 'bytes', samples: samples.map(([at, value]) => [at, value + fixed] as const) },
      ...held('weight', first.weight),
      ...held('gradient', first.gradient),
      ...held('optimizer', first.optimizer),
      { name: `memory.${fast}.activation`, unit: 'bytes', samples },
    ],
  };
}

/**
 * Pipeline schedules and how long they take. Each stage runs its units of work in a fixed order; a unit waits for its
 * neighbour's and for its own stage.
 * @module
 */

/** Sizes of a pipeline. */
export interface PipelineShape {
  readonly stages: number;
  readonly chunks: number;
  readonly microbatches: number;
}

/** Durations in ns: of the unit a stage runs for a chunk, and of handing its result to a neighbour. */
export interface UnitTimes {
  readonly forward: (stage: number, chunk: number) => number;
  readonly backward: (stage: number, chunk: number) => number;
  readonly send_ns: number;
}

/** One unit of work as it ran; `kind` 0 forward, 1 backward. */
export interface UnitSpan {
  readonly stage: number;
  readonly chunk: number;
  readonly microbatch: number;
  readonly kind: 0 | 1;
  readonly start_ns: number;
  readonly end_ns: number;
}

export interface PipelineRun {
  readonly total_ns: number;
  /** Per stage, busy time. */
  readonly busy_ns: Float64Array;
  /** Per stage, most units whose forward is done and backward is not, and those by chunk at that moment. */
  readonly in_flight: readonly (readonly number[])[];
}

/** A unit as a number: (chunk * microbatches + microbatch) * 2 + kind. */
type Order = Int32Array;

/**
 * The order of one stage. Plain 1F1B warms up with one forward for each stage after it (Narayanan et al., SC 2021,
 * section 2.2.1). Interleaved, micro-batches go in groups of `stages` through each chunk in turn and the warm-up is
 * 2 (stages - stage - 1) + (chunks - 1) stages (section 2.2.2; Megatron-LM, `schedules.py`).
 */
export function stageOrder(stage: number, { stages, chunks, microbatches }: PipelineShape): Order {
  const units = chunks * microbatches;
  const warmup =
    chunks === 1
      ? Math.min(stages - stage - 1, units)
      : Math.min(2 * (stages - stage - 1) + (chunks - 1) * stages, units);
  const forward = (i: number): number => 2 * unitAt(i, false);
  const backward = (i: number): number => 2 * unitAt(i, true) + 1;
  const unitAt = (i: number, reversed: boolean): number => {
    if (chunks === 1) return i;
    const group = stages * chunks;
    const within = i % group;
    const chunk = Math.floor(within / stages);
    const microbatch = Math.floor(i / group) * stages + (within % stages);
    return (reversed ? chunks - 1 - chunk : chunk) * microbatches + microbatch;
  };
  const order = new Int32Array(2 * units);
  let at = 0;
  for (let i = 0; i < warmup; i++) order[at++] = forward(i);
  for (let i = warmup; i < units; i++) {
    order[at++] = forward(i);
    order[at++] = backward(i - warmup);
  }
  for (let i = units - warmup; i < units; i++) order[at++] = backward(i);
  return order;
}

/**
 * Runs the pipeline. Sends keep their stage busy (they are synchronous in Megatron-LM's schedules); the first stage's
 * input and the last stage's loss need none.
 */
export function runPipeline(
  shape: PipelineShape,
  times: UnitTimes,
  onUnit: ((span: UnitSpan) => void) | null = null,
): PipelineRun {
  const { stages, chunks, microbatches } = shape;
  const units = chunks * microbatches;
  const orders = Array.from({ length: stages }, (_, stage) => stageOrder(stage, shape));
  // When the result of a unit is there for whoever waits for it; NaN = not yet.
  const done = Array.from({ length: stages }, () => new Float64Array(2 * units).fill(Number.NaN));
  const at = new Int32Array(stages);
  const free = new Float64Array(stages);
  const busy = new Float64Array(stages);
  const last = stages - 1;
  const readyAt = (stage: number, unit: number): number => {
    const kind = unit & 1;
    const slot = unit >> 1;
    const chunk = Math.floor(slot / microbatches);
    if (kind === 0) {
      if (stage > 0) return done[stage - 1]![unit]!;
      return chunk === 0 ? 0 : done[last]![unit - 2 * microbatches]!;
    }
    const own = done[stage]![unit - 1]!;
    if (stage < last) return Math.max(own, done[stage + 1]![unit]!);
    return chunk === chunks - 1 ? own : Math.max(own, done[0]![unit + 2 * microbatches]!);
  };
  let left = stages * 2 * units;
  while (left > 0) {
    const before = left;
    for (let step = 0; step < stages; step++) {
      const stage = step;
      const order = orders[stage]!;
      while (at[stage]! < order.length) {
        const unit = order[at[stage]!]!;
        const ready = readyAt(stage, unit);
        if (Number.isNaN(ready)) break;
        const kind = (unit & 1) as 0 | 1;
        const slot = unit >> 1;
        const chunk = Math.floor(slot / microbatches);
        const start = Math.max(ready, free[stage]!);
        const work = kind === 0 ? times.forward(stage, chunk) : times.backward(stage, chunk);
        const sends = kind === 0 ? !(stage === last && chunk === chunks - 1) : !(stage === 0 && chunk === 0);
        const end = start + work + (sends && stages > 1 ? times.send_ns : 0);
        done[stage]![unit] = end;
        free[stage] = end;
        busy[stage]! += work;
        at[stage]! += 1;
        left -= 1;
        onUnit?.({ stage, chunk, microbatch: slot % microbatches, kind, start_ns: start, end_ns: start + work });
      }
    }
    if (left === before) throw new Error('the pipeline schedule cannot proceed');
  }
  return { total_ns: Math.max(...free), busy_ns: busy, in_flight: orders.map((order) => inFlight(order, shape)) };
}

/** Units by chunk whose activations a stage holds when it holds most. */
export const unitsInFlight = (stage: number, shape: PipelineShape): number[] =>
  inFlight(stageOrder(stage, shape), shape);

/** Units by chunk that are kept at the moment when most are: from the order alone, since a stage runs one unit at a time. */
function inFlight(order: Order, { chunks, microbatches }: PipelineShape): number[] {
  const now = new Array<number>(chunks).fill(0);
  let most = 0;
  let peak = now;
  let all = 0;
  for (const unit of order) {
    const chunk = Math.floor((unit >> 1) / microbatches);
    const change = (unit & 1) === 0 ? 1 : -1;
    now[chunk]! += change;
    all += change;
    if (all > most) {
      most = all;
      peak = [...now];
    }
  }
  return peak;
}

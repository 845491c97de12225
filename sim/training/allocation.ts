import { CachingHeap, type HeapBlock, type HeapOptions, type Refusal, refused } from '../resources/cachingHeap.ts';
import type { ActivationPlan, OptimizerPlan, TrainBody, Training, TrainOp } from '../types/training.ts';
import { stageParameters } from './memory.ts';
import { type PipelineShape, stageOrder } from './schedule.ts';

/** What a caching allocator made of a step on one device. */
export interface StepAllocation {
  /** Most bytes of blocks in use. */
  readonly live_peak_bytes: number;
  /** Most bytes taken from the device. */
  readonly reserved_peak_bytes: number;
  /** Times that empty segments had to be given back for room. */
  readonly flushes: number;
  /** The request that no hole held, and what it was for; null where the step fits. */
  readonly refused: (Refusal & { readonly what: string }) | null;
}

/**
 * Gathers of divided parameters, and what their gradients' scatters give, are taken on streams of their own, and so from
 * pools of their own (PyTorch, `_fsdp_collectives.py`: foreach_all_gather, foreach_reduce).
 */
const GATHER = 'gather';
const SCATTER = 'scatter';

/** Steps until every pool has what it needs: the second step meets the state that the first has made. */
const STEPS = 2;

interface Context {
  readonly training: Training;
  readonly activations: ActivationPlan;
  readonly optimizer: OptimizerPlan;
}

/**
 * Plays the allocations of two steps of one stage through PyTorch's caching allocator: state at the start, then for each
 * micro-batch of the stage's schedule what forward saves, what ops hold meanwhile, gradients of activations and weights,
 * and the buffers in which divided parameters are gathered and their gradients scattered.
 */
export function stepAllocation(context: Context, stage: number, options: HeapOptions): StepAllocation {
  const player = new Player(context, stage, new CachingHeap(options));
  const why = player.play();
  const { heap } = player;
  return {
    live_peak_bytes: heap.allocated_peak_bytes,
    reserved_peak_bytes: heap.reserved_peak_bytes,
    flushes: heap.flushes,
    refused: why,
  };
}

/** Thrown inside the player to leave the step where a request is refused. */
class Refused {
  readonly refusal: Refusal;
  readonly what: string;

  constructor(refusal: Refusal, what: string) {
    this.refusal = refusal;
    this.what = what;
  }
}

/** A body at its place in a chunk. */
interface Place {
  readonly body: TrainBody;
  /** What becomes of its saved tensors; null keeps them. */
  readonly plan: ActivationPlan | null;
  /** Backward never reaches it. */
  readonly trunk: boolean;
}

/** Saved tensors of one layer for one micro-batch, by name. */
type Saved = Map<string, HeapBlock>;

class Player {
  readonly heap: CachingHeap;
  private readonly context: Context;
  private readonly stage: number;
  private readonly sharded: boolean;
  private readonly ways: number;
  /** Gradients that live until the update. */
  private gradients: HeapBlock[] = [];
  /** Buffers of the layer before, which its collective still reads. */
  private gathering: HeapBlock | null = null;
  private scattering: HeapBlock | null = null;

  constructor(context: Context, stage: number, heap: CachingHeap) {
    this.context = context;
    this.stage = stage;
    this.heap = heap;
    const { layout } = context.training;
    this.ways = layout.data * layout.context;
    this.sharded = context.optimizer.zero === 3 && this.ways > 1;
  }

  play(): StepAllocation['refused'] {
    try {
      this.state();
      for (let step = 0; step < STEPS; step++) this.step();
      return null;
    } catch (error) {
      if (error instanceof Refused) return { ...error.refusal, what: error.what };
      throw error;
    }
  }

  /** Weights and optimizer state, a block for each layer's matrices, its other parameters and the tables. */
  private state(): void {
    const { training, optimizer } = this.context;
    const { layout, layers, layer, embed, head } = training;
    const bodies = Array.from({ length: layers / layout.pipeline }, () => layer);
    if (this.stage === 0) bodies.unshift(embed);
    if (this.stage === layout.pipeline - 1) bodies.push(head);
    const kept = optimizer.offload === 'none' ? optimizer.state_bytes : 0;
    const weights = optimizer.offload === 'optimizer-and-weights' ? 0 : optimizer.weight_bytes;
    const { projected } = optimizer;
    for (const body of bodies) {
      const inProjection = body === layer && projected !== null ? projected : null;
      if (inProjection !== null) this.take(kept > 0 ? inProjection.layer_state_bytes : 0, 'optimizer state');
      for (const { trained, frozen, frozen_bits } of [body.matrices, body.others]) {
        this.take((trained * weights) / (optimizer.zero === 3 ? this.ways : 1), 'weights');
        this.take((frozen * frozen_bits) / 8, 'frozen weights');
        const whole = inProjection === null || trained !== body.matrices.trained;
        if (whole) this.take((trained * kept) / (optimizer.zero >= 1 ? this.ways : 1), 'optimizer state');
      }
    }
    if (optimizer.zero < 2) this.wholeGradients();
  }

  /** Sums that stay from step to step. */
  private wholeGradients(): void {
    const { training, optimizer } = this.context;
    const { matrices, others } = stageParameters(training, this.stage);
    if (!optimizer.per_layer) this.take((matrices + others) * optimizer.gradient_bytes, 'gradients');
  }

  private step(): void {
    const { layout } = this.context.training;
    const shape: PipelineShape = {
      stages: layout.pipeline,
      chunks: layout.interleave,
      // More than fill the pipeline only repeat what is there.
      microbatches: Math.min(layout.microbatches, 2 * layout.pipeline * layout.interleave),
    };
    const saved = new Map<number, Saved[]>();
    const root = this.gatherRoot();
    for (const unit of stageOrder(this.stage, shape)) {
      const slot = unit >> 1;
      const chunk = Math.floor(slot / shape.microbatches);
      if ((unit & 1) === 0) saved.set(slot, this.forward(chunk));
      else {
        this.backward(chunk, saved.get(slot)!);
        saved.delete(slot);
      }
    }
    this.scatterRoot();
    for (const block of root) this.heap.free(block);
    this.drop('gathering');
    this.drop('scattering');
    // The update has read them.
    for (const block of this.gradients) this.heap.free(block);
    this.gradients = [];
  }

  private bodies(chunk: number): Place[] {
    const { training, activations } = this.context;
    const { layout, layers, trunk_layers, layer, embed, head } = training;
    const own = Array.from({ length: layers / (layout.pipeline * layout.interleave) }, (_, at): Place => {
      return { body: layer, plan: activations, trunk: at < trunk_layers };
    });
    if (this.stage === 0 && chunk === 0) own.unshift({ body: embed, plan: null, trunk: trunk_layers > 0 });
    if (this.stage === layout.pipeline - 1 && chunk === layout.interleave - 1) {
      own.push({ body: head, plan: null, trunk: false });
    }
    return own;
  }

  private forward(chunk: number): Saved[] {
    return this.bodies(chunk).map(({ body, plan, trunk }) => {
      const whole = plan === null ? null : this.gather(body);
      const kept: Saved = new Map();
      this.runForward(body.ops, kept, plan);
      if (trunk) for (const name of [...kept.keys()]) this.freeSaved(kept, name);
      if (whole !== null) this.heap.free(whole);
      return kept;
    });
  }

  private backward(chunk: number, saved: Saved[]): void {
    const bodies = this.bodies(chunk);
    let gradient: HeapBlock | null = null;
    for (let i = bodies.length - 1; i >= 0; i--) {
      const { body, plan, trunk } = bodies[i]!;
      if (trunk) break;
      const whole = plan === null ? null : this.gather(body);
      const kept = saved[i]!;
      if (plan !== null) this.remake(kept, plan, body);
      const weights: HeapBlock[] = [];
      for (let at = body.ops.length - 1; at >= 0; at--) {
        const op = body.ops[at]!;
        const held = (op.temporaries?.backward ?? []).map((bytes) => this.take(bytes, `${op.name} backward`));
        const next = this.takeIf(inputBytes(op, body.ops[at - 1]), `gradient of the input of ${op.name}`);
        if ((this.sharded && plan !== null) || this.context.optimizer.per_layer)
          weights.push(...this.weightGradients(op));
        for (const block of held) this.heap.free(block);
        if (next !== null) {
          if (gradient !== null) this.heap.free(gradient);
          gradient = next;
        }
        for (const { name } of op.saves) this.freeSaved(kept, name);
      }
      for (const name of [...kept.keys()]) this.freeSaved(kept, name);
      if (this.sharded && plan !== null) this.scatter(body);
      for (const block of weights) this.heap.free(block);
      if (whole !== null) this.heap.free(whole);
    }
    if (gradient !== null) this.heap.free(gradient);
  }

  /** Ops in order: outputs that a later op saves are made as its saved tensors, others live until the next op is done. */
  private runForward(ops: readonly TrainOp[], kept: Saved, plan: ActivationPlan | null): void {
    let passing: HeapBlock | null = null;
    ops.forEach((op, at) => {
      for (const { name, bytes } of op.saves) if (!kept.has(name)) kept.set(name, this.take(bytes, name));
      const held = (op.temporaries?.forward ?? []).map((bytes) => this.take(bytes, op.name));
      const out = outputBytes(op);
      const saves = ops[at + 1]?.saves.some(({ bytes }) => bytes === out) === true;
      const made: HeapBlock | null = saves ? null : this.takeIf(out, `output of ${op.name}`);
      if (passing !== null) this.heap.free(passing);
      passing = made;
      for (const block of held) this.heap.free(block);
      if (plan !== null) this.thin(op, kept, plan);
    });
    if (passing !== null) this.heap.free(passing);
    if (plan !== null && plan.extra_bytes > 0) kept.set('kept outputs', this.take(plan.extra_bytes, 'kept outputs'));
  }

  /** What the plan drops or moves away leaves when its op is done. */
  private thin({ saves }: TrainOp, kept: Saved, plan: ActivationPlan): void {
    for (const { name, bytes } of saves) {
      const share = plan.saved[name]?.keep ?? 1;
      if (share === 1) continue;
      this.freeSaved(kept, name);
      if (share > 0) kept.set(name, this.take(bytes * share, name));
    }
  }

  /** What backward needs and is not there is made again. */
  private remake(kept: Saved, plan: ActivationPlan, { ops }: TrainBody): void {
    const missing = ops.filter(({ saves }) => saves.some(({ name }) => (plan.saved[name]?.keep ?? 1) < 1));
    for (const { saves } of missing) {
      for (const { name } of saves) if ((plan.saved[name]?.keep ?? 1) < 1) this.freeSaved(kept, name);
    }
    if (missing.length > 0) this.runForward(missing, kept, null);
  }

  private freeSaved(kept: Saved, name: string): void {
    const block = kept.get(name);
    if (block === undefined) return;
    kept.delete(name);
    this.heap.free(block);
  }

  /** 16-bit gradients of an op's weights, before they are scattered. */
  private weightGradients({ name, weight_gradient }: TrainOp): HeapBlock[] {
    const { gather_bytes } = this.context.optimizer;
    return weight_gradient.flatMap(({ gemm }) =>
      gemm === undefined ? [] : [this.take(gather_bytes * gemm.m * gemm.n * gemm.count, `weight gradient of ${name}`)],
    );
  }

  /** A layer's weights whole: the buffer they arrive in stays until the next layer's arrive. */
  private gather(body: TrainBody): HeapBlock | null {
    if (!this.sharded) return null;
    const bytes = parametersOf(body) * this.context.optimizer.gather_bytes;
    const buffer = this.take(bytes, 'the buffer of gathered weights', GATHER);
    this.drop('gathering');
    this.gathering = buffer;
    return this.take(bytes, 'gathered weights');
  }

  private scatter(body: TrainBody): void {
    const { reduce_bytes, gradient_bytes } = this.context.optimizer;
    const count = parametersOf(body);
    const buffer = this.take(count * reduce_bytes, 'the buffer of scattered gradients');
    this.drop('scattering');
    this.scattering = buffer;
    this.gradients.push(this.take((count * gradient_bytes) / this.ways, 'gradients', SCATTER));
  }

  /** Tables and the head's matrix are whole from the first layer to the last. */
  private gatherRoot(): HeapBlock[] {
    if (!this.sharded) return [];
    const { optimizer } = this.context;
    const bytes = this.rootParameters() * optimizer.gather_bytes;
    const buffer = this.take(bytes, 'the buffer of gathered tables', GATHER);
    const whole = this.take(bytes, 'gathered tables');
    this.heap.free(buffer);
    return [whole];
  }

  private scatterRoot(): void {
    if (!this.sharded) return;
    const { reduce_bytes, gradient_bytes, gather_bytes } = this.context.optimizer;
    const count = this.rootParameters();
    const whole = this.take(count * gather_bytes, 'gradients of the tables');
    const buffer = this.take(count * reduce_bytes, 'the buffer of scattered gradients');
    this.gradients.push(this.take((count * gradient_bytes) / this.ways, 'gradients', SCATTER));
    this.heap.free(buffer);
    this.heap.free(whole);
  }

  private rootParameters(): number {
    const { embed, head, layout } = this.context.training;
    return (this.stage === 0 ? parametersOf(embed) : 0) + (this.stage === layout.pipeline - 1 ? parametersOf(head) : 0);
  }

  private drop(buffer: 'gathering' | 'scattering'): void {
    const block = this[buffer];
    if (block !== null) this.heap.free(block);
    this[buffer] = null;
  }

  private takeIf(bytes: number, what: string): HeapBlock | null {
    return bytes > 0 ? this.take(bytes, what) : null;
  }

  private take(bytes: number, what: string, stream = ''): HeapBlock {
    const block = this.heap.allocate(bytes, stream);
    if (refused(block)) throw new Refused(block, what);
    return block;
  }
}

const parametersOf = ({ matrices, others }: TrainBody): number => matrices.trained + others.trained;

/** Elements are of 16 bits. */
const ELEMENT = 2;

/** Bytes of a product's output; element-wise ops write what the next op saves, or in place. */
function outputBytes({ forward }: TrainOp): number {
  return forward.reduce((most, { gemm }) => Math.max(most, gemm ? ELEMENT * gemm.m * gemm.n * gemm.count : 0), 0);
}

/** Bytes of the gradient that an op's backward hands on: of its product's input, of what came before it, or of what it saved. */
function inputBytes({ forward, saves }: TrainOp, before: TrainOp | undefined): number {
  const product = forward.reduce(
    (most, { gemm }) => Math.max(most, gemm ? ELEMENT * gemm.m * gemm.k * gemm.count : 0),
    0,
  );
  if (product > 0) return product;
  const made = before === undefined ? 0 : outputBytes(before);
  return made > 0 ? made : Math.max(0, ...saves.map(({ bytes }) => bytes));
}

import { type Refusal, refused } from '../resources/cachingHeap.ts';
import type { ActivationPlan, OptimizerPlan, TrainBody, Training, TrainOp } from '../types/training.ts';
import { stageParameters } from './memory.ts';
import { MovedBuffers, type Place, type Saved } from './movedBuffers.ts';
import { inputBytes, outputBytes } from './opBytes.ts';
import { type PipelineShape, stageOrder } from './schedule.ts';

/** What serves the requests of a step. */
export interface StepHeap<B extends object> {
  allocate(bytes: number, stream: string): B | Refusal;
  free(block: B): void;
  /** Forward or backward of a body begins and ends; equal names do the same work. */
  enter?(name: string): void;
  leave?(): void;
}

export interface StepContext {
  readonly training: Training;
  readonly activations: ActivationPlan;
  readonly optimizer: OptimizerPlan;
}

/**
 * Gathers of divided parameters, and what their gradients' scatters give, are taken on streams of their own, and so from
 * pools of their own (PyTorch, `_fsdp_collectives.py`: foreach_all_gather, foreach_reduce).
 */
const GATHER = 'gather';
const SCATTER = 'scatter';

/** What the buffers of moved activations are for. */
const MOVED = 'a buffer of moved activations';

/** Thrown inside the player to leave the step where a request is refused. */
class Refused {
  readonly refusal: Refusal;
  readonly what: string;

  constructor(refusal: Refusal, what: string) {
    this.refusal = refusal;
    this.what = what;
  }
}

/**
 * Plays the allocations of steps of one stage: state at the start, then for each micro-batch of the stage's schedule what
 * forward saves, what ops hold meanwhile, gradients of activations and weights, the buffers through which moved activations
 * pass, and those in which divided parameters are gathered and their gradients scattered.
 */
export class StepPlayer<B extends object> {
  private readonly heap: StepHeap<B>;
  private readonly context: StepContext;
  private readonly stage: number;
  private readonly sharded: boolean;
  private readonly ways: number;
  /** Gradients that live until the update. */
  private gradients: B[] = [];
  /** Buffers of the layer before, which its collective still reads. */
  private gathering: B | null = null;
  private scattering: B | null = null;

  constructor(context: StepContext, stage: number, heap: StepHeap<B>) {
    this.context = context;
    this.stage = stage;
    this.heap = heap;
    const { layout } = context.training;
    this.ways = layout.data * layout.context;
    this.sharded = context.optimizer.zero === 3 && this.ways > 1;
  }

  /** Returns the request that was refused, and what it was for; null where all were served. */
  play(steps: number): (Refusal & { readonly what: string }) | null {
    try {
      this.state();
      for (let step = 0; step < steps; step++) this.step();
      return null;
    } catch (error) {
      if (error instanceof Refused) return { ...error.refusal, what: error.what };
      throw error;
    }
  }

  /** Weights and optimizer state, a block for each layer's matrices, its other parameters and the tables. */
  private state(): void {
    const { training, optimizer } = this.context;
    const { layout, layers, layer, embed, head, encoder } = training;
    const bodies = Array.from({ length: layers / layout.pipeline }, () => layer);
    if (encoder !== undefined)
      bodies.unshift(...Array.from({ length: encoder.layers }, () => encoder.layer), encoder.end);
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
    if (optimizer.zero < 2 && !optimizer.release_gradients) this.wholeGradients();
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
    const saved = new Map<number, Saved<B>[]>();
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
    const { layout, layers, trunk_layers, layer, embed, head, encoder } = training;
    const own = Array.from({ length: layers / (layout.pipeline * layout.interleave) }, (_, at): Place => {
      return { body: layer, plan: activations, trunk: at < trunk_layers };
    });
    if (encoder !== undefined) {
      own.unshift({ body: encoder.end, plan: null, trunk: false });
      for (let i = 0; i < encoder.layers; i++) own.unshift({ body: encoder.layer, plan: activations, trunk: false });
    }
    if (this.stage === 0 && chunk === 0) own.unshift({ body: embed, plan: null, trunk: trunk_layers > 0 });
    if (this.stage === layout.pipeline - 1 && chunk === layout.interleave - 1) {
      own.push({ body: head, plan: null, trunk: false });
    }
    return own;
  }

  private forward(chunk: number): Saved<B>[] {
    const bodies = this.bodies(chunk);
    const moved = new MovedBuffers(this.context, bodies, (bytes) => this.take(bytes, MOVED), this.heap);
    const saved = bodies.map((): Saved<B> => new Map());
    const returned: B[] = [];
    bodies.forEach(({ body, plan, trunk }, at) => {
      moved.beginForward(saved, at);
      this.heap.enter?.(`${this.nameOf(body)} forward`);
      const whole = plan === null ? null : this.gather(body);
      const kept = saved[at]!;
      this.runForward(body.ops, kept, plan, true);
      if (trunk) for (const name of [...kept.keys()]) this.freeSaved(kept, name);
      if ((body.returned_bytes ?? 0) > 0) returned.push(this.take(body.returned_bytes!, 'returned keys and values'));
      if (whole !== null) this.heap.free(whole);
      this.heap.leave?.();
    });
    moved.endForward(saved);
    for (const block of returned) this.heap.free(block);
    return saved;
  }

  private backward(chunk: number, saved: Saved<B>[]): void {
    const bodies = this.bodies(chunk);
    const moved = new MovedBuffers(this.context, bodies, (bytes) => this.take(bytes, MOVED), this.heap);
    moved.beginBackward(saved);
    let gradient: B | null = null;
    for (let i = bodies.length - 1; i >= 0; i--) {
      const { body, plan, trunk } = bodies[i]!;
      if (trunk) break;
      this.heap.enter?.(`${this.nameOf(body)} backward`);
      const whole = plan === null ? null : this.gather(body);
      const kept = saved[i]!;
      if (plan !== null) this.remake(kept, plan, body);
      const weights: B[] = [];
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
      if (this.context.optimizer.release_gradients) {
        const bytes = parametersOf(body) * this.context.optimizer.gradient_bytes;
        if (bytes > 0) this.gradients.push(this.take(bytes, 'gradients'));
      }
      for (const block of weights) this.heap.free(block);
      if (whole !== null) this.heap.free(whole);
      this.heap.leave?.();
      moved.endBackward(saved, i);
    }
    if (gradient !== null) this.heap.free(gradient);
  }

  /** Ops in order: outputs that a later op saves are made as its saved tensors, others live until the next op is done. */
  private runForward(ops: readonly TrainOp[], kept: Saved<B>, plan: ActivationPlan | null, thins: boolean): void {
    let passing: B | null = null;
    ops.forEach((op, at) => {
      for (const { name, bytes } of op.saves) {
        // What moves lies in the layer's buffer from the start.
        const own = bytes * (1 - (plan?.saved[name]?.host ?? 0));
        if (own > 0 && !kept.has(name)) kept.set(name, this.take(own, name));
      }
      const held = (op.temporaries?.forward ?? []).map((bytes) => this.take(bytes, op.name));
      const out = outputBytes(op);
      const saves = ops[at + 1]?.saves.some(({ bytes }) => bytes === out) === true;
      const made: B | null = saves ? null : this.takeIf(out, `output of ${op.name}`);
      if (passing !== null) this.heap.free(passing);
      passing = made;
      for (const block of held) this.heap.free(block);
      if (plan !== null && thins) this.thin(op, kept, plan);
    });
    if (passing !== null) this.heap.free(passing);
    if (plan !== null && thins && plan.extra_bytes > 0)
      kept.set('kept outputs', this.take(plan.extra_bytes, 'kept outputs'));
  }

  /** What the plan drops or moves away leaves when its op is done. */
  private thin({ saves }: TrainOp, kept: Saved<B>, plan: ActivationPlan): void {
    for (const { name, bytes } of saves) {
      const share = plan.saved[name]?.keep ?? 1;
      if (share === 1) continue;
      this.freeSaved(kept, name);
      if (share > 0) kept.set(name, this.take(bytes * share, name));
    }
  }

  /** What backward needs and is not there is made again. */
  private remake(kept: Saved<B>, plan: ActivationPlan, { ops }: TrainBody): void {
    const missing = ops.filter(({ saves }) => saves.some(({ name }) => (plan.saved[name]?.keep ?? 1) < 1));
    for (const { saves } of missing) {
      for (const { name } of saves) if ((plan.saved[name]?.keep ?? 1) < 1) this.freeSaved(kept, name);
    }
    if (missing.length > 0) this.runForward(missing, kept, plan, false);
  }

  private freeSaved(kept: Saved<B>, name: string): void {
    const block = kept.get(name);
    if (block === undefined) return;
    kept.delete(name);
    this.heap.free(block);
  }

  /** 16-bit gradients of an op's weights, before they are scattered. */
  private weightGradients({ name, weight_gradient }: TrainOp): B[] {
    const { gather_bytes } = this.context.optimizer;
    return weight_gradient.flatMap(({ gemm }) =>
      gemm === undefined ? [] : [this.take(gather_bytes * gemm.m * gemm.n * gemm.count, `weight gradient of ${name}`)],
    );
  }

  /** A layer's weights whole: the buffer they arrive in stays until the next layer's arrive. */
  private gather(body: TrainBody): B | null {
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
  private gatherRoot(): B[] {
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

  private nameOf(body: TrainBody): string {
    const { embed, head, encoder } = this.context.training;
    if (body === encoder?.layer) return 'encoder layer';
    if (body === encoder?.end) return 'encoder end';
    return body === embed ? 'embedding' : body === head ? 'head' : 'layer';
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

  private takeIf(bytes: number, what: string): B | null {
    return bytes > 0 ? this.take(bytes, what) : null;
  }

  private take(bytes: number, what: string, stream = ''): B {
    const block = this.heap.allocate(bytes, stream);
    if (refused(block)) throw new Refused(block, what);
    return block;
  }
}

const parametersOf = ({ matrices, others }: TrainBody): number => matrices.trained + others.trained;

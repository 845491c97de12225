import type { Actions, OpCursor, OpView, Placement, Plan, Task } from '../../../sim/types/index.ts';
import { NONE } from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { ComputeStep } from './computeStep.ts';
import { HiddenStates } from './hiddenStates.ts';
import { KvMoves } from './kvMoves.ts';
import { percentPlan } from './plan.ts';
import type { PercentFields } from './schema.ts';
import { Shared } from './shared.ts';
import { WeightMoves } from './weightMoves.ts';

/** From one attention to the next, over the MLP between them. */
const TO_NEXT_ATTENTION = 2;

/**
 * FlexGen's runtime, as its released code runs it (flexllmgen/flex_opt.py): attention and MLP are separate steps; in
 * each (sub-layer, batch) step the host thread asks for the next sub-layer's weights (in the step of batch 0 only), the
 * next batch's KV and hidden states, the step's own computation and the last batch's stores, and then waits for all of
 * it. Nothing carries over a barrier: a step lasts as long as its slowest stream.
 */
export class PercentPlacement implements Placement {
  readonly kind = 'percent';
  readonly lookahead: number;
  private readonly fields: PercentFields;
  private readonly context: PlacementContext;
  private readonly shared: Shared;
  private readonly weights: WeightMoves;
  private readonly kv: KvMoves;
  private readonly hidden: HiddenStates;
  private readonly compute: ComputeStep;
  private readonly batches: number;
  private readonly prefetches: boolean;
  /** The end of the in-order stream since the last barrier, when nothing is overlapped. */
  private tail: Task = NONE;

  constructor(fields: PercentFields, context: PlacementContext) {
    this.fields = fields;
    this.context = context;
    this.batches = context.program.batches;
    this.prefetches = fields.kv_prefetch === true && !fields.overlap && this.batches === 1;
    this.lookahead = Math.max(this.batches, this.prefetches ? TO_NEXT_ATTENTION : 0);
    this.shared = new Shared(fields, context);
    this.weights = new WeightMoves(this.shared);
    this.kv = new KvMoves(this.shared);
    this.hidden = new HiddenStates(this.shared);
    this.compute = new ComputeStep(this.shared, this.kv);
  }

  plan(): Plan {
    return percentPlan(this.fields, this.context, this.shared);
  }

  begin(first: OpCursor, actions: Actions): void {
    if (this.fields.warm_up === false) actions.host(this.shared.firstRunSeconds, 'bookkeeping', NONE);
    if (!this.fields.overlap) return;
    this.weights.load(actions, first.layer, NONE);
    actions.barrier();
  }

  onOp(cursor: OpCursor, actions: Actions): void {
    if (!this.fields.overlap) this.serialStep(cursor, actions);
    else if (this.batches === 1) this.singleBatchStep(cursor, actions);
    else this.blockStep(cursor, actions);
  }

  /** One step of a block of several batches (`generation_loop_overlap_multi_batch`). */
  private blockStep(cursor: OpCursor, actions: Actions): void {
    const next = cursor.at(1);
    const before = cursor.at(-1);
    actions.host(this.shared.stepSeconds, 'bookkeeping', NONE);
    if (cursor.op.batch === 0) this.loadNextWeights(cursor.at(this.batches), actions);
    if (next !== null) this.kv.load(actions, next, NONE);
    if (before !== null) this.hidden.store(actions, before, NONE);
    if (next !== null) this.hidden.load(actions, next, NONE);
    const last = cursor.op.batch === this.batches - 1;
    this.compute.run(actions, cursor, NONE, last);
    if (before !== null) this.kv.store(actions, before, NONE);
    actions.barrier();
  }

  /** One step with a single batch (`generation_loop_overlap_single_batch`): KV is asked for one sub-layer ahead. */
  private singleBatchStep(cursor: OpCursor, actions: Actions): void {
    const next = cursor.at(1);
    const before = cursor.at(-1);
    actions.host(this.shared.stepSeconds, 'bookkeeping', NONE);
    this.loadNextWeights(next, actions);
    if (next !== null) this.kv.load(actions, next, NONE);
    this.hidden.load(actions, cursor, NONE);
    this.compute.run(actions, cursor, NONE, true);
    if (before !== null) this.kv.store(actions, before, NONE);
    this.hidden.store(actions, cursor, NONE);
    actions.barrier();
  }

  /**
   * Nothing overlapped. The full run is one in-order stream that waits once a token, when the host needs the token
   * (`generation_loop_normal`), or after each computation too, as forks do; the shortened, projected one times every transfer and computation to a barrier
   * (`generation_loop_debug_normal`).
   */
  private serialStep(cursor: OpCursor, actions: Actions): void {
    const timed = this.context.program.measurement.kind === 'projected';
    const settle = (task: Task): void => {
      if (task !== NONE) this.tail = task;
      if (timed) this.waitForAll(actions);
    };
    actions.host(this.shared.stepSeconds, 'bookkeeping', NONE);
    if (cursor.op.batch === 0) settle(this.weights.load(actions, cursor.layer, this.tail));
    settle(this.kv.load(actions, cursor, this.tail));
    settle(this.hidden.load(actions, cursor, this.tail));
    settle(this.compute.run(actions, cursor, this.tail, cursor.op.batch === this.batches - 1));
    if (this.fields.waits === 'sub_layer') this.waitForAll(actions);
    settle(this.hidden.store(actions, cursor, this.tail));
    settle(this.kv.store(actions, cursor, this.tail));
    const attention = this.prefetches ? cursor.at(TO_NEXT_ATTENTION) : null;
    if (attention !== null && cursor.op.phase === 'decode' && cursor.op.step === attention.op.step && !timed) {
      this.kv.prefetch(actions, attention, this.tail);
    }
    const next = cursor.at(1);
    if (next === null || next.op.step !== cursor.op.step) this.waitForAll(actions);
  }

  private waitForAll(actions: Actions): void {
    actions.barrier();
    this.tail = NONE;
    this.kv.newStep();
  }

  private loadNextWeights(next: OpView | null, actions: Actions): void {
    if (next !== null) this.weights.load(actions, next.layer, NONE);
  }
}

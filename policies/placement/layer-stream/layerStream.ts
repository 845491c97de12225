import { type Actions, NONE, type OpCursor, type Placement, type Plan, type Task } from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { Compute } from './compute.ts';
import { layerStreamPlan } from './plan.ts';
import type { LayerStreamFields } from './schema.ts';
import { Shared } from './shared.ts';
import { Weights } from './weights.ts';

/**
 * Layers fetched whole just before use, in program order, with one barrier a token, when the host needs it.
 *
 * Accelerate's hooks (huggingface/accelerate, hooks.py, `AlignDevicesHook`): before a module runs the host copies its
 * weights, pageable or from a mapped file, in the stream of the kernels; afterwards it drops them. Nothing overlaps.
 *
 * ZeRO-Inference (DeepSpeed, partitioned_param_coordinator.py, `fetch_sub_module`): the host waits for the module's
 * weights, asks for the next ones, and then launches the module, so a fetch goes on under the computation of the
 * module before. Weights on NVMe are read ahead into host buffers; their copy to the device is not asked for ahead.
 */
export class LayerStreamPlacement implements Placement {
  readonly kind = 'layer-stream';
  readonly lookahead: number;
  private readonly shared: Shared;
  private readonly weights: Weights;
  private readonly compute: Compute;
  private step = -1;
  /** Of the current step: when each fetched sub-layer is there, and when each computed one has given its buffer back. */
  private readonly fetched = new Map<number, Task>();
  private readonly readDone = new Map<number, Task>();
  private readonly computed: Task[] = [];

  constructor(fields: LayerStreamFields, context: PlacementContext) {
    this.shared = new Shared(fields, context);
    this.weights = new Weights(this.shared);
    this.compute = new Compute(this.shared);
    this.lookahead = Math.max(1, fields.prefetch) * context.program.batches;
  }

  plan(): Plan {
    return layerStreamPlan(this.shared);
  }

  onOp(cursor: OpCursor, actions: Actions): void {
    const { op, layer } = cursor;
    const { homes, program, fields } = this.shared;
    const last = op.batch === program.batches - 1;
    if (op.step !== this.step) this.beginStep(op.step, actions);
    if (op.batch === 0) this.prepare(cursor, actions);
    const { device } = homes[layer]!;
    const arrived = this.receiveInput(cursor, actions);
    const ready = actions.join([this.fetched.get(layer) ?? NONE, arrived]);
    const done = this.compute.run(actions, cursor, ready);
    if (op.name === 'head') actions.free(device, 'activation', op.output_bytes, done);
    if (last) {
      this.computed.push(done);
      if (this.weights.isStreamed(layer)) this.weights.release(actions, layer, done);
    }
    const next = cursor.at(1);
    if (next === null || next.op.step !== op.step) actions.barrier();
    if (fields.prefetch === 0 && last) this.fetched.delete(layer);
  }

  private beginStep(step: number, actions: Actions): void {
    this.step = step;
    this.fetched.clear();
    this.readDone.clear();
    this.computed.length = 0;
    this.weights.newStep();
    this.compute.newStep();
    actions.host(this.shared.stepSeconds, 'bookkeeping', NONE);
  }

  /** What the hook before a sub-layer does: its own weights, the host's wait for them, and the next ones' fetch. */
  private prepare(cursor: OpCursor, actions: Actions): void {
    const { fields, homes } = this.shared;
    const { layer } = cursor;
    const streamed = this.weights.isStreamed(layer);
    if (streamed && !this.fetched.has(layer)) this.fetch(actions, layer);
    if (fields.hooks && streamed) {
      const seconds = this.shared.stepSeconds * homes[layer]!.modules;
      actions.host(seconds, 'bookkeeping', this.fetched.get(layer)!);
    }
    for (let ahead = 1; ahead <= fields.prefetch; ahead++) {
      const next = cursor.at(ahead * this.shared.program.batches);
      if (next === null || next.op.step !== cursor.op.step) return;
      if (!this.weights.isStreamed(next.layer) || this.fetched.has(next.layer)) continue;
      if (homes[next.layer]!.level !== 'disk') this.fetch(actions, next.layer);
      else if (fields.disk_reads === 'direct') this.readAhead(actions, next.layer, this.fetched.get(layer) ?? NONE);
    }
  }

  private readAhead(actions: Actions, layer: number, after: Task): void {
    if (!this.readDone.has(layer)) this.readDone.set(layer, this.weights.read(actions, layer, after));
  }

  private fetch(actions: Actions, layer: number): void {
    const { fields, homes } = this.shared;
    let ready: Task = NONE;
    if (homes[layer]!.level === 'disk' && fields.disk_reads === 'direct') {
      this.readAhead(actions, layer, this.freed(1));
      ready = this.readDone.get(layer)!;
    }
    this.fetched.set(layer, this.weights.fetch(actions, layer, this.freed(fields.prefetch === 0 ? 1 : 2), ready));
  }

  /** The end of the computation `back` sub-layers ago. Prefetching keeps one buffer for what is still computed. */
  private freed(back: number): Task {
    return this.computed[this.computed.length - back] ?? NONE;
  }

  /** The input of an op on the device it runs on; it crosses over the host where the layer before ran on another. */
  private receiveInput(cursor: OpCursor, actions: Actions): Task {
    const { homes, program } = this.shared;
    const { op, layer } = cursor;
    const { device } = homes[layer]!;
    const from = layer === 0 ? device : homes[layer - 1]!.device;
    if (op.name === 'embed') return actions.allocate(device, 'activation', op.input_bytes, NONE);
    if (from === device) return NONE;
    const before = program.batches === 1 ? (this.computed[this.computed.length - 1] ?? NONE) : NONE;
    const room = actions.allocate(device, 'activation', op.input_bytes, before);
    const moved = actions.move({
      from,
      to: device,
      bytes: op.input_bytes,
      stream: 'activation_read',
      host_memory: 'pinned',
      queue: this.shared.unit(from),
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after: room,
    });
    actions.free(from, 'activation', op.input_bytes, moved);
    return moved;
  }
}

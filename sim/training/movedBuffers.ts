import type { ActivationPlan, TrainBody, Training } from '../types/training.ts';
import { savedBytes } from './memory.ts';

/** A body at its place in a chunk. */
export interface Place {
  readonly body: TrainBody;
  /** What becomes of its saved tensors; null keeps them. */
  readonly plan: ActivationPlan | null;
  /** Backward never reaches it. */
  readonly trunk: boolean;
}

/** Saved tensors of one layer for one micro-batch, by name. */
export type Saved<B> = Map<string, B>;

/** The name of a layer's buffer among its saved tensors. */
const BUFFER = 'moved';

/**
 * Buffers of a chunk through which activations pass to the host and back, in turns: a layer takes that of the layer `buffers`
 * places before it, whose copy has ended; the last layers stay in theirs (Zhao et al., MEMO, section 4.1).
 */
export class MovedBuffers<B extends object> {
  private readonly plan: ActivationPlan;
  private readonly bytes: number;
  /** Places of the bodies whose activations move, in order. */
  private readonly places: readonly number[];
  private readonly take: (bytes: number) => B;
  private readonly heap: { free(block: B): void };

  constructor(
    { training, activations }: { readonly training: Training; readonly activations: ActivationPlan },
    bodies: readonly Place[],
    take: (bytes: number) => B,
    heap: { free(block: B): void },
  ) {
    this.plan = activations;
    this.bytes = savedBytes(training.layer, activations).host;
    this.places = bodies.flatMap(({ plan, trunk }, at) => (plan !== null && !trunk && this.bytes > 0 ? [at] : []));
    this.take = take;
    this.heap = heap;
  }

  beginForward(saved: readonly Saved<B>[], at: number): void {
    const layer = this.places.indexOf(at);
    if (layer < 0) return;
    if (!this.stays(layer - this.plan.buffers)) this.drop(saved, layer - this.plan.buffers);
    this.hold(saved, layer);
  }

  /** All but the layers that stay have left when the chunk ends. */
  endForward(saved: readonly Saved<B>[]): void {
    for (let layer = 0; layer < this.places.length; layer++) if (!this.stays(layer)) this.drop(saved, layer);
  }

  beginBackward(saved: readonly Saved<B>[]): void {
    const { length } = this.places;
    for (let layer = length - 1; layer >= Math.max(0, length - this.plan.buffers); layer--) this.hold(saved, layer);
  }

  /** A layer's buffer is free: the layer `buffers` places before it comes back into it. */
  endBackward(saved: readonly Saved<B>[], at: number): void {
    const layer = this.places.indexOf(at);
    if (layer < 0) return;
    this.drop(saved, layer);
    if (layer >= this.plan.buffers) this.hold(saved, layer - this.plan.buffers);
  }

  private stays(layer: number): boolean {
    return layer >= this.places.length - this.plan.stay_layers;
  }

  private hold(saved: readonly Saved<B>[], layer: number): void {
    const kept = saved[this.places[layer]!]!;
    if (!kept.has(BUFFER)) kept.set(BUFFER, this.take(this.bytes));
  }

  private drop(saved: readonly Saved<B>[], layer: number): void {
    const kept = layer < 0 ? undefined : saved[this.places[layer]!];
    const block = kept?.get(BUFFER);
    if (kept === undefined || block === undefined) return;
    kept.delete(BUFFER);
    this.heap.free(block);
  }
}

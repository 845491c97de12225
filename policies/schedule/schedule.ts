import type { Network, NetworkLayer } from '../../sim/types/index.ts';

/**
 * A schedule: the steps in which a network runs and the buffers they read and write.
 * @module
 */

/** A piece of memory that one tensor, or one patch of it, takes while it is needed. */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly tensor: number;
  readonly bytes: number;
  /** Steps, both included. */
  readonly first: number;
  readonly last: number;
}

/** One layer as it runs: whole, or on one patch. */
export interface Step {
  readonly index: number;
  readonly layer: NetworkLayer;
  /** Buffer ids. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** Height and width of what it reads and writes, patch or whole. */
  readonly input_side: readonly [number, number];
  readonly output_side: readonly [number, number];
}

/** What is known of the patches of a patch stage. */
export interface PatchStage {
  readonly patches: number;
  /** Number of layers that run patch by patch: 0 … `layers` − 1. */
  readonly layers: number;
  /** Height and width of the piece of the network's input that one patch reads, unclipped. */
  readonly input_side: readonly [number, number];
  /** Height and width of the piece of the stage's output that one patch makes. */
  readonly output_side: readonly [number, number];
  /** Multiply-adds of the stage layer by layer, and in patches with and without the parts outside the image. */
  readonly macs: number;
  readonly unclipped_macs: number;
  readonly clipped_macs: number;
  /** Per layer of the stage, and per patch row and column, the share of its multiply-adds that one patch does, clipped. */
  readonly shares: readonly { readonly rows: readonly number[]; readonly columns: readonly number[] }[];
  /** The same for every patch, unclipped: (patch area) / (whole area). */
  readonly full_share: readonly number[];
}

export interface Schedule {
  readonly network: Network;
  readonly steps: readonly Step[];
  readonly buffers: readonly Buffer[];
  readonly stage: PatchStage | null;
}

/** Every layer once, on whole maps. The network's inputs are there from the start, its outputs to the end. */
export function layerByLayer(network: Network): Schedule {
  const build = new ScheduleBuilder(network);
  for (const id of network.inputs) build.buffer(id, network.tensors[id]!.bytes, 0);
  for (const layer of network.layers) build.step(layer, (id) => sideOf(network, id));
  return build.finish(null);
}

export function sideOf(network: Network, tensor: number): readonly [number, number] {
  const { height, width } = network.tensors[tensor]!;
  return [height, width];
}

/** Collects steps and stretches buffers to their last reader. */
export class ScheduleBuilder {
  private readonly network: Network;
  private readonly steps: Step[] = [];
  private readonly buffers: { -readonly [K in keyof Buffer]: Buffer[K] }[] = [];
  private readonly current = new Map<number, number>();

  constructor(network: Network) {
    this.network = network;
  }

  /** A new buffer that now stands for a tensor. */
  buffer(tensor: number, bytes: number, first = this.steps.length): number {
    const id = this.buffers.length;
    this.buffers.push({ id, name: this.network.tensors[tensor]!.name, tensor, bytes, first, last: first });
    this.current.set(tensor, id);
    return id;
  }

  /** Lets a buffer stand for its tensor from here on. */
  use(tensor: number, buffer: number): void {
    this.current.set(tensor, buffer);
  }

  bufferOf(tensor: number): number | undefined {
    return this.current.get(tensor);
  }

  /** Keeps a buffer to the current step, even where no layer reads it. */
  touch(buffer: number): void {
    const at = Math.max(0, this.steps.length - 1);
    this.buffers[buffer]!.last = Math.max(this.buffers[buffer]!.last, at);
  }

  /** Runs a layer; its outputs get buffers of `bytesOf` where they have none yet. */
  step(
    layer: NetworkLayer,
    side: (tensor: number) => readonly [number, number],
    bytesOf = (tensor: number): number => this.network.tensors[tensor]!.bytes,
    held: ReadonlyMap<number, number> = new Map(),
  ): void {
    const index = this.steps.length;
    const reads = layer.inputs.map((tensor) => this.current.get(tensor)!);
    const writes = layer.outputs.map((tensor) => {
      const ready = held.get(tensor);
      return ready ?? this.buffer(tensor, bytesOf(tensor), index);
    });
    for (const id of [...reads, ...writes]) this.buffers[id]!.last = Math.max(this.buffers[id]!.last, index);
    this.steps.push({
      index,
      layer,
      reads,
      writes,
      input_side: side(layer.inputs[0] ?? layer.outputs[0]!),
      output_side: side(layer.outputs[0]!),
    });
  }

  finish(stage: PatchStage | null): Schedule {
    const last = this.steps.length - 1;
    for (const tensor of this.network.outputs) {
      const buffer = this.current.get(tensor);
      if (buffer !== undefined) this.buffers[buffer]!.last = last;
    }
    return { network: this.network, steps: this.steps, buffers: this.buffers, stage };
  }
}

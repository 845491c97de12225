import { MissingFactError } from '../errors.ts';
import { Engine } from '../executor/engine.ts';
import { Recorder } from '../executor/recorder.ts';
import { Tape } from '../executor/tape.ts';
import type { LedgerReading } from '../ledger.ts';
import { Collectives } from '../resources/collectives.ts';
import { kernelCost } from '../resources/kernelTime.ts';
import type { ComputeUnit, Machine } from '../types/machine.ts';
import type { Phase } from '../types/units.ts';
import { type ChunkContext, Emitter } from './emitter.ts';
import { Lanes } from './lanes.ts';
import { layerBytes } from './memory.ts';
import { backwardSteps, forwardSteps, type Step } from './steps.ts';

/** What one stage runs for one micro-batch: some layers, with the embedding before or the loss after them. */
export interface ChunkShape {
  readonly layers: number;
  readonly embed: boolean;
  readonly head: boolean;
}

/** Times and traffic of one micro-batch through a chunk. */
export interface ChunkTimes {
  readonly forward_ns: number;
  readonly backward_ns: number;
  readonly forward: PhaseReading;
  readonly backward: PhaseReading;
}

export interface PhaseReading extends Pick<LedgerReading, 'busy_ns' | 'counters'> {
  readonly events: number;
}

/** Steps of each body, made once. */
interface Steps {
  readonly layer: readonly Step[];
  readonly embed: readonly Step[];
  readonly head: readonly Step[];
  readonly encoder: { readonly layer: readonly Step[]; readonly end: readonly Step[] } | null;
}

/** What carries a chunk out. */
interface Carrier {
  begin(phase: Phase): Emitter;
  /** When all that was asked has ended; with a barrier, nothing asked later begins before. */
  now(barrier: boolean): number;
  /** What was busy since the phase began. */
  read(): PhaseReading;
}

/**
 * Simulates chunks on one rank's device, copy engines, links and host thread. All ranks of a group are equal, so one
 * stands for all; where they wait for each other, its host thread is that of the slowest.
 */
export class ChunkSimulator {
  private readonly context: ChunkContext;
  private readonly collectives: Collectives;
  private readonly unit: ComputeUnit;
  private readonly memoryBytesPerS: number;
  private readonly forward: Steps;
  private readonly backward: Steps;
  private readonly known = new Map<string, ChunkTimes>();
  private readonly costs = new WeakMap();
  private readonly hostBytes: number;

  constructor(context: ChunkContext) {
    const { training, activations, machine } = context;
    this.context = context;
    this.collectives = new Collectives(machine, training.layout);
    const { unit, memoryBytesPerS } = fastUnit(machine);
    this.unit = unit;
    this.memoryBytesPerS = memoryBytesPerS;
    const { layer, embed, head, encoder } = training;
    this.forward = {
      layer: forwardSteps(layer),
      embed: forwardSteps(embed),
      head: forwardSteps(head),
      encoder: encoder ? { layer: forwardSteps(encoder.layer), end: forwardSteps(encoder.end) } : null,
    };
    const plain = { ...activations, again: {} };
    this.backward = {
      layer: backwardSteps(layer, activations),
      embed: backwardSteps(embed, plain),
      head: backwardSteps(head, plain),
      encoder: encoder
        ? { layer: backwardSteps(encoder.layer, activations), end: backwardSteps(encoder.end, plain) }
        : null,
    };
    this.hostBytes = layerBytes(training, activations).host;
  }

  /**
   * Times of one micro-batch. The host waits for the device where a stage hands over to another and where it copies the
   * next batch from pageable memory (Megatron-LM, `data.py`); after the loss nothing is handed over and it goes on.
   */
  times(shape: ChunkShape, onEngine = this.hostBytes > 0): ChunkTimes {
    const key = `${shape.layers} ${shape.embed} ${shape.head}`;
    const known = onEngine === this.hostBytes > 0 ? this.known.get(key) : undefined;
    if (known !== undefined) return known;
    const carrier = onEngine ? this.engine() : this.lanes();
    const made = this.asMeasured(shape, this.microbatch(carrier, shape, !shape.head));
    this.known.set(key, made);
    return made;
  }

  /** The chunk with its layers as slow as the machine's profile of this shape says, if there is one. */
  private asMeasured({ layers }: ChunkShape, times: ChunkTimes): ChunkTimes {
    const { machine, training } = this.context;
    const { shape, layout } = training;
    const measured = machine.host?.framework?.layer_profile?.find(
      ({ hidden, tensor, tokens }) => hidden === shape?.hidden && tokens === shape.tokens && tensor === layout.tensor,
    );
    if (measured === undefined) return times;
    const alone = this.microbatch(this.lanes(), { layers, embed: false, head: false }, true);
    const excess = (layers * measured.layer_s * 1e9) / (alone.forward_ns + alone.backward_ns) - 1;
    return {
      ...times,
      forward_ns: times.forward_ns + Math.round(excess * alone.forward_ns),
      backward_ns: times.backward_ns + Math.round(excess * alone.backward_ns),
    };
  }

  private microbatch(carrier: Carrier, shape: ChunkShape, waits: boolean): ChunkTimes {
    const began = carrier.now(false);
    const forward = carrier.begin('forward');
    forward.microbatch();
    if (shape.embed) forward.steps(this.forward.embed);
    const encoderLayers = shape.embed ? (this.context.training.encoder?.layers ?? 0) : 0;
    if (encoderLayers > 0) {
      forward.forwardLayers(encoderLayers, this.forward.encoder!.layer, 0, 0);
      forward.steps(this.forward.encoder!.end);
    }
    const trunk = Math.min(shape.layers, this.context.training.trunk_layers);
    forward.forwardLayers(shape.layers, this.forward.layer, this.hostBytes, trunk);
    if (shape.head) forward.steps(this.forward.head);
    const between = carrier.now(waits);
    const forwardReading = carrier.read();
    const backward = carrier.begin('backward');
    if (shape.head) backward.steps(this.backward.head);
    backward.backwardLayers(shape.layers - trunk, this.backward.layer, this.hostBytes);
    if (encoderLayers > 0) {
      backward.steps(this.backward.encoder!.end);
      backward.backwardLayers(encoderLayers, this.backward.encoder!.layer, 0);
    }
    if (shape.embed) backward.steps(this.backward.embed);
    const ended = carrier.now(waits);
    return {
      forward_ns: between - began,
      backward_ns: ended - between,
      forward: forwardReading,
      backward: carrier.read(),
    };
  }

  private lanes(): Carrier {
    const lanes = new Lanes(this.context.machine, this.unit, this.memoryBytesPerS, this.costs);
    const emitter = new Emitter(lanes, this.context, this.collectives, this.unit);
    return {
      begin: (phase) => {
        lanes.begin(phase);
        return emitter;
      },
      now: (barrier) => {
        if (barrier) lanes.barrier();
        return lanes.now;
      },
      read: () => ({ ...lanes.read(), events: 0 }),
    };
  }

  /** Moves share links with each other: the event engine's work. It waits for everything between forward and backward. */
  private engine(): Carrier {
    let before = 0;
    let engine: Engine | null = null;
    let recorder: Recorder | null = null;
    const now = (): number => {
      recorder?.barrier();
      return before + (engine?.now ?? 0);
    };
    return {
      begin: (phase) => {
        before = now();
        const next = new Engine(this.context.machine);
        const tape = new Tape();
        const plan = { held: [], files: [], workers: [], page_cache: false, warnings: [] };
        recorder = new Recorder(next, tape, next.machine, plan, null, () => {
          next.run(tape);
          tape.clear();
        });
        recorder.phase = phase;
        engine = next;
        return new Emitter(recorder, this.context, this.collectives, this.unit);
      },
      now,
      read: () => {
        const { ledger, now: at, sim } = engine!;
        return { ...ledger.read(ledger.snapshot(at)), events: sim.events };
      },
    };
  }
}

/** Seconds of each op of a layer's forward, collectives included, in order. */
export function opForwardSeconds({ machine, training }: Pick<ChunkContext, 'machine' | 'training'>): number[] {
  const collectives = new Collectives(machine, training.layout);
  const { unit, memoryBytesPerS } = fastUnit(machine);
  return training.layer.ops.map(({ forward, gather, reduce }) => {
    const moved = [gather, reduce].reduce(
      (sum, one) => sum + (one === undefined ? 0 : collectives.cost(one).seconds),
      0,
    );
    return kernelCost(unit, memoryBytesPerS, forward).ns / 1e9 + moved;
  });
}

function fastUnit(machine: Machine): { readonly unit: ComputeUnit; readonly memoryBytesPerS: number } {
  const unit = machine.compute.find(({ memory }) => memory === machine.roles.fast);
  const memory = machine.memories.find(({ id }) => id === machine.roles.fast);
  if (unit === undefined || memory === undefined)
    throw new MissingFactError(`machine "${machine.id}" has no compute unit on its fast memory`);
  return { unit, memoryBytesPerS: memory.read_bytes_per_s };
}

/** Seconds of one layer's forward for one micro-batch. */
export function layerForwardSeconds(context: ChunkContext): number {
  return new ChunkSimulator(context).times({ layers: 1, embed: false, head: false }).forward_ns / 1e9;
}

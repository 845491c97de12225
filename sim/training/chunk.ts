import { MissingFactError } from '../errors.ts';
import { Engine } from '../executor/engine.ts';
import { Recorder } from '../executor/recorder.ts';
import { Tape } from '../executor/tape.ts';
import type { LedgerReading } from '../ledger.ts';
import { TimelineRecorder } from '../timeline.ts';
import type { Machine } from '../types/machine.ts';
import { NONE, type Task } from '../types/policy.ts';
import type { Timeline } from '../types/result.ts';
import type { ActivationPlan, OptimizerPlan, Training } from '../types/training.ts';
import type { Phase } from '../types/units.ts';
import { Collectives } from './collectives.ts';
import { frozenBytes, layerBytes } from './memory.ts';
import { backwardSteps, forwardSteps, type Step } from './steps.ts';

/** What one stage runs for one micro-batch: some layers, with the embedding before or the loss after them. */
export interface ChunkShape {
  readonly layers: number;
  readonly embed: boolean;
  readonly head: boolean;
}

export interface ChunkTimes {
  readonly forward_ns: number;
  readonly backward_ns: number;
  readonly forward: LedgerReading;
  readonly backward: LedgerReading;
  readonly events: number;
  readonly timeline: Timeline | null;
}

/** Everything that decides a chunk's time beside its shape. */
export interface ChunkContext {
  readonly machine: Machine;
  readonly training: Training;
  readonly activations: ActivationPlan;
  readonly optimizer: OptimizerPlan;
}

/** Steps of each body, made once. */
interface Steps {
  readonly layer: readonly Step[];
  readonly embed: readonly Step[];
  readonly head: readonly Step[];
}

/**
 * Simulates chunks on one rank's device, copy engines, links and host thread. All ranks of a group are equal, so one
 * stands for all; where they wait for each other, its host thread is that of the slowest.
 */
export class ChunkSimulator {
  private readonly context: ChunkContext;
  private readonly collectives: Collectives;
  private readonly forward: Steps;
  private readonly backward: Steps;
  private readonly known = new Map<string, ChunkTimes>();
  private readonly hostBytes: number;

  constructor(context: ChunkContext) {
    const { training, activations, machine } = context;
    this.context = context;
    this.collectives = new Collectives(machine, training.layout);
    const { layer, embed, head } = training;
    this.forward = { layer: forwardSteps(layer), embed: forwardSteps(embed), head: forwardSteps(head) };
    const plain = { ...activations, again: {} };
    this.backward = {
      layer: backwardSteps(layer, activations),
      embed: backwardSteps(embed, plain),
      head: backwardSteps(head, plain),
    };
    this.hostBytes = layerBytes(training, activations).host;
  }

  /** Times of one micro-batch; `last` also sums gradients over the copies where they are divided. */
  times(shape: ChunkShape, timeline = false): ChunkTimes {
    const key = `${shape.layers} ${shape.embed} ${shape.head}`;
    const known = timeline ? undefined : this.known.get(key);
    if (known !== undefined) return known;
    const made = this.simulate(shape, timeline);
    this.known.set(key, made);
    return made;
  }

  private simulate(shape: ChunkShape, timeline: boolean): ChunkTimes {
    const run = (phase: Phase, emit: (emitter: Emitter) => void) => {
      const engine = new Engine(asDriven(this.context, phase, this.collectives));
      if (timeline) engine.timeline = new TimelineRecorder(engine.accounts);
      const tape = new Tape();
      const plan = { held: [], files: [], workers: [], page_cache: false, warnings: [] };
      const recorder = new Recorder(engine, tape, engine.machine, plan, null, () => engine.run(tape));
      recorder.phase = phase;
      emit(new Emitter(recorder, this.context, this.collectives));
      recorder.barrier();
      return { ns: engine.now, engine };
    };
    const forward = run('forward', (emitter) => {
      if (shape.embed) emitter.steps(this.forward.embed);
      emitter.forwardLayers(shape.layers, this.forward.layer, this.hostBytes, this.context.training.trunk_layers);
      if (shape.head) emitter.steps(this.forward.head);
    });
    const backward = run('backward', (emitter) => {
      if (shape.head) emitter.steps(this.backward.head);
      const layers = Math.max(0, shape.layers - this.context.training.trunk_layers);
      emitter.backwardLayers(layers, this.backward.layer, this.hostBytes);
      if (shape.embed) emitter.steps(this.backward.embed);
    });
    const reading = ({ engine }: { engine: Engine }): LedgerReading =>
      engine.ledger.read(engine.ledger.snapshot(engine.now));
    return {
      forward_ns: forward.ns,
      backward_ns: backward.ns,
      forward: reading(forward),
      backward: reading(backward),
      events: forward.engine.sim.events + backward.engine.sim.events,
      timeline: forward.engine.timeline?.finish(forward.ns) ?? null,
    };
  }
}

/** Seconds of one layer's forward for one micro-batch. */
export function layerForwardSeconds(context: ChunkContext): number {
  return new ChunkSimulator(context).times({ layers: 1, embed: false, head: false }).forward_ns / 1e9;
}

/** Expected maximum of n standard normals (Blom, 1958: the quantile at (n - 0.375) / (n + 0.25)), for n up to a few dozen. */
export function expectedMaximum(n: number): number {
  if (n <= 1) return 0;
  const p = (n - 0.375) / (n + 0.25);
  // Acklam's rational approximation would be finer; Shore's is within 1 % here and has no table.
  return 5.5556 * (1 - ((1 - p) / p) ** 0.1186);
}

/** The machine with the host cost of its training framework: that of the slowest rank where ranks wait for each other. */
function asDriven({ machine }: ChunkContext, phase: Phase, collectives: Collectives): Machine {
  const framework = machine.host?.framework;
  if (framework === undefined) return machine;
  const waiting = Math.max(collectives.size('tensor'), collectives.size('context'));
  const slowest = 1 + framework.rank_skew * expectedMaximum(waiting);
  const perOp = phase === 'forward' ? framework.forward_op_s : framework.backward_op_s;
  const fast = machine.roles.fast;
  return {
    ...machine,
    compute: machine.compute.map((unit) => (unit.memory === fast ? { ...unit, launch_s: perOp * slowest } : unit)),
  };
}

/** Asks the executor for the work of one chunk. */
class Emitter {
  private readonly recorder: Recorder;
  private readonly context: ChunkContext;
  private readonly collectives: Collectives;
  private readonly unit: string;
  private readonly fast: string;
  /** Share of the device that a collective beside kernels takes. */
  private readonly taken: number;
  private last: Task = NONE;

  constructor(recorder: Recorder, context: ChunkContext, collectives: Collectives) {
    this.recorder = recorder;
    this.context = context;
    this.collectives = collectives;
    const { machine } = context;
    this.fast = machine.roles.fast ?? 'gpu';
    const unit = machine.compute.find(({ memory }) => memory === this.fast);
    if (unit === undefined)
      throw new MissingFactError(`machine "${machine.id}" has no compute unit on its fast memory`);
    this.unit = unit.id;
    this.taken = unit.tiling ? unit.tiling.collective_multiprocessors / unit.tiling.multiprocessors : 0;
  }

  steps(steps: readonly Step[]): void {
    for (const { kernels, beside, before } of steps) {
      if (before !== null) {
        const { seconds, link, sent_bytes } = this.collectives.cost(before);
        this.last = this.recorder.collective(before.group, link, seconds, sent_bytes, this.last);
      }
      const start = this.last;
      if (kernels.length > 0) this.last = this.recorder.run(this.unit, kernels, 'compute', start);
      if (beside === null) continue;
      const { seconds, link, sent_bytes } = this.collectives.cost(beside);
      if (seconds === 0) continue;
      const moved = this.recorder.collective(beside.group, link, seconds, sent_bytes, start);
      if (kernels.length === 0) this.last = moved;
      else {
        const slowed = this.slowed(seconds, this.last);
        this.last = this.recorder.join([slowed, moved]);
      }
    }
  }

  /** Forward of layers. Activations on their way to the host hold one of the buffers until they are there. */
  forwardLayers(layers: number, steps: readonly Step[], hostBytes: number, trunk: number): void {
    const { activations } = this.context;
    const leaving: Task[] = [];
    for (let layer = 0; layer < layers; layer++) {
      this.gatherWeights(layer);
      const waited = leaving[layer - activations.buffers];
      if (waited !== undefined) this.last = this.recorder.join([this.last, waited]);
      this.steps(steps);
      if (hostBytes > 0 && layer >= trunk && layer < layers - activations.stay_layers) {
        leaving[layer] = this.copy('d2h', hostBytes, this.last);
      }
    }
    this.last = this.recorder.join([this.last, ...leaving.filter((task) => task !== undefined)]);
  }

  /** Backward of layers. What left comes back while the layers after it are worked on. */
  backwardLayers(layers: number, steps: readonly Step[], hostBytes: number): void {
    const { activations } = this.context;
    const ended: Task[] = [];
    const back: Task[] = [];
    const left = hostBytes > 0 ? layers - activations.stay_layers : 0;
    const fetch = (layer: number): void => {
      if (layer < 0 || layer >= left) return;
      // Its buffer is that of the layer `buffers` places after it, or one that stayed on the device.
      back[layer] = this.copy('h2d', hostBytes, ended[layer + activations.buffers] ?? NONE);
    };
    for (let layer = layers - 1; layer >= Math.max(0, layers - activations.buffers); layer--) fetch(layer);
    for (let layer = layers - 1; layer >= 0; layer--) {
      this.gatherWeights(layers - 1 - layer);
      const arrived = back[layer];
      if (arrived !== undefined) this.last = this.recorder.join([this.last, arrived]);
      this.steps(steps);
      this.scatterGradients();
      ended[layer] = this.last;
      fetch(layer - activations.buffers);
    }
    if (this.scattered !== NONE) this.last = this.recorder.join([this.last, this.scattered]);
  }

  private gathered: Task = NONE;
  private scattered: Task = NONE;

  /** Divided weights of the next layer are gathered beside the present one (Rajbhandari et al., SC 2020, section 7.2.2). */
  private gatherWeights(nth: number): void {
    const { optimizer, training } = this.context;
    if (optimizer.zero < 3) return;
    const { matrices, others } = training.layer;
    const bytes = (matrices.trained + others.trained) * optimizer.gather_bytes + frozenBytes(training.layer);
    const { seconds, link, sent_bytes } = this.collectives.cost({ kind: 'all-gather', group: 'data', bytes });
    if (seconds === 0) return;
    const own = nth === 0 ? this.recorder.collective('data', link, seconds, sent_bytes, NONE) : this.gathered;
    const start = this.last;
    this.gathered = this.recorder.collective('data', link, seconds, sent_bytes, start);
    this.last = this.slowed(seconds, this.recorder.join([this.last, own]));
  }

  private scatterGradients(): void {
    const { optimizer, training } = this.context;
    if (optimizer.zero < 3) return;
    const { matrices, others } = training.layer;
    const bytes = (matrices.trained + others.trained) * optimizer.reduce_bytes;
    const { seconds, link, sent_bytes } = this.collectives.cost({ kind: 'reduce-scatter', group: 'data', bytes });
    if (seconds === 0) return;
    this.scattered = this.recorder.collective('data gradients', link, seconds, sent_bytes, this.last);
    this.last = this.slowed(seconds, this.last);
  }

  /** A collective beside kernels takes multiprocessors from them. */
  private slowed(seconds: number, after: Task): Task {
    return this.taken === 0 ? after : this.recorder.busy(this.unit, seconds * this.taken, 'compute', after);
  }

  private copy(direction: 'd2h' | 'h2d', bytes: number, after: Task): Task {
    const host = this.context.machine.roles.host ?? 'cpu';
    const out = direction === 'd2h';
    return this.recorder.move({
      from: out ? this.fast : host,
      to: out ? host : this.fast,
      bytes,
      stream: out ? 'activation_write' : 'activation_read',
      host_memory: 'pinned',
      queue: direction,
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after,
    });
  }
}

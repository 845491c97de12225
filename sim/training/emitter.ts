import type { Collectives } from '../resources/collectives.ts';
import type { ComputeUnit, Machine } from '../types/machine.ts';
import { type Actions, NONE, type Task } from '../types/policy.ts';
import type { ActivationPlan, OptimizerPlan, Training } from '../types/training.ts';
import type { Phase } from '../types/units.ts';
import { frozenBytes } from './memory.ts';
import type { Step } from './steps.ts';

/** Everything that decides a chunk's time beside its shape. */
export interface ChunkContext {
  readonly machine: Machine;
  readonly training: Training;
  readonly activations: ActivationPlan;
  readonly optimizer: OptimizerPlan;
}

/** What a chunk asks for; the event engine gives all of it, `Lanes` all but moves. */
export type ChunkActions = Pick<Actions, 'run' | 'busy' | 'host' | 'collective' | 'join' | 'move'>;

/** Asks for the work of one chunk, task after task. */
export class Emitter {
  private readonly actions: ChunkActions;
  private readonly context: ChunkContext;
  private readonly collectives: Collectives;
  private readonly unit: string;
  private readonly fast: string;
  private readonly launches: HostLaunches;
  /** Share of the device that a collective beside kernels takes. */
  private readonly taken: number;
  private last: Task = NONE;
  private gathered: Task = NONE;
  private scattered: Task = NONE;

  constructor(actions: ChunkActions, context: ChunkContext, collectives: Collectives, unit: ComputeUnit) {
    this.actions = actions;
    this.context = context;
    this.collectives = collectives;
    const { machine } = context;
    this.fast = unit.memory;
    this.unit = unit.id;
    this.launches = hostLaunches(machine, unit.launch_s, collectives);
    const { collective_multiprocessors = 0, multiprocessors = 1 } = unit.tiling ?? {};
    this.taken = collective_multiprocessors / multiprocessors;
  }

  /** The host's work for a micro-batch, before its first op. */
  microbatch(): void {
    const seconds = this.context.machine.host?.framework?.microbatch_s;
    if (seconds !== undefined) this.last = this.actions.host(seconds, 'bookkeeping', NONE);
  }

  steps(steps: readonly Step[]): void {
    for (const { kernels, beside, before, driver } of steps) {
      const launch = this.launches[driver];
      if (before !== null) {
        const { seconds, link, sent_bytes } = this.collectives.cost(before);
        this.last = this.actions.collective(before.group, link, seconds, sent_bytes, this.last, launch);
      }
      const start = this.last;
      if (kernels.length > 0) {
        this.last = this.actions.run(this.unit, kernels, 'compute', start, 0, this.unit, launch);
      }
      if (beside === null) continue;
      const { seconds, link, sent_bytes } = this.collectives.cost(beside);
      if (seconds === 0) continue;
      const moved = this.actions.collective(beside.group, link, seconds, sent_bytes, start, launch);
      if (kernels.length === 0) this.last = moved;
      else {
        const slowed = this.slowed(seconds, this.last);
        this.last = this.actions.join([slowed, moved]);
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
      if (waited !== undefined) this.last = this.actions.join([this.last, waited]);
      this.steps(steps);
      if (hostBytes > 0 && layer >= trunk && layer < layers - activations.stay_layers) {
        leaving[layer] = this.copy('d2h', hostBytes, this.last);
      }
    }
    this.last = this.actions.join([this.last, ...leaving.filter((task) => task !== undefined)]);
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
      if (arrived !== undefined) this.last = this.actions.join([this.last, arrived]);
      this.steps(steps);
      this.scatterGradients();
      ended[layer] = this.last;
      fetch(layer - activations.buffers);
    }
    if (this.scattered !== NONE) this.last = this.actions.join([this.last, this.scattered]);
  }

  /** Divided weights of the next layer are gathered beside the present one (Rajbhandari et al., SC 2020, section 7.2.2). */
  private gatherWeights(nth: number): void {
    const { optimizer, training } = this.context;
    if (optimizer.zero < 3) return;
    const { matrices, others } = training.layer;
    const bytes = (matrices.trained + others.trained) * optimizer.gather_bytes + frozenBytes(training.layer);
    const { seconds, link, sent_bytes } = this.collectives.cost({ kind: 'all-gather', group: 'data', bytes });
    if (seconds === 0) return;
    const own = nth === 0 ? this.actions.collective('data', link, seconds, sent_bytes, NONE) : this.gathered;
    const start = this.last;
    this.gathered = this.actions.collective('data', link, seconds, sent_bytes, start);
    this.last = this.slowed(seconds, this.actions.join([this.last, own]));
  }

  private scatterGradients(): void {
    const { optimizer, training } = this.context;
    if (optimizer.zero < 3) return;
    const { matrices, others } = training.layer;
    const bytes = (matrices.trained + others.trained) * optimizer.reduce_bytes;
    const { seconds, link, sent_bytes } = this.collectives.cost({ kind: 'reduce-scatter', group: 'data', bytes });
    if (seconds === 0) return;
    this.scattered = this.actions.collective('data gradients', link, seconds, sent_bytes, this.last);
    this.last = this.slowed(seconds, this.last);
  }

  /** A collective beside kernels takes multiprocessors from them. */
  private slowed(seconds: number, after: Task): Task {
    return this.taken === 0 ? after : this.actions.busy(this.unit, seconds * this.taken, 'compute', after);
  }

  private copy(direction: 'd2h' | 'h2d', bytes: number, after: Task): Task {
    const host = this.context.machine.roles.host ?? 'cpu';
    const out = direction === 'd2h';
    return this.actions.move({
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

/** Host seconds of one launch, by what drives it: the model's own code forward, the autograd engine backward. */
type HostLaunches = Readonly<Record<Extract<Phase, 'forward' | 'backward'>, number>>;

/** Where ranks wait for each other the host is that of the slowest. */
function hostLaunches({ host }: Machine, launch_s: number, collectives: Collectives): HostLaunches {
  const framework = host?.framework;
  if (framework === undefined) return { forward: launch_s, backward: launch_s };
  const waiting = Math.max(collectives.size('tensor'), collectives.size('context'));
  const slowest = 1 + framework.rank_skew * expectedMaximum(waiting);
  return { forward: framework.forward_op_s * slowest, backward: framework.backward_op_s * slowest };
}

/** Expected maximum of n standard normals (Blom, 1958: the quantile at (n - 0.375) / (n + 0.25)), for n up to a few dozen. */
export function expectedMaximum(n: number): number {
  if (n <= 1) return 0;
  const p = (n - 0.375) / (n + 0.25);
  // Acklam's rational approximation would be finer; Shore's is within 1 % here and has no table.
  return 5.5556 * (1 - ((1 - p) / p) ** 0.1186);
}

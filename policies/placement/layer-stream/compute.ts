import {
  type Actions,
  type Kernel,
  type KvUse,
  NONE,
  type OpView,
  type StateUse,
  type Task,
} from '../../../sim/types/index.ts';
import { KvCache } from '../kvCache.ts';
import { Expansion, unitOn } from '../units.ts';
import { concatenation, fusedExpansion, onHost, type Parts, partsOf, widening } from './kernels.ts';
import { HOST_WIDENING, type Shared } from './shared.ts';

/** Bytes of an element of a query, key, value or attention result on the device. */
const FLOAT16_BYTES = 2;

/** Computation of one op: expansion of its weights, its kernels, and what its KV cache asks for. */
export class Compute {
  private readonly shared: Shared;
  private readonly cache: KvCache;
  private readonly expansions = new Map<string, Expansion>();
  private readonly fused: readonly (readonly Kernel[] | null)[];
  private readonly parts = new WeakMap<readonly Kernel[], Parts>();
  /** End of the op before in this step. */
  private before: Task = NONE;
  private readonly whole = new WeakMap<readonly Kernel[], readonly Kernel[]>();

  constructor(shared: Shared) {
    this.shared = shared;
    this.cache = new KvCache(shared.machine);
    for (const device of shared.devices) {
      this.expansions.set(device, new Expansion(unitOn(shared.machine, device), shared.context));
    }
    this.fused = shared.program.layers.map((layer) => {
      const kernel = shared.fields.expansion === 'fused' ? fusedExpansion(layer) : null;
      return kernel === null ? null : [kernel];
    });
  }

  /** Forgets tasks of the step before. */
  newStep(): void {
    this.before = NONE;
    this.cache.newStep();
  }

  /** @param ready the task after which weights and input are on the device. */
  run(actions: Actions, { op, layer }: OpView, ready: Task): Task {
    const { fields, homes } = this.shared;
    const { device } = homes[layer]!;
    const unit = this.shared.unit(device);
    const fused = this.fused[layer]!;
    const elementwise = fields.expansion === 'elementwise' ? this.expansions.get(device)! : null;
    let at = ready;
    if (elementwise !== null) at = elementwise.before(actions, { op, layer }, at);
    if (fused !== null) at = actions.run(unit, fused, 'compute', at);
    actions.allocate(device, 'activation', op.output_bytes, at);
    let done: Task;
    if (op.state === null) done = actions.run(unit, op.kernels, 'compute', at, op.scratch_bytes);
    else if (fields.kv === 'gpu')
      done = this.attendOnDevice(actions, op.kernels, op.state, op.scratch_bytes, device, at);
    else done = this.attendWithHostCache(actions, { op, layer }, op.state, device, at);
    if (elementwise !== null) done = elementwise.after(actions, op, done);
    actions.free(device, 'activation', op.input_bytes, done);
    this.before = done;
    return done;
  }

  private attendOnDevice(
    actions: Actions,
    kernels: readonly Kernel[],
    state: StateUse,
    scratch: number,
    device: string,
    ready: Task,
  ): Task {
    const unit = this.shared.unit(device);
    if (state.use !== undefined) return this.attendUnderPolicy(actions, kernels, state.use, scratch, unit, ready);
    const room = actions.allocate(device, 'kv', 2 * state.write_tokens * state.bytes_per_token, ready);
    if (state.read_tokens === 0 || !this.shared.fields.concatenate_kv) {
      return actions.run(unit, kernels, 'compute', room, scratch);
    }
    let all = this.whole.get(kernels);
    if (all === undefined) {
      const { before, attention, after } = this.partsFor(kernels);
      all = [...before, concatenation(state), ...attention, ...after];
      this.whole.set(kernels, all);
    }
    const longer = 2 * (state.read_tokens + 1) * state.bytes_per_token;
    return actions.run(unit, all, 'compute', room, scratch + longer);
  }

  private attendUnderPolicy(
    actions: Actions,
    kernels: readonly Kernel[],
    use: KvUse,
    scratch: number,
    unit: string,
    ready: Task,
  ): Task {
    const room = this.cache.before(actions, use, ready);
    const done = actions.run(unit, kernels, 'compute', room, scratch);
    this.cache.after(actions, use, done);
    return done;
  }

  private attendWithHostCache(actions: Actions, { op }: OpView, state: StateUse, device: string, ready: Task): Task {
    const { fields } = this.shared;
    const unit = this.shared.unit(device);
    const parts = this.partsFor(op.kernels);
    const onCpu = fields.attention_on === 'cpu';
    if (state.read_tokens === 0) {
      const projected = actions.run(unit, parts.before, 'compute', ready, op.scratch_bytes);
      this.storePrompt(actions, state, device, projected);
      return actions.run(unit, [...parts.attention, ...parts.after], 'compute', projected, op.scratch_bytes);
    }
    if (!onCpu) return this.bringCache(actions, op.kernels, state, op.scratch_bytes, device, ready);
    const projected = actions.run(unit, parts.before, 'compute', ready);
    const width = state.elements_per_token * FLOAT16_BYTES;
    // New key and value in 16 bits, then the query already widened.
    const sent = this.small(actions, device, this.shared.cpu, (2 + HOST_WIDENING) * width, 'kv_write', projected);
    const widened = fields.host_cache_bits === 16 ? [widening(state)] : [];
    const onCpuKernels = [...widened, ...parts.attention.map(onHost)];
    const attended = actions.run(this.shared.cpuUnit!, onCpuKernels, 'compute', sent, 0, 'host');
    const back = this.small(actions, this.shared.cpu, device, HOST_WIDENING * width, 'activation_read', attended);
    return actions.run(unit, parts.after, 'compute', back);
  }

  /**
   * Keys and values of the prompt on their way to a pageable host cache: a copy that holds the host thread, into a
   * buffer of its own, and then a copy by the host into their place.
   */
  private storePrompt(actions: Actions, state: StateUse, device: string, after: Task): void {
    const { host, cpu, cacheWidening } = this.shared;
    const bytes = 2 * state.write_tokens * state.bytes_per_token * cacheWidening;
    const arrived = this.small(actions, device, cpu, bytes, 'kv_write', after);
    actions.host(bytes / host.relay_bytes_per_s, 'kv_write', arrived);
  }

  /** The cache of the op comes to the device for attention there; the new token's part goes home. */
  private bringCache(
    actions: Actions,
    kernels: readonly Kernel[],
    state: StateUse,
    scratch: number,
    device: string,
    ready: Task,
  ): Task {
    const { cpu } = this.shared;
    const bytes = 2 * state.read_tokens * state.bytes_per_token;
    const added = 2 * state.bytes_per_token;
    // The copy runs in the stream of the kernels.
    const room = actions.allocate(device, 'kv', bytes + added, this.before);
    const arrived = this.small(actions, cpu, device, bytes, 'kv_read', room);
    const done = actions.run(this.shared.unit(device), kernels, 'compute', actions.join([ready, arrived]), scratch);
    const stored = this.small(actions, device, cpu, added, 'kv_write', done);
    actions.free(device, 'kv', bytes + added, stored);
    return done;
  }

  /** A copy between pageable host memory and the device; the host thread waits for it. */
  private small(
    actions: Actions,
    from: string,
    to: string,
    bytes: number,
    stream: 'kv_read' | 'kv_write' | 'activation_read',
    after: Task,
  ): Task {
    return actions.move({
      from,
      to,
      bytes,
      stream,
      host_memory: 'pageable',
      queue: 'host',
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after,
    });
  }

  private partsFor(kernels: readonly Kernel[]): Parts {
    let parts = this.parts.get(kernels);
    if (parts === undefined) {
      parts = partsOf(kernels);
      this.parts.set(kernels, parts);
    }
    return parts;
  }
}

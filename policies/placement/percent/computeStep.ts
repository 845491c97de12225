import { MissingFactError } from '../../../sim/errors.ts';
import type { Actions, Kernel, OpView, StateUse, StreamName, Task } from '../../../sim/types/index.ts';
import { GroupCodec } from './groupCodec.ts';
import { HostEviction } from './hostEviction.ts';
import type { KvMoves } from './kvMoves.ts';
import type { Shared } from './shared.ts';

/** Bytes of a query, or of an attention result, that a CPU attention step moves across. */
const FLOAT16_BYTES = 2;

/** The parts of a decode attention op when attention itself runs on the CPU. */
interface Parts {
  readonly before: readonly Kernel[];
  readonly onGpu: readonly Kernel[];
  readonly onCpu: readonly Kernel[];
  readonly after: readonly Kernel[];
}

/** The computation of one op: expansion of quantised operands, its kernels, attention on the CPU where chosen. */
export class ComputeStep {
  private readonly shared: Shared;
  private readonly kv: KvMoves;
  private readonly codec: GroupCodec;
  private readonly eviction: HostEviction;
  private readonly parts = new WeakMap<readonly Kernel[], Parts>();

  constructor(shared: Shared, kv: KvMoves) {
    this.shared = shared;
    this.kv = kv;
    this.codec = new GroupCodec(shared);
    this.eviction = new HostEviction(shared);
  }

  /** @param last whether this is the last batch that needs the sub-layer's weights. */
  run(actions: Actions, { op, layer }: OpView, after: Task, last: boolean): Task {
    const { homes, levels, gpuUnit } = this.shared;
    const { loaded_bytes } = homes[layer]!;
    const { state } = op;
    const ready = this.codec.before(actions, { op, layer }, after);
    actions.allocate(levels.gpu, 'activation', op.output_bytes, ready);
    let done: Task;
    if (state !== null && state.read_tokens > 0 && this.shared.cpuAttention) {
      done = this.decodeOnCpu(actions, op.kernels, state, op.scratch_bytes, ready);
    } else {
      done = actions.run(gpuUnit, op.kernels, 'compute', ready, op.scratch_bytes);
    }
    done = this.codec.after(actions, op, done);
    // Until then new keys and values are among the op's own buffers.
    if (state !== null && state.write_tokens > 0)
      done = actions.allocate(levels.gpu, 'kv', this.kv.newBytes(state), done);
    if (state !== null) this.kv.release(actions, state, done);
    actions.free(levels.gpu, 'activation', op.input_bytes, done);
    if (last && loaded_bytes > 0) actions.free(levels.gpu, 'weight', loaded_bytes, done);
    return done;
  }

  /** Projections on the GPU, the query to the host, attention over the fp32 workspace, the result back, projection out. */
  private decodeOnCpu(
    actions: Actions,
    kernels: readonly Kernel[],
    state: StateUse,
    scratch: number,
    ready: Task,
  ): Task {
    const { gpuUnit, cpuUnit, levels, cpu, kv } = this.shared;
    if (cpuUnit === undefined) {
      throw new MissingFactError(`machine "${this.shared.machine.id}" has no compute unit on its host memory`);
    }
    const parts = this.partsOf(kernels);
    const bytes = state.elements_per_token * FLOAT16_BYTES * (1 - kv.gpu);
    const before = actions.run(gpuUnit, parts.before, 'compute', ready, scratch * kv.gpu);
    const query = this.cross(actions, levels.gpu, cpu, bytes, 'activation_write', before);
    if (parts.onGpu.length > 0) actions.run(gpuUnit, parts.onGpu, 'compute', before);
    const attended = actions.run(cpuUnit, parts.onCpu, 'compute', query, 0, 'host');
    const result = this.cross(actions, cpu, levels.gpu, bytes, 'activation_read', attended);
    const done = actions.run(gpuUnit, parts.after, 'compute', result);
    return state.use === undefined ? done : this.eviction.run(actions, state, done);
  }

  /** A small transfer in order with the kernels. */
  private cross(actions: Actions, from: string, to: string, bytes: number, stream: StreamName, after: Task): Task {
    return actions.move({
      from,
      to,
      bytes,
      stream,
      host_memory: 'pinned',
      queue: this.shared.gpuUnit,
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after,
    });
  }

  private partsOf(kernels: readonly Kernel[]): Parts {
    const known = this.parts.get(kernels);
    if (known !== undefined) return known;
    const gpuShare = this.shared.kv.gpu;
    const attention = kernels.filter((kernel) => kernel.part === 'attention');
    const made: Parts = {
      before: kernels.filter((kernel) => kernel.part === 'projection'),
      onGpu: gpuShare === 0 ? [] : attention.map((kernel) => scaled(kernel, gpuShare)),
      onCpu: attention.map((kernel) => onHost(scaled(kernel, 1 - gpuShare))),
      after: kernels.filter((kernel) => kernel.part === 'output' || kernel.part === 'other'),
    };
    this.parts.set(kernels, made);
    return made;
  }
}

function scaled(kernel: Kernel, share: number): Kernel {
  return {
    ...kernel,
    flops: kernel.flops * share,
    operand_bytes: kernel.operand_bytes * share,
    activation_bytes: kernel.activation_bytes * share,
  };
}

/** CPU attention computes in fp32: operands are the cache at twice its fp16 bytes, and no copies of it are made. */
function onHost(kernel: Kernel): Kernel {
  return { ...kernel, dtype: 'fp32', operand_bytes: 2 * kernel.operand_bytes, activation_bytes: 0, launches: 0 };
}

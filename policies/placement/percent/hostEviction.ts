import { type Actions, NONE, type StateUse, type Task } from '../../../sim/types/index.ts';
import type { Shared } from './shared.ts';

/** An index that torch.scatter_ takes: int64, expanded to the shape of what it addresses. */
const INDEX_BYTES = 8;
const SCORE_BYTES = 2;
/** Scores in the host's attention are fp32. */
const WIDE_SCORE_BYTES = 4;
const TENSORS = 2;

/**
 * Replacing tokens of a cache in host memory (FMInference/H2O, `cache_replace`): scores go to the device and back through
 * pageable copies, the expanded index of the evicted token comes from the device once for K and once for V, and the
 * host scatters the rows.
 */
export class HostEviction {
  private readonly shared: Shared;

  constructor(shared: Shared) {
    this.shared = shared;
  }

  run(actions: Actions, { use, elements_per_token, read_tokens }: StateUse, after: Task): Task {
    if (use === undefined || use.replaced_tokens <= 0) return after;
    const { levels, cpu, machine, kv, cpuAttention } = this.shared;
    const rows = use.replaced_tokens * elements_per_token * (1 - kv.gpu);
    const heads = use.heads_per_token * (1 - kv.gpu);
    const scores = use.side_tensors > 0 ? (read_tokens + 1) * heads : 0;
    // Where attention runs on the GPU its scores stay there, and only the running sums are loaded.
    const wide = cpuAttention ? scores * WIDE_SCORE_BYTES : 0;
    let done = this.copy(actions, cpu, levels.gpu, wide + scores * SCORE_BYTES, after);
    done = this.copy(actions, levels.gpu, cpu, wide + TENSORS * rows * INDEX_BYTES, done);
    const rate = machine.host?.scatter_elements_per_s;
    if (rate === undefined) return done;
    return actions.host((TENSORS * rows) / rate, 'kv_write', done);
  }

  private copy(actions: Actions, from: string, to: string, bytes: number, after: Task): Task {
    if (bytes === 0) return after === NONE ? NONE : after;
    return actions.move({
      from,
      to,
      bytes,
      stream: 'kv_write',
      host_memory: 'pageable',
      queue: this.shared.gpuUnit,
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after,
    });
  }
}

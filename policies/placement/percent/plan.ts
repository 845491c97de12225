import type { Holding, Plan, Program, TensorKind } from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { bytesOf, kvBytes } from './homes.ts';
import type { PercentFields } from './schema.ts';
import { COPY_WORKERS, type Shared } from './shared.ts';

/** Pinned relay buffer of one copy worker: 2^30 fp16 elements (FlexGen, `copy_worker_func`). */
const WORKER_BUFFER_BYTES = 2 ** 31;
const FLOAT32_BYTES = 4;
const DEFAULT_WORKERS = 4;

/** Where everything lives before the first op. */
export function percentPlan(fields: PercentFields, { program }: PlacementContext, shared: Shared): Plan {
  const { levels, homes, kv } = shared;
  const held: Holding[] = [];
  const files: Holding[] = [];
  const put = (memory: string | undefined, kind: TensorKind, bytes: number, what: string): void => {
    if (bytes <= 0) return;
    const onDisk = memory === levels.disk;
    (onDisk ? files : held).push({ memory: memory ?? 'disk', kind, bytes, what });
  };
  const weightsAt = (level: 'gpu' | 'cpu' | 'disk'): number =>
    homes.reduce((sum, home) => sum + bytesOf(home[level]), 0);
  put(levels.gpu, 'weight', weightsAt('gpu'), 'weights on the GPU');
  put(levels.cpu, 'weight', weightsAt('cpu'), 'weights in host memory');
  put(levels.disk, 'weight', weightsAt('disk'), 'weights on disk');
  const cache = kvBytes(program);
  put(levels.gpu, 'kv', cache * kv.gpu, 'KV cache on the GPU');
  put(levels.cpu, 'kv', cache * kv.cpu, 'KV cache in host memory');
  put(levels.disk, 'kv', cache * kv.disk, 'KV cache on disk');
  const index = bytesOf(program.tensors.filter((tensor) => tensor.kind === 'index'));
  put(levels.gpu, 'index', index, 'index of the KV cache');
  const [actGpu, actCpu] = fields.activations;
  const home = actGpu === 100 ? levels.gpu : actCpu === 100 ? levels.cpu : levels.disk;
  if (home !== levels.gpu) put(home, 'activation', program.summary.hidden_bytes, 'hidden states');
  const usesWorkers = kv.gpu < 1 || weightsAt('disk') > 0;
  if (usesWorkers && levels.cpu !== undefined)
    put(levels.cpu, 'workspace', fields.copy_workers * WORKER_BUFFER_BYTES, 'pinned buffers of the copy workers');
  if (shared.cpuAttention && kv.gpu < 1) {
    put(levels.cpu, 'workspace', workspaceBytes(program) * (1 - kv.gpu), 'fp32 workspace of CPU attention');
  }
  return {
    held,
    files,
    workers: [{ name: COPY_WORKERS, count: fields.copy_workers }],
    page_cache: fields.page_cache,
    warnings: program.warnings ?? [],
  };
}

/** One fp32 workspace for K and V of one batch at the longest context (FlexGen, `init_attention_compute_workspace`). */
function workspaceBytes(program: Program): number {
  const largest = Math.max(0, ...program.tensors.filter(({ kind }) => kind === 'kv').map(({ elements }) => elements));
  return 2 * largest * FLOAT32_BYTES;
}

/** Host bytes that FlexGen's runtime takes beside tensors, with its four copy workers. */
export function hostOverheadBytes(program: Program, cpuAttention: boolean): number {
  return DEFAULT_WORKERS * WORKER_BUFFER_BYTES + (cpuAttention ? workspaceBytes(program) : 0);
}

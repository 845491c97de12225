import type { Kernel } from '../../sim/types/index.ts';

/**
 * Attention of one layer as kernels of a GPU, forward and backward: un-fused, where every matrix of scores passes through
 * the GPU's memory, and fused, where tiles of it live and die in a multiprocessor's scratchpad.
 * @module
 */

export interface GpuAttention {
  /** Sequences × heads, tokens of each, and width of a head. */
  readonly instances: number;
  readonly sequence: number;
  readonly width: number;
  readonly element_bytes: number;
  readonly backward: boolean;
  /** What un-fused code does to scores in passes of their own. */
  readonly mask: boolean;
  readonly dropout: boolean;
}

/** Bytes of one dropout decision. */
const KEPT_BYTES = 1;
/** Maximum and sum of a row of scores, in single precision. */
const STATISTICS_BYTES = 8;

const kernel = (name: string, flops: number, bytes: number, more: Partial<Kernel> = {}): Kernel => ({
  name,
  part: 'attention',
  dtype: 'fp16',
  flops,
  operand_bytes: 0,
  activation_bytes: bytes,
  launches: 1,
  ...more,
});

/**
 * Un-fused: one kernel a step (Dao et al., arXiv:2205.14135, Algorithms 0 and 3), with mask and dropout as the passes they
 * are in a framework: each reads a matrix of scores and writes another, and dropout its decisions beside.
 */
export function unfused({ instances, sequence, width, element_bytes, ...options }: GpuAttention): readonly Kernel[] {
  const scores = instances * sequence * sequence;
  const matrix = scores * element_bytes;
  const rows = instances * sequence * width * element_bytes;
  const product = 2 * scores * width;
  const batched = { batched: true } as const;
  const pass = (name: string, matrices: number, beside = 0): Kernel =>
    kernel(name, 0, matrices * matrix + beside, batched);
  const kept = scores * KEPT_BYTES;
  const forward = [
    kernel('scores', product, 2 * rows + matrix, batched),
    ...(options.mask ? [pass('mask', 2)] : []),
    pass('softmax', 2),
    ...(options.dropout ? [pass('dropout', 2, kept)] : []),
    kernel('values', product, matrix + 2 * rows, batched),
  ];
  if (!options.backward) return forward;
  return [
    ...forward,
    kernel('values, gradient of V', product, matrix + 2 * rows, batched),
    kernel('values, gradient of P', product, 2 * rows + matrix, batched),
    ...(options.dropout ? [pass('dropout backward', 2, kept)] : []),
    pass('softmax backward', 3),
    ...(options.mask ? [pass('mask backward', 2)] : []),
    kernel('scores, gradient of Q', product, matrix + 2 * rows, batched),
    kernel('scores, gradient of K', product, matrix + 2 * rows, batched),
  ];
}

/**
 * Fused (Dao et al., arXiv:2205.14135, Algorithms 1 and 4): keys and values are read once, in blocks of M / 4d rows for a
 * scratchpad of M elements; for every block all of Q and of what belongs to its rows passes by. Backward computes the
 * scores again, which makes five products of the four.
 */
export function fused(shape: GpuAttention, scratchpad_bytes: number): readonly Kernel[] {
  const { instances, sequence, width, element_bytes, backward } = shape;
  const blockRows = Math.max(1, Math.floor(scratchpad_bytes / element_bytes / (4 * width)));
  const blocks = Math.ceil(sequence / blockRows);
  const rows = instances * sequence * width * element_bytes;
  const statistics = instances * sequence * STATISTICS_BYTES;
  const product = 2 * instances * sequence * sequence * width;
  const forward = kernel('attention', 2 * product, 2 * rows + blocks * (3 * rows + 2 * statistics), {
    fused_attention: 'forward',
  });
  if (!backward) return [forward];
  const bytes = 4 * rows + blocks * (5 * rows + statistics);
  return [forward, kernel('attention backward', 5 * product, bytes, { fused_attention: 'backward' })];
}

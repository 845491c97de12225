import type { FusedAttention, Kernel } from '../../sim/types/index.ts';
import { cacheHits } from './cacheHits.ts';

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
  /** Padding is masked: passes of their own where the code is un-fused. */
  readonly mask: boolean;
  /** A token attends to itself and those before it: another mask un-fused, blocks left out where fused. */
  readonly causal: boolean;
  readonly dropout: boolean;
  /** Backward adds its gradients to those of the call before, as PyTorch does while they are not cleared. */
  readonly accumulate?: boolean;
}

/** Kernels of the two passes; `backward` is empty where none is asked for. */
export interface AttentionKernels {
  readonly forward: readonly Kernel[];
  readonly backward: readonly Kernel[];
}

/** Bytes of one dropout decision. */
const KEPT_BYTES = 1;
/** The logarithm of a row's sum, or the sum over its gradient times its output, in single precision. */
const STATISTIC_BYTES = 4;

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
 * Un-fused, as PyTorch's operators run the reference code of the FlashAttention release (HazyResearch/flash-attention
 * 9dbc491, benchmarks; PyTorch 1.11). Queries, keys and values are columns of one tensor, so each is copied before its
 * product, and keys are scaled before that; a mask is filled in place; its gradient is a clone, then filled; dropout reads
 * and writes the scores and, beside them, its decisions; the three gradients are stacked into one tensor at the end.
 */
export function unfused({ instances, sequence, width, element_bytes, ...options }: GpuAttention): AttentionKernels {
  const scores = instances * sequence * sequence;
  const matrix = scores * element_bytes;
  const rows = instances * sequence * width * element_bytes;
  const flops = 2 * scores * width;
  /** One matrix of scores and two of rows, each read or written. */
  const product = (name: string): Kernel => kernel(name, flops, matrix + 2 * rows, { batched: true });
  const pass = (name: string, matrices: number, beside = 0): Kernel => kernel(name, 0, matrices * matrix + beside);
  const copy = (name: string, tensors = 1): Kernel => kernel(name, 0, 2 * tensors * rows);
  const kept = scores * KEPT_BYTES;
  const masks = [...(options.mask ? ['mask'] : []), ...(options.causal ? ['causal mask'] : [])];
  const forward = [
    copy('scale'),
    copy('copy of Q'),
    copy('copy of K'),
    product('scores'),
    ...masks.map((name) => pass(name, 2)),
    pass('softmax', 2),
    ...(options.dropout ? [pass('dropout', 2, kept)] : []),
    copy('copy of V'),
    product('values'),
  ];
  if (!options.backward) return { forward, backward: [] };
  const backward = [
    product('gradient of V'),
    product('gradient of P'),
    ...(options.dropout ? [pass('dropout backward', 2, kept)] : []),
    pass('softmax backward', 3),
    ...masks.flatMap((name) => [pass(`${name} backward, clone`, 2), pass(`${name} backward, fill`, 2)]),
    product('gradient of Q'),
    product('gradient of K'),
    copy('scale backward'),
    copy('stack', 3),
    ...(options.accumulate ? [accumulation(rows)] : []),
  ];
  return { forward, backward };
}

/** Gradients of queries, keys and values: the sums so far and the new ones read, the sums written. */
const accumulation = (rows: number): Kernel => kernel('accumulate gradients', 0, 3 * 3 * rows);

/**
 * Fused (Dao et al., arXiv:2205.14135, Algorithms 1 and 4, as released): one thread block a head and sequence reads keys and
 * values once, in blocks of `key_rows`, else M / 4d rows for a scratchpad of M elements; for every block all of Q and of
 * what belongs to its rows passes by, and outputs to which later blocks add leave and come back. With a causal mask a block
 * sees only the rows from its own on. Backward computes the scores again, which makes five products of the four. What the
 * cache of `l2_cache_bytes` still holds when a thread block comes back to it costs the memory nothing.
 */
export function fused(
  shape: GpuAttention,
  scratchpad_bytes: number,
  law?: FusedAttention,
  l2_cache_bytes = 0,
): AttentionKernels {
  const { instances, sequence, width, element_bytes, backward, causal, dropout } = shape;
  const keyRows = law?.key_rows ?? Math.max(1, Math.floor(scratchpad_bytes / element_bytes / (4 * width)));
  const blocks = Math.ceil(sequence / keyRows);
  /** Times that the rows of Q pass by. */
  const visits = causal ? (blocks + 1) / 2 : blocks;
  const rows = instances * sequence * width * element_bytes;
  const partialRows = (rows / element_bytes) * (law?.partial_bytes ?? element_bytes);
  const statistics = instances * sequence * STATISTIC_BYTES;
  const product = (2 * instances * sequence * sequence * width * visits) / blocks;
  const share = (places: number | undefined): Partial<Kernel> => ({
    rate_share: (dropout ? (law?.dropout ?? 1) : 1) * roundsFilled(instances, places),
  });
  /** Memory traffic of bytes that move once, are read in every visit, or are kept from one visit to the next. */
  const bytes = (once: number, read: number, kept: number, places: number | undefined): number => {
    const visited = ((read + kept) * visits) / blocks / instances;
    const hits = meanOverRounds(instances, places, (running) => cacheHits(running * visited, l2_cache_bytes));
    const back = visits - 1;
    return once + read + (1 - hits) * back * (read + 2 * kept) + hits * Math.min(1, back) * kept;
  };
  const forward = kernel(
    'attention',
    2 * product,
    bytes(3 * rows + statistics, rows, partialRows + statistics, law?.forward_blocks),
    { fused_attention: 'forward', ...share(law?.forward_blocks) },
  );
  if (!backward) return { forward: [forward], backward: [] };
  const gradients = kernel(
    'attention backward',
    5 * product,
    bytes(6 * rows, 2 * (rows + statistics), partialRows, law?.backward_blocks),
    { fused_attention: 'backward', ...share(law?.backward_blocks) },
  );
  return { forward: [forward], backward: [gradients, ...(shape.accumulate ? [accumulation(rows)] : [])] };
}

/** Mean of a figure over thread blocks that run in rounds, given how many run at once. */
function meanOverRounds(blocks: number, places = blocks, of: (running: number) => number): number {
  const last = blocks % places;
  return ((blocks - last) * of(places) + (last > 0 ? last * of(last) : 0)) / blocks;
}

/** Share of the places for thread blocks that are taken, over all rounds. */
const roundsFilled = (blocks: number, places = blocks): number => blocks / (Math.ceil(blocks / places) * places);

import type { Kernel, LayerInfo, StateUse } from '../../../sim/types/index.ts';
import { HOST_WIDENING } from './shared.ts';

/** An attention op cut where the host takes over. */
export interface Parts {
  readonly before: readonly Kernel[];
  readonly attention: readonly Kernel[];
  readonly after: readonly Kernel[];
}

export function partsOf(kernels: readonly Kernel[]): Parts {
  const of = (part: Kernel['part']): Kernel[] => kernels.filter((kernel) => kernel.part === part);
  return { before: of('projection'), attention: of('attention'), after: of('output') };
}

/**
 * Traffic of a byte that an un-fused kernel writes to new host memory: the system zeroes the page, the cache fetches
 * the line for ownership, and the line is written back.
 */
const FRESH_PAGE_PASSES = 3;

/** Attention on the host: fp32 operands, read in place; what element-wise kernels make lies on new pages. */
export function onHost(kernel: Kernel): Kernel {
  const passes = kernel.name === 'pointwise' ? FRESH_PAGE_PASSES : 1;
  return {
    ...kernel,
    dtype: 'fp32',
    operand_bytes: HOST_WIDENING * kernel.operand_bytes,
    activation_bytes: HOST_WIDENING * passes * kernel.activation_bytes,
    launches: 0,
  };
}

/** A 16-bit cache widened whole into new memory, K and V (the fork of Hugging Face's BLOOM, `key_layer.float()`). */
export function widening({ read_tokens, bytes_per_token }: StateUse): Kernel {
  const cache = 2 * (read_tokens + 1) * bytes_per_token;
  return {
    name: 'widen',
    part: 'attention',
    dtype: 'fp32',
    flops: 0,
    operand_bytes: cache,
    activation_bytes: FRESH_PAGE_PASSES * HOST_WIDENING * cache,
    launches: 0,
  };
}

/** Appending by concatenation: the old cache is read, the longer one written, K and V (Hugging Face, `torch.cat`). */
export function concatenation({ read_tokens, write_tokens, bytes_per_token }: StateUse): Kernel {
  const longer = read_tokens + Math.max(1, write_tokens);
  return {
    name: 'concatenate',
    part: 'attention',
    dtype: 'fp16',
    flops: 0,
    operand_bytes: 2 * read_tokens * bytes_per_token,
    activation_bytes: 2 * longer * bytes_per_token,
    launches: 2,
  };
}

/** Bytes of an expanded element. */
const EXPANDED_BYTES = 2;

/** Expansion of a sub-layer's quantised weights by one kernel each: packed bytes in, 16-bit numbers out; null when none is. */
export function fusedExpansion({ weights }: LayerInfo): Kernel | null {
  let packed = 0;
  let expanded = 0;
  let launches = 0;
  for (const tensor of weights) {
    if (!tensor.quantised) continue;
    packed += tensor.bytes;
    expanded += EXPANDED_BYTES * tensor.elements;
    launches += 1;
  }
  if (launches === 0) return null;
  return {
    name: 'expand',
    part: 'other',
    dtype: 'fp16',
    flops: 0,
    operand_bytes: packed,
    activation_bytes: expanded,
    launches,
  };
}

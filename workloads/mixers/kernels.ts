import type { Dtype, Kernel } from '../../sim/types/index.ts';

/**
 * Kernels that mix tokens: what attention or its replacement computes and moves, by the count of its source.
 * @module
 */

/** One layer's mixing of equal sequences. Widths are of one head; elements have `element_bytes`. */
export interface MixingShape {
  readonly dtype: Dtype;
  readonly batch: number;
  readonly heads: number;
  readonly key_width: number;
  readonly value_width: number;
  readonly element_bytes: number;
}

const kernel = (name: string, dtype: Dtype, fields: Partial<Kernel>): Kernel => ({
  name,
  part: 'attention',
  dtype,
  flops: 0,
  operand_bytes: 0,
  activation_bytes: 0,
  launches: 1,
  ...fields,
});

/** Bytes of `tokens` rows of every head, `width` wide. */
const rows = ({ batch, heads, element_bytes }: MixingShape, tokens: number, width: number): number =>
  batch * heads * tokens * width * element_bytes;

/** Fused softmax attention of `queries` over `keys`; causal kernels compute half of a square (Dao, arXiv:2307.08691). */
export function softmaxKernel(shape: MixingShape, queries: number, keys: number, causal: boolean): Kernel {
  const { batch, heads, key_width, value_width } = shape;
  const pairs = queries * keys * (causal ? 0.5 : 1);
  return kernel('flash', shape.dtype, {
    flops: 2 * batch * heads * pairs * (key_width + value_width),
    operand_bytes: rows(shape, keys, key_width + value_width),
    activation_bytes: rows(shape, queries, key_width + value_width),
    fused_attention: 'forward',
  });
}

/** Elements of the state of one head: a row of values for each feature, and the sum of features that normalises. */
export const linearStateElements = (features: number, value_width: number): number => features * (value_width + 1);

/**
 * Fused linear attention with `features` features a key: 2 b n h D for the feature maps of queries and keys and
 * 4 b n h d D for the products with the state and their sums (Arora et al., arXiv:2407.05483, section 4.2). The state
 * stays on the chip; a decode step (`carried`) reads it from memory and writes it back.
 */
export function linearKernel(shape: MixingShape, tokens: number, features: number, carried: boolean): Kernel {
  const { batch, heads, key_width, value_width, element_bytes } = shape;
  const state_bytes = batch * heads * linearStateElements(features, value_width) * element_bytes;
  return kernel('linear', shape.dtype, {
    flops: batch * tokens * heads * features * (2 + 4 * value_width),
    operand_bytes: carried ? 2 * state_bytes : 0,
    activation_bytes: rows(shape, tokens, 2 * key_width + 2 * value_width),
    ...(carried ? {} : { linear_streams: batch * heads }),
  });
}

/** Features of the second-order Taylor map of exp: 1 + d + d² (Arora et al., arXiv:2402.18668, section 4). */
export const taylorFeatures = (width: number): number => 1 + width + width ** 2;

/** What HyperAttention samples and from where it is exact. */
export interface HyperFields {
  readonly block: number;
  readonly sample: number;
  /** Shorter squares are computed exactly. */
  readonly min_tokens: number;
}

/** Directions of the hash (insuhan/hyper-attn, `lsh_num_projs`). */
const HASH_DIRECTIONS = 7;
/** A radix sort takes 8 passes of 8 bits over 64-bit keys with 64-bit places, each reads and writes. */
const SORT_BYTES = 8 * 2 * 16;

/**
 * HyperAttention as its implementation runs it (insuhan/hyper-attn, models/attention/hyper_attn.py): hash, sort, gather
 * into hash order, blocks on the diagonal, sampled columns, addition of both, gather back. A causal square is cut into
 * two causal halves and one full square below the diagonal, down to squares that are exact.
 */
export function hyperKernels(shape: MixingShape, tokens: number, causal: boolean, fields: HyperFields): Kernel[] {
  if (!causal) return fullSquare(shape, tokens, tokens, fields);
  if (tokens <= fields.min_tokens) return [softmaxKernel(shape, tokens, tokens, true)];
  const half = tokens / 2;
  const below = fullSquare(shape, half, half, fields);
  const output_bytes = rows(shape, tokens, shape.value_width);
  // Both halves are made contiguous, the lower one is added to (two reads, one write), both are joined.
  const joined = kernel('join', shape.dtype, { activation_bytes: (2 + 1.5 + 2) * output_bytes, launches: 8 });
  return [...hyperKernels({ ...shape, heads: 2 * shape.heads }, half, true, fields), ...below, joined];
}

function fullSquare(shape: MixingShape, queries: number, keys: number, fields: HyperFields): Kernel[] {
  if (queries < fields.min_tokens) return [softmaxKernel(shape, queries, keys, false)];
  const { dtype, batch, heads, key_width, value_width, element_bytes } = shape;
  const pairs = batch * heads * queries * fields.sample;
  const sampled = softmaxKernel(shape, queries, fields.sample, false);
  const many = batch * heads * (queries + keys);
  const wide = key_width + value_width;
  const blocks: MixingShape = { ...shape, batch: batch * (keys / fields.block) };
  const per_block = queries / (keys / fields.block);
  return [
    kernel('hash', dtype, {
      flops: 2 * many * key_width * HASH_DIRECTIONS,
      activation_bytes: rows(shape, queries + keys, key_width) + 8 * many,
      launches: 6,
    }),
    // Order of queries and keys, and the inverse of the first.
    kernel('sort', dtype, { activation_bytes: SORT_BYTES * (many + batch * heads * queries), launches: 3 * 8 }),
    kernel('gather', dtype, {
      activation_bytes: 2 * (rows(shape, queries, key_width) + rows(shape, keys, wide)),
      launches: 3,
    }),
    softmaxKernel(blocks, per_block, fields.block, false),
    // A number a query and sampled key hides what its block has counted: a truth value, two casts, and the bias read.
    kernel('mask', dtype, { activation_bytes: (2 + 2 * element_bytes * 2) * pairs, launches: 4 }),
    { ...sampled, activation_bytes: sampled.activation_bytes + element_bytes * pairs },
    kernel('join', dtype, { activation_bytes: 3 * rows(shape, queries, value_width), launches: 6 }),
    kernel('gather', dtype, { activation_bytes: 2 * rows(shape, queries, value_width), launches: 2 }),
  ];
}

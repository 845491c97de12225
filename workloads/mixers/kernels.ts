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

/**
 * Bytes that the hash of a row passes through memory beside the row: each direction's product (bf16, made and read), its sign
 * (a truth value), the sign times a power of two (64 bits); then their sum and its place in the order, read and made.
 */
const HASH_BYTES = HASH_DIRECTIONS * (2 + 2 + 1 + 1 + 8 + 8) + 3 * 8;

/** Bytes of one key of 64 bits and its place, read or made. */
const PAIR_BYTES = 16;
const KEY_BYTES = 8;
/** torch.sort: what one thread block sorts in its own memory, and fewer segments than are sorted one a thread block. */
const BLOCK_SORT = 4096;
const FEW_SEGMENTS = 128;

/**
 * Bytes a key of a stable torch.sort of `segments` rows of `length` 64-bit keys (PyTorch, aten/src/ATen/native/cuda/Sort.cpp and
 * SortStable.cu). Short rows are copied, given places and sorted in one block each. Few rows are sorted as one, 8 bits a pass
 * after a histogram (CUB, onesweep), then by row, and put back; many by one block each, 6 bits a pass of a histogram and a
 * scatter (CUB, DeviceSegmentedRadixSort).
 */
function sortBytes(segments: number, length: number): number {
  if (length <= BLOCK_SORT) return 2 * KEY_BYTES + KEY_BYTES + 2 * PAIR_BYTES;
  if (segments >= FEW_SEGMENTS) return Math.ceil(64 / 6) * (KEY_BYTES + 2 * PAIR_BYTES) + KEY_BYTES;
  const values = 8 * 2 * PAIR_BYTES + KEY_BYTES;
  const rows = Math.ceil(Math.ceil(Math.log2(segments)) / 8) * 2 * KEY_BYTES + KEY_BYTES;
  return KEY_BYTES + values + rows + 4 * KEY_BYTES;
}

/** Index of a gathered row, which all its elements share. */
const PLACE_BYTES = 8;
/** 32-bit sum of a row of scores. */
const LSE_BYTES = 4;

/**
 * Two outputs with their sums joined: c = 1 / (1 + exp(b - a)), c x + (1 - c) y, a - log(c), in twelve kernels. Rows pass seven times:
 * two read and two made scaled, those read and their sum made, `BLEND_BYTES` beside.
 */
const blend = (shape: MixingShape, tokens: number): Partial<Kernel> => ({
  activation_bytes: 7 * rows(shape, tokens, shape.value_width) + shape.batch * shape.heads * tokens * BLEND_BYTES,
  launches: 12,
});
/** Difference (12), exponential, sum and reciprocal (8 each), cast (6), 1 - c (4), c + eps and its logarithm (8), the new sum (10). */
const BLEND_BYTES = 12 + 3 * 8 + 6 + 4 + 8 + 10;

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
  const halves = hyperKernels({ ...shape, heads: 2 * shape.heads }, half, true, fields);
  const output_bytes = rows(shape, tokens, shape.value_width);
  const lower = blend(shape, half);
  // Exact halves come with heads innermost and are made contiguous; both halves, and their sums, are put together.
  const turned = half <= fields.min_tokens ? 2 * output_bytes : 0;
  const sums = 2 * LSE_BYTES * shape.batch * shape.heads * tokens;
  const joined = kernel('join', shape.dtype, {
    activation_bytes: lower.activation_bytes! + 2 * output_bytes + sums + turned,
    launches: lower.launches! + (turned > 0 ? 3 : 2),
  });
  return [...halves, ...below, joined];
}

function fullSquare(shape: MixingShape, queries: number, keys: number, fields: HyperFields): Kernel[] {
  if (queries < fields.min_tokens) return [softmaxKernel(shape, queries, keys, false)];
  const { dtype, batch, heads, key_width, value_width, element_bytes } = shape;
  const segments = batch * heads;
  const pairs = segments * queries * fields.sample;
  const sampled = softmaxKernel(shape, queries, fields.sample, false);
  const many = segments * (queries + keys);
  const wide = key_width + value_width;
  const blocks: MixingShape = { ...shape, batch: batch * (keys / fields.block) };
  const per_block = queries / (keys / fields.block);
  const [of_queries, of_keys] = [sortBytes(segments, queries), sortBytes(segments, keys)];
  const joined = blend(shape, queries);
  return [
    kernel('hash', dtype, {
      flops: 2 * many * key_width * HASH_DIRECTIONS,
      activation_bytes: rows(shape, queries + keys, key_width) + HASH_BYTES * many,
      launches: 2 * 5,
    }),
    // Order of queries and keys, and the inverse of the first.
    kernel('sort', dtype, {
      activation_bytes: segments * (2 * queries * of_queries + keys * of_keys),
      launches: 3 * 14,
    }),
    kernel('gather', dtype, {
      activation_bytes:
        2 * (rows(shape, queries, key_width) + rows(shape, keys, wide)) + PLACE_BYTES * segments * (queries + 2 * keys),
      launches: 3,
    }),
    softmaxKernel(blocks, per_block, fields.block, false),
    // A number a query and sampled key hides what its block has counted: a truth value, its cast, that scaled in place.
    kernel('mask', dtype, { activation_bytes: (2 + 3 * element_bytes) * pairs, launches: 5 }),
    { ...sampled, activation_bytes: sampled.activation_bytes + element_bytes * pairs },
    // The sample stands for all keys: its sums are raised by a constant.
    kernel('join', dtype, {
      activation_bytes: joined.activation_bytes! + 2 * LSE_BYTES * segments * queries,
      launches: joined.launches! + 1,
    }),
    kernel('gather', dtype, {
      activation_bytes: 2 * rows(shape, queries, value_width) + 2 * (PLACE_BYTES + LSE_BYTES) * segments * queries,
      launches: 2,
    }),
  ];
}

import { COMPUTE_BYTES } from '../models/model.ts';
import { attentionFlops, causalShare } from './flops.ts';
import { keyWidth, queryWidth, rowsBytes, type Setting, type Step } from './setting.ts';
import { PLAIN_BITS } from './stored.ts';
import type { Walk } from './walk.ts';

/*
 * Attention between the projections. Each walk finds the buffers q, k and v and leaves `value` for the output
 * projection; what un-fused code keeps alive to the end of the op (hidden, q, k, v and the probabilities) stays.
 */

const part = 'attention';
const unfused = { part, batched: true } as const;
/** Views that one row's attention takes: q, k and v by head, the cache's slices and orders (FlexGen, `mha_gen`). */
const ROW_VIEWS = 24;

/** FLOPs of one of the two products: scores, or values. */
const productFlops = ({ model, batch }: Setting, { tokens, context, use }: Step): number =>
  (attentionFlops(batch, model.heads, tokens, context + tokens, model.head_dim) / 2) * (use?.pair_share ?? 1);

/** Bytes of one score matrix: batch x heads x new tokens x all tokens. */
export const scoreBytes = ({ model, batch, score_bytes }: Setting, { tokens, context }: Step): number =>
  batch * model.heads * tokens * (context + tokens) * score_bytes;

/** Bytes of all keys (or all values) of the batch at compute precision, for a width of `width` a token. */
const stateBytes = ({ batch }: Setting, { tokens, context }: Step, width: number): number =>
  batch * (context + tokens) * width * COMPUTE_BYTES;

/** Bytes of the stored keys (or values) that attention reads, and of the new ones; what a KV policy keeps narrow is read so. */
function readBytes(setting: Setting, step: Step): number {
  const { use, tokens, context } = step;
  if (use === undefined || setting.precision.kv_bits < PLAIN_BITS) return stateBytes(setting, step, keyWidth(setting));
  return context * use.read_bytes_per_token + setting.batch * tokens * keyWidth(setting) * COMPUTE_BYTES;
}

/** Bytes of what earlier passes of the prefill have stored, read by each of the two products. */
const earlierBytes = (setting: Setting, step: Step): number =>
  step.context === 0 ? 0 : readBytes(setting, step) - setting.batch * step.tokens * keyWidth(setting) * COMPUTE_BYTES;

/** Query heads that share one of the cached heads. */
const groupSize = ({ model }: Setting, { use }: Step): number => model.heads / (use?.cached_heads ?? model.kv_heads);

const grouped = ({ model }: Setting): boolean => model.kv_heads < model.heads;

/**
 * Prefill, un-fused. q, k and v are copied into head order (k and v out to one copy a query head where there are
 * fewer), the whole square of scores is computed, masked into a second matrix and normalised into a third, each
 * given back once the next exists: at most two are alive at a time.
 */
export function squareScores(walk: Walk, setting: Setting, step: Step): void {
  const wide_bytes = rowsBytes(setting, step, queryWidth(setting));
  const score_bytes = scoreBytes(setting, step);
  for (const name of ['q', 'k', 'v']) {
    const kept = grouped(setting) && name !== 'q';
    const makes = { [`${name}_heads`]: wide_bytes };
    walk.run({ ...unfused, name: 'pointwise', reads: [name], makes, frees: kept ? [] : [name] });
  }
  const flops = productFlops(setting, step);
  const operand_bytes = earlierBytes(setting, step);
  const product = { ...unfused, name: 'gemm', flops, operand_bytes };
  walk.run({ ...product, reads: ['q_heads', 'k_heads'], makes: { scores: score_bytes } });
  softmax(walk, setting, setting.batch * step.tokens * (step.context + step.tokens), score_bytes);
  walk.run({ ...product, reads: ['probabilities', 'v_heads'], makes: { by_head: wide_bytes } });
  walk.run({ ...unfused, name: 'pointwise', reads: ['by_head'], makes: { value: wide_bytes }, frees: ['by_head'] });
}

/** Mask (one byte a pair, shared by the heads) and softmax of `scores` into `probabilities`, out of place. */
function softmax(walk: Walk, { fused_softmax }: Setting, mask_bytes: number, score_bytes: number): void {
  if (fused_softmax) {
    walk.run({ ...unfused, name: 'pointwise', updates: ['scores'] });
    walk.rename('scores', 'probabilities');
    return;
  }
  walk.run({ ...unfused, name: 'pointwise', makes: { mask: mask_bytes }, launches: 3 });
  walk.run({
    ...unfused,
    name: 'pointwise',
    reads: ['scores', 'mask'],
    makes: { masked: score_bytes },
    frees: ['scores'],
  });
  walk.run({
    ...unfused,
    name: 'pointwise',
    reads: ['masked'],
    makes: { probabilities: score_bytes },
    frees: ['masked'],
  });
}

/**
 * Softmax of a decode step's rows. Every key may be seen, so no causal mask is built: the padding that is there already is laid
 * over the scores, and they are normalised; a wider softmax is cast back (FlexGen, `_attention_weights`).
 */
function rowSoftmax(walk: Walk, { fused_softmax, score_bytes: width }: Setting, score_bytes: number): void {
  if (fused_softmax) {
    walk.run({ ...unfused, name: 'pointwise', updates: ['scores'] });
    walk.rename('scores', 'probabilities');
    return;
  }
  walk.run({ ...unfused, name: 'pointwise', reads: ['scores'], makes: { masked: score_bytes }, frees: ['scores'] });
  const makes = { probabilities: score_bytes };
  walk.run({ ...unfused, name: 'pointwise', reads: ['masked'], makes, frees: ['masked'] });
  if (width > COMPUTE_BYTES) walk.run({ ...unfused, name: 'pointwise', updates: ['probabilities'] });
}

/**
 * Decode, un-fused. The new key and value are written into their slots and both products read the cache in place
 * (batched GEMM takes its strides, so no copy is made); fewer key heads are first copied out to one a query head.
 * A quantised cache is expanded whole beforehand.
 */
export function rowScores(walk: Walk, setting: Setting, step: Step): void {
  const state_bytes = readBytes(setting, step);
  const wide_bytes = stateBytes(setting, step, queryWidth(setting));
  const score_bytes = scoreBytes(setting, step);
  if (setting.precision.kv_bits < PLAIN_BITS) walk.take({ expanded_k: state_bytes, expanded_v: state_bytes });
  walk.run({ ...unfused, name: 'pointwise', updates: ['k', 'v'], launches: 2, views: ROW_VIEWS });
  const wide = grouped(setting);
  if (wide) {
    const makes = { wide_k: wide_bytes, wide_v: wide_bytes };
    walk.run({ ...unfused, name: 'pointwise', makes, operand_bytes: 2 * state_bytes, launches: 2 });
  }
  const product = (reads: string, state: string, makes: Readonly<Record<string, number>>): void =>
    walk.run({
      ...unfused,
      name: 'gemm',
      reads: wide ? [reads, state] : [reads],
      makes,
      operand_bytes: wide ? 0 : state_bytes,
      flops: productFlops(setting, step),
    });
  product('q', 'wide_k', { scores: score_bytes });
  rowSoftmax(walk, setting, score_bytes);
  product('probabilities', 'wide_v', { value: rowsBytes(setting, step, queryWidth(setting)) });
}

/**
 * Fused attention: one kernel reads q, k and v (the stored ones from the cache) and writes the value; no score matrix
 * exists in memory (Dao et al., FlashAttention, arXiv:2205.14135, section 3). Where query heads share keys and values,
 * a `paged` decode kernel has a thread block of its own for each query head, which reads them again (vLLM, Paged
 * Attention, csrc/attention; issues 1880 and 15351), and `expanded` code copies them out first (Hugging Face
 * Transformers, `repeat_kv` before FlashAttention-2).
 */
export function fusedScores(walk: Walk, setting: Setting, step: Step): void {
  const decode = step.phase === 'decode';
  const state_bytes = readBytes(setting, step);
  if (decode && setting.precision.kv_bits < PLAIN_BITS) {
    walk.take({ expanded_k: state_bytes, expanded_v: state_bytes });
  }
  if (decode) walk.run({ part, name: 'pointwise', updates: ['k', 'v'] });
  const group = groupSize(setting, step);
  const expanded = setting.groups === 'expanded' && group > 1;
  const stored = decode ? 2 * state_bytes : 2 * earlierBytes(setting, step);
  if (expanded) expandHeads(walk, setting, step, stored);
  const paged = decode && setting.groups === 'paged';
  walk.run({
    part,
    name: 'flash',
    ...(step.tokens > 1 && { fused_attention: 'forward' as const }),
    reads: expanded ? ['q', 'wide_k', 'wide_v'] : decode ? ['q'] : ['q', 'k', 'v'],
    makes: { value: rowsBytes(setting, step, queryWidth(setting)) },
    operand_bytes: expanded ? 0 : stored,
    ...(paged && { head_loaded_bytes: group * stored }),
    flops: 2 * productFlops(setting, step) * causalShare(step.tokens, step.context),
  });
}

/** Copies keys and values, the stored ones too, out to one a query head. */
function expandHeads(walk: Walk, setting: Setting, step: Step, stored: number): void {
  const own = step.phase === 'decode' ? 0 : 2 * rowsBytes(setting, step, keyWidth(setting));
  const wide_bytes = ((stored + own) / 2) * groupSize(setting, step);
  walk.run({
    part,
    name: 'pointwise',
    reads: own === 0 ? [] : ['k', 'v'],
    makes: { wide_k: wide_bytes, wide_v: wide_bytes },
    operand_bytes: stored,
    launches: 2,
  });
}

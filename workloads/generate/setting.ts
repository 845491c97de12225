import type { KvUse, Phase, Precision } from '../../sim/types/index.ts';
import { COMPUTE_BYTES, type Model } from '../models/model.ts';
import { elementsOf, type WeightShape } from '../models/weights.ts';
import { PLAIN_BITS, weightBytes } from './stored.ts';
import type { Walk } from './walk.ts';

/**
 * Grouped heads under a fused kernel: read once for the group (`shared`), once a query head by the decode kernel
 * (`paged`), or first copied out to one a query head (`expanded`).
 */
export type Groups = 'shared' | 'paged' | 'expanded';

/** What all sub-layers of one program share. */
export interface Setting {
  /** The share of one device, where several share the model. */
  readonly model: Model;
  readonly devices: number;
  readonly precision: Precision;
  /** Sequences computed together. */
  readonly batch: number;
  readonly fused: boolean;
  /** Norms and rotary positions are one kernel each. */
  readonly pointwise_fused: boolean;
  /** How a fused kernel serves query heads that share keys and values; null where attention is not fused. */
  readonly groups: Groups | null;
  /** Scale, mask and softmax are one kernel over the scores (Megatron's, where attention is not fused). */
  readonly fused_softmax: boolean;
  /** Bytes of one element of a score matrix. */
  readonly score_bytes: number;
  readonly activation_sparsity: number;
  readonly logits: 'all' | 'last';
}

/** One pass over the layers: `tokens` new tokens a sequence after `context` stored ones. */
export interface Step {
  readonly phase: Extract<Phase, 'prefill' | 'decode'>;
  readonly step: number;
  readonly tokens: number;
  readonly context: number;
  /** Place of the pass among all, where a KV policy counts them. */
  readonly index?: number;
  /** Which of the model's mixers stands in place of full attention. */
  readonly mixer?: number;
  /** What a KV policy makes of attention in one layer; then `context` is what is attended. */
  readonly use?: KvUse;
}

/** Bytes of `width` computed values for each of the batch's new tokens. */
export const rowsBytes = ({ batch }: Setting, { tokens }: Step, width: number): number =>
  batch * tokens * width * COMPUTE_BYTES;

/** Bytes of the hidden state between sub-layers, at its stored precision. */
export const hiddenBytes = ({ model, precision, batch }: Setting, { tokens }: Step): number =>
  (batch * tokens * model.hidden * precision.activation_bits) / 8;

/** Kernels read weights as they are stored, in fewer bits than they compute with. */
const readsStored = ({ weight_bits, weight_kernels }: Precision): boolean =>
  weight_bits < PLAIN_BITS && weight_kernels === 'fused';

/** Bytes of weights at compute precision. */
const computedBytes = (weights: readonly WeightShape[]): number =>
  weights.reduce((bytes, { shape }) => bytes + elementsOf(shape) * COMPUTE_BYTES, 0);

/** Bytes of weights as a kernel streams them: as stored where it widens them itself, else at compute precision. */
export const streamedBytes = ({ precision }: Setting, weights: readonly WeightShape[]): number =>
  readsStored(precision)
    ? weights.reduce((bytes, { shape }) => bytes + weightBytes(shape, precision), 0)
    : computedBytes(weights);

/** Quantised matrices are expanded whole before use, and the copies live as long as the op (FlexGen, `decompress`). */
export function takeExpandedWeights(walk: Walk, { precision }: Setting, weights: readonly WeightShape[]): void {
  if (precision.weight_bits >= PLAIN_BITS || readsStored(precision)) return;
  walk.take({ expanded_weights: computedBytes(weights.filter(({ shape }) => shape.length >= 2)) });
}

export const queryWidth = ({ model }: Setting): number => model.heads * model.head_dim;
export const keyWidth = ({ model }: Setting): number => model.kv_heads * model.head_dim;

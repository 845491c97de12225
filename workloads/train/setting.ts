import type { Collective, Dtype } from '../../sim/types/index.ts';
import type { Model } from '../models/model.ts';

/** What all ops of one step share: sizes on one rank. */
export interface TrainSetting {
  readonly model: Model;
  readonly dtype: Dtype;
  /** Bytes of one element as computed. */
  readonly element: number;
  /** Tokens of a micro-batch on one rank of the context group. */
  readonly tokens: number;
  readonly sequences: number;
  readonly seq: number;
  readonly tensor: number;
  readonly context: number;
  readonly expert: number;
  readonly sequence_parallel: boolean;
  readonly flash: boolean;
  /** Share of the causal pairs of tokens that attention works on, over all layers. */
  readonly pairs: number;
  readonly dropout: boolean;
  readonly fused: boolean;
  /** Softmax, of scores and of a whole loss, keeps what it took in beside what it gave. */
  readonly keeps_softmax_input: boolean;
  /** fp32 tensors that a norm keeps in place of its input; 0 = none. */
  readonly norm_fp32_tensors: number;
  /** One product makes queries, keys and values. */
  readonly packed_qkv: boolean;
}

/** Bytes of one element of a dropout mask. */
export const MASK = 1;
/** Bytes of a gradient that is summed over micro-batches. */
export const ACCUMULATED = 4;

/** Tokens whose norms and dropouts this rank computes. */
export const ownTokens = ({ tokens, tensor, sequence_parallel }: TrainSetting): number =>
  sequence_parallel ? tokens / tensor : tokens;

/** Heads may be fewer than the group: key heads are then repeated. */
export const shared = (heads: number, tensor: number): number => Math.max(1, heads / tensor);

const hiddenBytes = ({ tokens, model, element }: TrainSetting): number => element * tokens * model.hidden;

/**
 * Collectives of a column-parallel product: its input enters whole, so with sequence parallelism it is gathered, and
 * again in backward; the input's gradient is summed (Korthikanti et al., arXiv:2205.05198, section 4.2, figures 4-6).
 */
export function columnCollectives(setting: TrainSetting): Partial<Record<string, Collective>> {
  if (setting.tensor === 1) return {};
  const bytes = hiddenBytes(setting);
  if (!setting.sequence_parallel) return { backward_reduce: { kind: 'all-reduce', group: 'tensor', bytes } };
  return {
    gather: { kind: 'all-gather', group: 'tensor', bytes },
    gather_again: { kind: 'all-gather', group: 'tensor', bytes },
    backward_reduce: { kind: 'reduce-scatter', group: 'tensor', bytes },
  };
}

/** Collectives of a row-parallel product: its output is summed. */
export function rowCollectives(setting: TrainSetting): Partial<Record<string, Collective>> {
  if (setting.tensor === 1) return {};
  const bytes = hiddenBytes(setting);
  if (!setting.sequence_parallel) return { reduce: { kind: 'all-reduce', group: 'tensor', bytes } };
  return {
    reduce: { kind: 'reduce-scatter', group: 'tensor', bytes },
    backward_gather: { kind: 'all-gather', group: 'tensor', bytes },
  };
}

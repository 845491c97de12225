import type { Role } from './machine.ts';
import type { Kernel } from './program.ts';
import type { Dtype, Phase } from './units.ts';

/**
 * How a KV policy and a workload meet: the workload says the shape, the policy answers what each pass over a layer
 * reads, writes, holds and computes beside attention itself.
 * @module
 */

/** What a policy is made for: one batch of equal sequences through one model. */
export interface KvShape {
  /** Devices that share the layers, where several do; heads and bytes are those of one. */
  readonly devices?: number;
  readonly layers: number;
  readonly heads: number;
  readonly kv_heads: number;
  readonly head_dim: number;
  readonly hidden: number;
  readonly batch: number;
  readonly prompt_tokens: number;
  readonly output_tokens: number;
  readonly dtype: Dtype;
  /** Stored bytes of one token in K (or in V) of one layer, all sequences of the batch together. */
  readonly token_bytes: number;
  /** Attention is one fused kernel: no score matrix lies in memory. */
  readonly fused: boolean;
  /** Bytes of an element of a score matrix. */
  readonly score_bytes: number;
}

/** One pass of `tokens` new tokens a sequence over all layers, after `seen` earlier ones. */
export interface KvPass {
  /** Place among all passes: those of the prefill, then one a decode step. */
  readonly index: number;
  readonly phase: Extract<Phase, 'prefill' | 'decode'>;
  readonly step: number;
  readonly tokens: number;
  readonly seen: number;
}

/** Cached bytes that change place before an op may attend. */
export interface KvTransfer {
  readonly from: Role;
  readonly to: Role;
  readonly bytes: number;
  /** Pieces it is moved in; each pays the link's setup. */
  readonly pieces: number;
  /** Its rows lie all over the cache, so that someone must gather them first. */
  readonly scattered: boolean;
  /** What it may hide behind: nothing, the layer before, or (a write) whatever follows. */
  readonly overlap: 'none' | 'next_layer' | 'full';
}

/** Bytes of a memory role that appear or go: K and V, side data and index, all sequences of the batch. */
export interface KvChange {
  readonly role: Role;
  readonly kind: 'kv' | 'index';
  readonly bytes: number;
}

/** What the policy makes of one attention op. Tokens are means over heads and may be fractions. */
export interface KvUse {
  /** Tokens attended, before the new ones. */
  readonly read_tokens: number;
  /** Stored bytes of one attended token in one of K and V (the mean of both, and of what lies in different forms). */
  readonly read_bytes_per_token: number;
  /** New tokens that stay cached, and the stored bytes of one of them in one of K and V. */
  readonly write_tokens: number;
  readonly write_bytes_per_token: number;
  /** Share of the (query, key) pairs of a prefill pass that are computed. */
  readonly pair_share: number;
  /** Scoring, selection, gathering, merging, quantising, projecting: on the unit that attends. */
  readonly kernels: readonly Kernel[];
  /** Buffers of those kernels that live beside the op's own. */
  readonly scratch_bytes: number;
  /** Tokens a head that are replaced in place (the kept one that goes and the new one in its slot). */
  readonly replaced_tokens: number;
  /** Bytes of an index that the pass scans to choose what it attends. */
  readonly index_read_bytes: number;
  /** Entries of it, a head, that a query is compared with. */
  readonly index_read_keys: number;
  /** Tensors stored beside K and V (running scores). */
  readonly side_tensors: number;
  /** Key and value heads that the cache has, a model's own or those that the policy leaves or makes. */
  readonly cached_heads: number;
  /** Scores of one token: query heads of all sequences. */
  readonly heads_per_token: number;
  /** Gone before the op begins (what a selection at the end of prefill leaves behind). */
  readonly freed_before: readonly KvChange[];
  /** There before its kernels run, and gone when they have. */
  readonly added: readonly KvChange[];
  readonly freed: readonly KvChange[];
  readonly fetches: readonly KvTransfer[];
  /** Written away behind the op. */
  readonly stores: readonly KvTransfer[];
}

/** A policy for one shape. */
export interface KvPolicy {
  readonly name: string;
  /** New tokens of each pass of the prefill, and tokens whose KV is there before the first. */
  readonly prefill_tokens: readonly number[];
  readonly reused_tokens: number;
  /** The same object for all layers that do the same. */
  use(layer: number, pass: KvPass): KvUse;
  /** The most tokens and bytes (K and V together) that a layer's cache ever holds, wherever it lies. */
  peakTokens(layer: number): number;
  peakBytes(layer: number): number;
  /** Tokens that it holds after the last pass. */
  endTokens(layer: number): number;
  /** Bytes of a layer's index, on the role's memory. */
  indexBytes(layer: number): number;
  readonly warnings: readonly string[];
}

/** Makes the policy once the workload knows its shape. */
export type KvPolicyMaker = (shape: KvShape) => KvPolicy;

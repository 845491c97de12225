import type { GemmShape } from '../../sim/types/index.ts';

/**
 * FLOPs of a transformer's matrix products; a multiply-add is two. Element-wise work is not counted, which is the usual
 * convention (Narayanan et al., SC 2021, section 5.1; Korthikanti et al., arXiv:2205.05198, appendix A).
 * @module
 */

/** C(m,n) = A(m,k) B(k,n). */
export const matmulFlops = (m: number, n: number, k: number): number => 2 * m * n * k;

/** One product C(m,n) = A(m,k) B(k,n): its FLOPs and shape. */
export const product = (m: number, n: number, k: number): { readonly flops: number; readonly shape: GemmShape } => ({
  flops: matmulFlops(m, n, k),
  shape: { m, n, k, count: 1 },
});

/**
 * Scores QK^T and values PV of `sequences` sequences: two products of `queries` x `keys` pairs a head. Un-fused kernels
 * compute every pair and mask afterwards.
 */
export const attentionFlops = (
  sequences: number,
  heads: number,
  queries: number,
  keys: number,
  head_dim: number,
): number => 2 * sequences * heads * matmulFlops(queries, keys, head_dim);

/**
 * Share of the pairs that a causal fused kernel computes of `queries` new rows after `before` stored tokens: all of what is
 * stored and half of the new square (Dao, FlashAttention-2, arXiv:2307.08691, section 4.1); all of a single row.
 */
export const causalShare = (queries: number, before: number): number =>
  queries > 1 ? (before + queries / 2) / (before + queries) : 1;

/**
 * Distinct experts of `experts` that `tokens` tokens reach when each picks `active` of them evenly and independently:
 * E (1 - (1 - k/E)^t).
 */
export const distinctExperts = (experts: number, active: number, tokens: number): number =>
  experts * (1 - (1 - active / experts) ** tokens);

/**
 * Share of a matrix that `tokens` tokens need when each skips `sparsity` of the neurons, evenly and independently: a
 * neuron is left out only where every token skips it. 1 when nothing is skipped.
 */
export const touchedShare = (sparsity: number, tokens: number): number => 1 - sparsity ** tokens;

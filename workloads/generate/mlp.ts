import { COMPUTE_BYTES } from '../models/model.ts';
import type { WeightShape } from '../models/weights.ts';
import { distinctExperts, product, touchedShare } from './flops.ts';
import { normalise } from './norm.ts';
import { rowsBytes, type Setting, type Step, streamedBytes, takeExpandedWeights } from './setting.ts';
import { memoryBlockWork } from './tables.ts';
import { Walk, type Work } from './walk.ts';

const part = 'mlp';

/**
 * The MLP sub-layer: norm, two matrices (three when gated) with the activation between, residual. The walk is FlexGen's
 * `mlp` (flexllmgen/pytorch_backend.py) and, gated, Hugging Face's eager `LlamaMLP`. With experts a router sends each
 * token through some of them, one expert after another (Hugging Face, `Qwen3MoeSparseMoeBlock`).
 */
export function mlpWork(setting: Setting, step: Step, weights: readonly WeightShape[]): Work {
  const { model, batch } = setting;
  if (model.tables) return memoryBlockWork(setting, step, weights);
  const hidden_bytes = rowsBytes(setting, step, model.hidden);
  // A parallel block hands over its own input beside the output of attention.
  const walk = new Walk(model.dtype, (model.parallel ? 2 : 1) * hidden_bytes);
  const common = weights.filter((weight) => !weight.routed);
  const routed = weights.filter((weight) => weight.routed);
  takeExpandedWeights(walk, setting, [...common, ...routed.slice(0, routed.length / (model.moe?.experts ?? 1))]);
  normalise(walk, setting, step, part, 'input', 'hidden');
  const tokens = batch * step.tokens;
  if (model.moe) {
    mixture(walk, setting, tokens, common, routed);
  } else {
    const frees = model.gated ? [] : ['hidden'];
    feedForward(walk, setting, { weights, ffn: model.ffn, tokens, from: 'hidden', to: 'output', frees });
  }
  walk.run({ part, name: 'pointwise', updates: ['output'], reads: ['input'], launches: model.parallel ? 2 : 1 });
  return walk.work();
}

/** A feed-forward network over `tokens` rows, from one buffer to a new one. */
interface FeedForward {
  readonly weights: readonly WeightShape[];
  readonly ffn: number;
  readonly tokens: number;
  readonly from: string;
  readonly to: string;
  /** Buffers whose last reader is the first product. */
  readonly frees?: readonly string[];
  /** Networks of this shape, run one after another. */
  readonly times?: number;
}

/**
 * Each token skips a share `activation_sparsity` of the neurons: FLOPs and inner activations fall by it; weights are
 * read where any token needs them. A ReLU works in place, other activations into a copy; a gated product makes a third.
 */
function feedForward(walk: Walk, setting: Setting, network: FeedForward): void {
  const { model, activation_sparsity: sparsity } = setting;
  const { weights, ffn, tokens, from, to, frees = [], times = 1 } = network;
  const inner_bytes = tokens * ffn * COMPUTE_BYTES * (1 - sparsity);
  const share = touchedShare(sparsity, tokens);
  const active = ffn * (1 - sparsity);
  const inward = product(tokens, active, model.hidden);
  const bytesOf = (...suffixes: string[]): number =>
    share *
    streamedBytes(
      setting,
      weights.filter(({ name }) => suffixes.some((suffix) => name.endsWith(`_${suffix}`))),
    );
  const gemm = { part, name: 'gemm', times } as const;
  const pointwise = { part, name: 'pointwise', times } as const;
  const activate = (before: string): void => {
    if (model.activation === 'relu') {
      walk.run({ ...pointwise, updates: [before] });
      walk.rename(before, 'active');
    } else {
      walk.run({ ...pointwise, reads: [before], makes: { active: inner_bytes }, frees: [before] });
    }
  };
  const first = model.gated ? 'gate' : 'i';
  walk.run({
    ...gemm,
    ...inward,
    reads: [from],
    makes: { [first]: inner_bytes },
    operand_bytes: bytesOf(first),
    frees,
  });
  activate(first);
  if (model.gated) {
    walk.run({ ...gemm, ...inward, reads: [from], makes: { up: inner_bytes }, operand_bytes: bytesOf('up') });
    const product = { reads: ['active', 'up'], makes: { product: inner_bytes }, frees: ['active', 'up'] };
    walk.run({ ...pointwise, ...product });
    walk.rename('product', 'active');
  }
  walk.run({
    ...gemm,
    ...product(tokens, model.hidden, active),
    reads: ['active'],
    makes: { [to]: tokens * model.hidden * COMPUTE_BYTES },
    operand_bytes: bytesOf(model.gated ? 'down' : 'o'),
    frees: ['active'],
  });
}

/**
 * Router, then every expert that some token reached, each with an even share of the token copies: rows are gathered,
 * computed, and added to the output.
 */
function mixture(
  walk: Walk,
  setting: Setting,
  tokens: number,
  common: readonly WeightShape[],
  routed: readonly WeightShape[],
): void {
  const { model } = setting;
  const { experts, active, ffn, shared_ffn } = model.moe!;
  const row_bytes = model.hidden * COMPUTE_BYTES;
  walk.run({
    part,
    name: 'gemm',
    reads: ['hidden'],
    makes: { router: tokens * experts * COMPUTE_BYTES },
    ...product(tokens, experts, model.hidden),
    operand_bytes: streamedBytes(
      setting,
      common.filter(({ name }) => name === 'w_router'),
    ),
  });
  // Softmax over the experts, the choice of the best, their weights made to sum to one.
  walk.run({ part, name: 'pointwise', updates: ['router'], launches: 3 });
  walk.run({ part, name: 'pointwise', makes: { output: tokens * row_bytes } });
  const times = distinctExperts(experts, active, tokens);
  const rows = (tokens * active) / times;
  const gathered = rows * row_bytes;
  walk.run({ part, name: 'pointwise', part_bytes: gathered, makes: { gathered }, times, launches: 2 });
  const one = routed.slice(0, routed.length / experts);
  feedForward(walk, setting, { weights: one, ffn, tokens: rows, from: 'gathered', to: 'expert', times });
  walk.run({ part, name: 'pointwise', updates: ['expert'], times });
  walk.run({
    part,
    name: 'pointwise',
    reads: ['expert'],
    part_bytes: 2 * gathered,
    frees: ['expert', 'gathered'],
    times,
  });
  if (shared_ffn === 0) return;
  const shared = common.filter(({ name }) => name.startsWith('shared.'));
  feedForward(walk, setting, { weights: shared, ffn: shared_ffn, tokens, from: 'hidden', to: 'shared' });
  walk.run({ part, name: 'pointwise', updates: ['output'], reads: ['shared'], frees: ['shared'] });
}

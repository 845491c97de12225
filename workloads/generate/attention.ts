import type { WeightShape } from '../models/weights.ts';
import { decodeWork } from './attentionLaw.ts';
import { product } from './flops.ts';
import { normalise } from './norm.ts';
import { fusedScores, rowScores, squareScores } from './scores.ts';
import {
  keyWidth,
  queryWidth,
  rowsBytes,
  type Setting,
  type Step,
  streamedBytes,
  takeExpandedWeights,
} from './setting.ts';
import { PLAIN_BITS } from './stored.ts';
import { lookUp } from './tables.ts';
import { Walk, type Work } from './walk.ts';

/**
 * The attention sub-layer: norm and q, k, v projections, attention itself, output projection and residual.
 * The un-fused walks follow FlexGen's `mha` and `mha_gen` (flexllmgen/pytorch_backend.py) buffer by buffer; rotary
 * positions, fewer key heads and RMS norms follow Hugging Face's eager Llama.
 */
export function attentionWork(setting: Setting, step: Step, weights: readonly WeightShape[]): Work {
  const walkOf = (at: Step): Walk => walkAttention(setting, at, weights);
  const { use } = step;
  if (step.phase === 'decode' && step.tokens === 1 && (use === undefined || use.pair_share === 1)) {
    return withKernels(decodeWork(step, weights, walkOf), step);
  }
  const walk = walkOf(step);
  if (use !== undefined && use.scratch_bytes > 0) walk.take({ selected: use.scratch_bytes });
  return withKernels(walk.work(), step);
}

const withKernels = ({ kernels, scratch_bytes }: Work, { use }: Step): Work =>
  use === undefined || use.kernels.length === 0
    ? { kernels, scratch_bytes }
    : { kernels: [...kernels, ...use.kernels], scratch_bytes };

/** All of the sub-layer but what a KV policy does. */
export function walkAttention(setting: Setting, step: Step, weights: readonly WeightShape[]): Walk {
  const walk = projected(setting, step, weights);
  if (setting.fused) fusedScores(walk, setting, step);
  else if (step.phase === 'prefill') squareScores(walk, setting, step);
  else rowScores(walk, setting, step);
  if (setting.model.tables) walk.rename('value', 'output');
  else projectOut(walk, setting, step, weights);
  if (!setting.model.parallel) walk.run({ part: 'output', name: 'pointwise', updates: ['output'], reads: ['input'] });
  takeCompressionBuffers(walk, setting, step);
  return walk;
}

/** Walks up to the scores, by the weights of one program: they depend on the new tokens alone, not on the context. */
const begun = new WeakMap<readonly WeightShape[], Map<number, Walk>>();

/** Norm and projections, a copy to go on from. */
function projected(setting: Setting, step: Step, weights: readonly WeightShape[]): Walk {
  const walks = begun.get(weights) ?? new Map<number, Walk>();
  begun.set(weights, walks);
  const known = walks.get(step.tokens);
  if (known !== undefined) return known.clone();
  const walk = new Walk(setting.model.dtype, rowsBytes(setting, step, setting.model.hidden));
  takeExpandedWeights(walk, setting, weights);
  normalise(walk, setting, step, 'projection', 'input', 'hidden');
  if (setting.model.tables) pick(walk, setting, step, weights);
  else project(walk, setting, step, weights);
  walks.set(step.tokens, walk);
  return walk.clone();
}

const named = (weights: readonly WeightShape[], ...names: string[]): WeightShape[] =>
  weights.filter(({ name }) => names.includes(name));

/** q, k and v; un-fused code scales q in a kernel of its own. The normalised input stays live to the end of the op. */
function project(walk: Walk, setting: Setting, step: Step, weights: readonly WeightShape[]): void {
  const { model, batch, fused, pointwise_fused } = setting;
  const part = 'projection';
  const q_bytes = rowsBytes(setting, step, queryWidth(setting));
  const gemm = (suffix: string, width: number): void =>
    walk.run({
      part,
      name: 'gemm',
      reads: ['hidden'],
      makes: { [suffix]: rowsBytes(setting, step, width) },
      ...product(batch * step.tokens, width, model.hidden),
      operand_bytes: streamedBytes(setting, named(weights, `w_${suffix}`, `b_${suffix}`)),
    });
  gemm('q', queryWidth(setting));
  if (!fused) {
    walk.run({ part, name: 'pointwise', reads: ['q'], makes: { scaled_q: q_bytes }, frees: ['q'] });
    walk.rename('scaled_q', 'q');
  }
  gemm('k', keyWidth(setting));
  gemm('v', keyWidth(setting));
  if (model.qk_norm) walk.run({ part, name: 'pointwise', updates: ['q', 'k'], launches: 2 });
  if (model.position === 'rotary') {
    rotate(walk, pointwise_fused, 'q', q_bytes);
    rotate(walk, pointwise_fused, 'k', rowsBytes(setting, step, keyWidth(setting)));
  }
}

/** Rotary positions: x cos + turned(x) sin, in five kernels un-fused (product, negation, concatenation, product, sum). */
function rotate(walk: Walk, fused: boolean, name: string, bytes: number): void {
  const part = 'projection';
  if (fused) {
    walk.run({ part, name: 'pointwise', updates: [name] });
    return;
  }
  walk.run({ part, name: 'pointwise', reads: [name], makes: { cos_part: bytes } });
  walk.run({ part, name: 'pointwise', reads: [name], makes: { turned: bytes }, launches: 2 });
  walk.run({ part, name: 'pointwise', reads: ['turned'], makes: { sin_part: bytes }, frees: ['turned'] });
  walk.run({
    part,
    name: 'pointwise',
    reads: ['cos_part', 'sin_part'],
    makes: { rotated: bytes },
    frees: ['cos_part', 'sin_part', name],
  });
  walk.rename('rotated', name);
}

/** q, k and v from tables; MemoryFormer has no output projection. */
function pick(walk: Walk, setting: Setting, step: Step, weights: readonly WeightShape[]): void {
  for (const name of ['q', 'k', 'v']) {
    const weight = weights.find((candidate) => candidate.name === `w_${name}`)!;
    lookUp(walk, setting, step, { part: 'projection', weight, from: 'hidden', to: name });
  }
}

/** Output projection; the residual follows in place, in a parallel block after the MLP. */
function projectOut(walk: Walk, setting: Setting, step: Step, weights: readonly WeightShape[]): void {
  const { model, batch } = setting;
  const part = 'output';
  walk.run({
    part,
    name: 'gemm',
    reads: ['value'],
    makes: { output: rowsBytes(setting, step, model.hidden) },
    ...product(batch * step.tokens, model.hidden, queryWidth(setting)),
    operand_bytes: streamedBytes(setting, named(weights, 'w_out', 'b_out')),
    frees: ['value'],
  });
}

/**
 * Quantising new keys (values after them) holds a copy at compute precision, one byte an element and the packed result
 * (FlexGen, `TorchCompressedDevice.compress`).
 */
function takeCompressionBuffers(walk: Walk, setting: Setting, step: Step): void {
  const { kv_bits } = setting.precision;
  if (kv_bits >= PLAIN_BITS) return;
  const elements = setting.batch * step.tokens * keyWidth(setting);
  walk.take({
    shifted: rowsBytes(setting, step, keyWidth(setting)),
    integers: elements,
    packed: (elements * kv_bits) / 8,
  });
}

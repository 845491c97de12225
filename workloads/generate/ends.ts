import { COMPUTE_BYTES } from '../models/model.ts';
import type { WeightShape } from '../models/weights.ts';
import { product } from './flops.ts';
import { normalise } from './norm.ts';
import { rowsBytes, type Setting, type Step, streamedBytes, takeExpandedWeights } from './setting.ts';
import { Walk, type Work } from './walk.ts';

/** Token ids go in as int32 and come back as int64 (FlexGen's buffers; the index type of PyTorch's argmax). */
export const TOKEN_BYTES = 4;
const INDEX_BYTES = 8;

/** Bytes of the token ids of a step, and of the one id a sequence that the head gives back. */
export const tokenBytes = ({ batch }: Setting, { tokens }: Step): number => batch * tokens * TOKEN_BYTES;
export const chosenBytes = ({ batch }: Setting): number => batch * INDEX_BYTES;

/**
 * The embedding: rows of the token table, and of the position table where positions are learned, are gathered and
 * added. Only rows are read, but a quantised table is expanded whole (FlexGen, `opt_input_embed`).
 */
export function embedWork(setting: Setting, step: Step, weights: readonly WeightShape[]): Work {
  const { model } = setting;
  const part = 'embed';
  const bytes = rowsBytes(setting, step, model.hidden);
  const walk = new Walk(model.dtype, tokenBytes(setting, step));
  takeExpandedWeights(walk, setting, weights);
  const gather = (to: string): void =>
    walk.run({ part, name: 'pointwise', reads: ['input'], makes: { [to]: bytes }, operand_bytes: bytes });
  const sum = model.embed_norm ? 'sum' : 'output';
  if (model.position === 'learned') {
    gather('tokens');
    const position_bytes = setting.batch * (step.context + step.tokens) * INDEX_BYTES;
    walk.run({ part, name: 'pointwise', makes: { positions: position_bytes }, launches: 4 });
    gather('places');
    walk.run({ part, name: 'pointwise', reads: ['tokens', 'places'], makes: { [sum]: bytes } });
  } else {
    gather(sum);
  }
  if (model.embed_norm) normalise(walk, setting, step, part, sum, 'output');
  return walk.work();
}

/**
 * The head: norm, product with the vocabulary, the best token. Un-fused code computes logits of every prompt
 * position and uses the last (FlexGen, `opt_output_embed`).
 */
export function headWork(setting: Setting, step: Step, weights: readonly WeightShape[]): Work {
  const { model, batch } = setting;
  const part = 'head';
  const walk = new Walk(model.dtype, rowsBytes(setting, step, model.hidden));
  takeExpandedWeights(walk, setting, weights);
  const counted: Step = setting.logits === 'last' ? { ...step, tokens: 1 } : step;
  if (counted !== step) {
    const last_bytes = rowsBytes(setting, counted, model.hidden);
    walk.run({ part, name: 'pointwise', part_bytes: last_bytes, makes: { last: last_bytes } });
  }
  normalise(walk, setting, counted, part, counted === step ? 'input' : 'last', 'hidden');
  const projection = weights.filter(({ name }) => name.endsWith('_token'));
  walk.run({
    part,
    name: 'gemm',
    reads: ['hidden'],
    makes: { logits: rowsBytes(setting, counted, model.vocab) },
    ...product(batch * counted.tokens, model.vocab, model.hidden),
    operand_bytes: streamedBytes(setting, projection),
  });
  const last_logits_bytes = batch * model.vocab * COMPUTE_BYTES;
  walk.run({ part, name: 'pointwise', part_bytes: last_logits_bytes, makes: { output: chosenBytes(setting) } });
  return walk.work();
}

import { InputError } from '../../input/index.ts';
import type { TrainOp } from '../../sim/types/index.ts';
import type { Model } from '../models/model.ts';
import { attentionOps, eagerOps, norm, projectionOp, residual, widths } from './attention.ts';
import { mlpOps } from './mlp.ts';
import { pointwise, productKernels, saved, savedForWeights, savedMask } from './ops.ts';
import type { TrainFields } from './schema.ts';
import { columnCollectives, MASK, type TrainSetting } from './setting.ts';

/**
 * An encoder and what a decoder has for it: attention of every decoder layer to the encoder's output (Raffel et al., T5,
 * arXiv:1910.10683, section 2.1). The decoder's setting is that of its targets; the encoder's that of the sources.
 * @module
 */

/** Before the names of what belongs to the attention to the encoder. */
const CROSS = 'cross_';

/** A layer of the decoder: attention to what came before, then to the encoder, then the MLP. */
export function decoderLayerOps(setting: TrainSetting, source: TrainSetting | null): TrainOp[] {
  return [...attentionOps(setting), ...(source === null ? [] : crossOps(setting, source)), ...mlpOps(setting)];
}

export const encoderLayerOps = (source: TrainSetting): TrainOp[] => [...attentionOps(source), ...mlpOps(source)];

/** Queries of the target's tokens; keys and values of the source's, which each layer makes of the encoder's one output. */
function crossOps(setting: TrainSetting, source: TrainSetting): TrainOp[] {
  const { model, tokens, element } = setting;
  const [query, key] = widths(setting);
  const { hidden } = model;
  const matrix = (name: string, rows: number) => ({ name, rows, columns: hidden, count: 1 });
  const product = (name: string, of: TrainSetting, n: number) => ({
    name: `${CROSS}${name}`,
    ...productKernels(of, { name: `${CROSS}${name}`, part: 'projection', m: of.tokens, n, k: hidden }),
    ...columnCollectives(of),
    scratch_bytes: 0,
  });
  const qkv = [
    saved('query', element * tokens * query, tokens),
    saved('key', element * source.tokens * key, source.tokens),
    saved('value', element * source.tokens * key, source.tokens),
  ];
  return [
    norm(setting, `${CROSS}norm`),
    {
      ...product('query', setting, query),
      weights: [matrix('query', query)],
      saves: [savedForWeights(`${CROSS}query_input`, element * tokens * hidden, tokens)],
    },
    {
      ...product('key_value', source, 2 * key),
      weights: [matrix('key', key), matrix('value', key)],
      saves: [],
    },
    ...eagerOps(setting, qkv, { prefix: CROSS, keys: source.seq }),
    projectionOp(setting, CROSS),
    residual(setting, `${CROSS}residual`, model.bias.out),
  ];
}

/** The last norm of the encoder, and the dropout whose result every layer of the decoder reads. */
export function encoderEndOps(source: TrainSetting): TrainOp[] {
  const elements = source.tokens * source.model.hidden;
  const moved = 2 * source.element + MASK;
  return [
    norm(source, 'encoder_norm'),
    pointwise(source, 'encoder_output', 'other', elements, moved, moved, {
      saves: [
        ...(source.dropout ? [savedMask('encoder_mask', elements, source.tokens)] : []),
        saved('encoder_output', source.element * elements, source.tokens),
      ],
    }),
  ];
}

/** Biases of relative positions as scores add them, with the mask of each sequence: one tensor for all layers of a stack. */
export function positionBiasOps(source: TrainSetting): TrainOp[] {
  const { model, sequences, seq, element } = source;
  if (model.position !== 'relative') return [];
  const elements = sequences * model.heads * seq * seq;
  return [
    pointwise(source, 'position_bias', 'attention', elements, 2 * element, 2 * element, {
      saves: [saved('position_bias', element * elements, seq)],
    }),
  ];
}

/** Keys and values that a decoder layer returns: as the products made them, beside the copies by head that backward reads. */
export function returnedBytes(setting: TrainSetting, source: TrainSetting | null): number {
  const [, key] = widths(setting);
  return 2 * key * setting.element * (setting.tokens + (source?.tokens ?? 0));
}

/** @throws InputError for a target without an encoder or the reverse, and for what a step with an encoder cannot do. */
export function checkEncoder(fields: TrainFields, model: Model): void {
  const refuse = (field: string, problem: string, expected: string): never => {
    throw new InputError({ code: 'bad_value', problem: `workload.${field}: ${problem}`, expected });
  };
  if (fields.returns_cache === true && fields.attention_kernel === 'flash') {
    refuse('returns_cache', 'the keys and values that a fused kernel keeps are those that are returned', 'false');
  }
  if (model.position === 'relative' && fields.attention_kernel === 'flash') {
    refuse('attention_kernel', `a fused kernel does not add the relative positions of ${model.id}`, 'eager');
  }
  if (model.encoder === undefined) {
    if (fields.target !== undefined)
      refuse('target', `${model.id} has no encoder, so its one sequence is \`seq\``, 'no target');
    return;
  }
  if (fields.target === undefined)
    refuse('target', `${model.id} has an encoder, which reads \`seq\` tokens`, 'the tokens of a target');
  if (fields.attention_kernel === 'flash')
    refuse('attention_kernel', 'attention to an encoder is un-fused here', 'eager');
  for (const field of ['tensor_parallel', 'pipeline_parallel', 'context_parallel'] as const) {
    if (fields[field] > 1)
      refuse(field, 'a model with an encoder is not divided yet', '1, and copies by `data_parallel`');
  }
  for (const field of ['pruned', 'sparse_attention', 'shape'] as const) {
    if (fields[field] !== undefined) refuse(field, 'not built for a model with an encoder', 'nothing');
  }
}

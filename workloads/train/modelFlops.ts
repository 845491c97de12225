import type { Model } from '../models/model.ts';
import { elementsOf, type WeightShape, weightShapes } from '../models/weights.ts';
import type { TrainFields } from './schema.ts';

/** Backward does each product twice: for its input and for its weights. */
const PASSES = 3;

/**
 * FLOPs of a step without recomputation. For a GPT it is 72 B s L h^2 (1 + s / 6h + v / 12hL) (Korthikanti et al.,
 * arXiv:2205.05198, appendix A, equation 7); in general 6 a token and active matrix parameter, the vocabulary projection
 * once, and two products of s x s pairs a head, of which `causal` counts half; windows leave the share `kept` of them. An
 * encoder sees all pairs of its source; the decoder's keys and values of it are made of the source's tokens.
 */
export function modelFlops(
  model: Model,
  { seq, target = seq, batch, flop_convention }: Pick<TrainFields, 'seq' | 'target' | 'batch' | 'flop_convention'>,
  kept: number,
): number {
  const { layers, vocab, hidden, encoder } = model;
  const { attention, mlp, cross } = weightShapes(model);
  const causal = flop_convention === 'causal' ? 0.5 : 1;
  const pairs = (keys: number): number => 2 * model.heads * model.head_dim * keys;
  const layer = active(model, [...attention, ...mlp]);
  const decoder = target * (layers * (layer + pairs(target) * causal * kept) + vocab * hidden);
  if (!encoder) return PASSES * 2 * batch * decoder;
  const ofSource = active(
    model,
    cross.filter(({ name }) => name === 'w_k' || name === 'w_v'),
  );
  const attended = layers * (target * (active(model, cross) - ofSource + pairs(seq)) + seq * ofSource);
  return PASSES * 2 * batch * (decoder + attended + seq * encoder.layers * (layer + pairs(seq)));
}

/** Elements of the matrices that one token meets. */
function active({ moe }: Model, weights: readonly WeightShape[]): number {
  const share = moe ? moe.active / moe.experts : 1;
  return weights
    .filter(({ shape }) => shape.length >= 2)
    .reduce((sum, { shape, routed }) => sum + elementsOf(shape) * (routed === true ? share : 1), 0);
}

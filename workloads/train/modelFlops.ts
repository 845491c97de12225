import type { Model } from '../models/model.ts';
import { elementsOf, weightShapes } from '../models/weights.ts';

/** Backward does each product twice: for its input and for its weights. */
const PASSES = 3;

/**
 * FLOPs of a step without recomputation. For a GPT it is 72 B s L h^2 (1 + s / 6h + v / 12hL) (Korthikanti et al.,
 * arXiv:2205.05198, appendix A, equation 7); in general 6 a token and active matrix parameter, the vocabulary projection
 * once, and two products of s x s pairs a head, of which `causal` counts half; windows leave the share `pairs` of them.
 */
export function modelFlops(model: Model, seq: number, batch: number, causal: boolean, kept: number): number {
  const { layers, heads, head_dim, vocab, hidden, moe } = model;
  const { attention, mlp } = weightShapes(model);
  const share = moe ? moe.active / moe.experts : 1;
  const active = [...attention, ...mlp]
    .filter(({ shape }) => shape.length >= 2)
    .reduce((sum, { shape, routed }) => sum + elementsOf(shape) * (routed === true ? share : 1), 0);
  const pairs = 2 * heads * head_dim * seq * (causal ? 0.5 : 1) * kept;
  return PASSES * 2 * batch * seq * (layers * (active + pairs) + vocab * hidden);
}

import type { LayerInfo, Precision, Tensor } from '../../sim/types/index.ts';
import type { Model } from '../models/model.ts';
import { elementsOf, type WeightShape, weightShapes } from '../models/weights.ts';
import { isQuantised, storedBytes, weightBytes } from './stored.ts';

/** Sub-layers of the program: embedding, attention and MLP of each layer, head. */
export const subLayers = (layers: number): number => 2 * layers + 2;

/** Stored bytes and elements of one token in K (or in V) of one layer, all sequences of the batch together. */
export interface TokenSize {
  readonly bytes: number;
  readonly elements: number;
}

/** Quantised keys and values are grouped along the head (FlexGen's cache configuration). */
export function tokenSize(model: Model, batch: number, precision: Precision): TokenSize {
  const shape = [batch * model.kv_heads, model.head_dim];
  return { bytes: storedBytes(shape, precision.kv_bits, precision, 1), elements: elementsOf(shape) };
}

export interface Tensors {
  readonly tensors: readonly Tensor[];
  readonly layers: readonly LayerInfo[];
}

/**
 * The tensor table: weights sub-layer by sub-layer in storage order, and after those of each attention sub-layer its K
 * and V for every batch, sized for `state_tokens`.
 */
export function buildTensors(
  model: Model,
  batches: number,
  precision: Precision,
  token: TokenSize,
  state_tokens: number,
): Tensors {
  const tensors: Tensor[] = [];
  const layers: LayerInfo[] = [];
  const add = (tensor: Omit<Tensor, 'id'>): Tensor => {
    const added = { id: tensors.length, ...tensor };
    tensors.push(added);
    return added;
  };
  const addWeight = (prefix: string, { name, shape, tied }: WeightShape): Tensor =>
    add({
      name: `${prefix}.${name}`,
      kind: 'weight',
      layer: layers.length,
      batch: -1,
      elements: elementsOf(shape),
      dimensions: shape.length,
      shape,
      bytes: weightBytes(shape, precision),
      quantised: isQuantised(shape, precision.weight_bits),
      alias_of: tied ? 0 : -1,
    });
  const addState = (prefix: string, name: string, batch: number): number =>
    add({
      name: `${prefix}.${name}.batch_${batch}`,
      kind: 'kv',
      layer: layers.length,
      batch,
      elements: token.elements * state_tokens,
      dimensions: 3,
      bytes: token.bytes * state_tokens,
      quantised: isQuantised([1, model.head_dim], precision.kv_bits),
      alias_of: -1,
    }).id;
  const addLayer = (name: LayerInfo['name'], prefix: string, weights: readonly WeightShape[]): void => {
    const added = weights.map((weight) => addWeight(prefix, weight));
    const stateful = name === 'attention' ? Array.from({ length: batches }, (_, k) => k) : [];
    const state = stateful.map((k) => [addState(prefix, 'k', k), addState(prefix, 'v', k)]);
    layers.push({ name, weights: added, state });
  };
  const shapes = weightShapes(model);
  addLayer('embed', 'embed', shapes.embed);
  for (let layer = 0; layer < model.layers; layer++) {
    addLayer('attention', `layer_${layer}.attention`, shapes.attention);
    addLayer('mlp', `layer_${layer}.mlp`, shapes.mlp);
  }
  addLayer('head', 'head', shapes.head);
  return { tensors, layers };
}

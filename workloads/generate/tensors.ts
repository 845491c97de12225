import type { LayerInfo, Precision, Tensor } from '../../sim/types/index.ts';
import type { Model } from '../models/model.ts';
import { elementsOf, mixingWeights, type WeightShape, weightShapes } from '../models/weights.ts';
import type { Passes } from './passes.ts';
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
 * and V for every batch, sized for what is kept of the longest context, and the index of a policy that has one.
 */
export function buildTensors(
  model: Model,
  batches: number,
  precision: Precision,
  token: TokenSize,
  passes: Passes,
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
      quantised: precision.weight_kernels !== 'fused' && isQuantised(shape, precision.weight_bits),
      alias_of: tied ? 0 : -1,
    });
  const addState = (prefix: string, name: string, batch: number): number => {
    const cache = passes.cache((layers.length - 1) / 2, token.bytes);
    return add({
      name: `${prefix}.${name}.batch_${batch}`,
      kind: 'kv',
      layer: layers.length,
      batch,
      elements: token.elements * cache.tokens,
      dimensions: 3,
      bytes: cache.bytes / 2,
      quantised: isQuantised([1, model.head_dim], precision.kv_bits),
      alias_of: -1,
    }).id;
  };
  const addIndex = (prefix: string, batch: number): void => {
    const bytes = passes.indexBytes((layers.length - 1) / 2);
    if (bytes === 0) return;
    const name = `${prefix}.index.batch_${batch}`;
    const shape = { elements: bytes / 2, dimensions: 2, bytes };
    add({ name, kind: 'index', layer: layers.length, batch, ...shape, quantised: false, alias_of: -1 });
  };
  const addLayer = (name: LayerInfo['name'], prefix: string, weights: readonly WeightShape[]): void => {
    const added = weights.map((weight) => addWeight(prefix, weight));
    const stateful = name === 'attention' ? Array.from({ length: batches }, (_, k) => k) : [];
    const state = stateful.map((k) => [addState(prefix, 'k', k), addState(prefix, 'v', k)]);
    for (const k of stateful) addIndex(prefix, k);
    layers.push({ name, weights: added, state });
  };
  const shapes = weightShapes(model);
  addLayer('embed', 'embed', shapes.embed);
  for (let layer = 0; layer < model.layers; layer++) {
    addLayer('attention', `layer_${layer}.attention`, mixingWeights(shapes, model, layer));
    addLayer('mlp', `layer_${layer}.mlp`, shapes.mlp);
  }
  addLayer('head', 'head', shapes.head);
  return { tensors, layers };
}

import type { HotColdFields } from './schema.ts';

/** Bytes of what is placed. */
export interface Sizes {
  /** Head, norms and predictors: wanted for every token. */
  readonly always: number;
  readonly attention: number;
  readonly mlp: number;
  readonly layers: number;
}

/** Where weights are: shares of them in the fast memory, or whole layers. */
export interface Split {
  readonly always: boolean;
  readonly attention: number;
  readonly mlp: number;
  /** With `split: layers`, how many of the last layers are in the fast memory; else null. */
  readonly fastLayers: number | null;
}

/**
 * Share of all activations that the hottest `share` of the neurons have: share^a, the power law through the published
 * point (Song et al., PowerInfer, SOSP 2024, Figure 4). Without a point neurons are alike.
 */
export function coverage(share: number, hot: HotColdFields['hot']): number {
  if (hot === undefined || share <= 0 || share >= 1) return Math.min(1, Math.max(0, share));
  return share ** (Math.log(hot.activations) / Math.log(hot.neurons));
}

/**
 * Fills the fast memory with what is used most: what every token wants, then attention, then MLP neurons from the
 * hottest on (PowerInfer, section 6, without its limit of communication); or with whole layers from the end.
 */
export function splitOf(fields: HotColdFields, sizes: Sizes, budget: number): Split {
  const { always, attention, mlp, layers } = sizes;
  if (budget < always) return { always: false, attention: 0, mlp: 0, fastLayers: fields.split === 'layers' ? 0 : null };
  const left = budget - always;
  if (fields.split === 'layers') {
    const fastLayers = Math.min(layers, Math.floor(left / ((attention + mlp) / layers)));
    const share = fastLayers / layers;
    return { always: true, attention: share, mlp: share, fastLayers };
  }
  if (fields.hot === undefined) {
    const share = Math.min(1, left / (attention + mlp));
    return { always: true, attention: share, mlp: share, fastLayers: null };
  }
  return {
    always: true,
    attention: Math.min(1, left / attention),
    mlp: Math.max(0, Math.min(1, (left - attention) / mlp)),
    fastLayers: null,
  };
}

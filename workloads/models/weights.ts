import type { Model } from './model.ts';
import type { Mixer } from './schema.ts';

/** One weight matrix (rows are outputs, as stored) or vector. */
export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
  /** A second name for the token embedding. */
  readonly tied?: boolean;
  /** One of the experts that a router chooses from. */
  readonly routed?: boolean;
  /** Rows of each of its tables, of which a token reads one. */
  readonly table_rows?: number;
}

/** The weights of each kind of sub-layer, in storage order. */
export interface ModelWeights {
  readonly embed: readonly WeightShape[];
  /** Of layers with full attention. */
  readonly attention: readonly WeightShape[];
  /** Of layers with each of the model's mixers. */
  readonly mixers: readonly (readonly WeightShape[])[];
  readonly mlp: readonly WeightShape[];
  readonly head: readonly WeightShape[];
  /** Of a decoder layer's attention to the encoder, and what ends the encoder; none without one. */
  readonly cross: readonly WeightShape[];
  readonly encoder_end: readonly WeightShape[];
}

export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/**
 * Every weight of the model. Order inside a sub-layer decides what a percentage split puts where: each matrix before its
 * bias, projections before norms (FlexGen, `flex_opt.py`, `init_weight` of its layers).
 */
export function weightShapes(model: Model): ModelWeights {
  const { hidden, vocab, positions } = model;
  return {
    embed: [
      { name: 'w_token', shape: [vocab, hidden] },
      ...(positions > 0 ? [{ name: 'w_pos', shape: [positions, hidden] }] : []),
      ...(model.embed_norm ? norm(model) : []),
      ...positionBiases(model),
    ],
    attention: attentionWeights(model),
    mixers: model.mixers.map((mixer) => mixerWeights(model, mixer)),
    mlp: mlpWeights(model),
    head: [
      ...norm(model),
      { name: 'w_token', shape: [vocab, hidden], tied: model.tied },
      ...bias(model.bias.head, 'b_token', vocab),
    ],
    cross: model.encoder ? attentionWeights(model) : [],
    encoder_end: model.encoder ? norm(model) : [],
  };
}

const bias = (has: boolean, name: string, width: number): WeightShape[] => (has ? [{ name, shape: [width] }] : []);

const norm = ({ norm, hidden }: Model): WeightShape[] => [
  { name: 'w_ln', shape: [hidden] },
  ...bias(norm === 'layer', 'b_ln', hidden),
];

/** Biases by distance and head, a table for each stack of layers (Raffel et al., T5, arXiv:1910.10683, section 2.1). */
function positionBiases({ position_buckets, heads, encoder }: Model): WeightShape[] {
  if (position_buckets === 0) return [];
  const stacks = encoder ? ['encoder', 'decoder'] : ['decoder'];
  return stacks.map((stack) => ({ name: `w_${stack}_bias`, shape: [position_buckets, heads] }));
}

/** Which of the model's mixers a layer has, or -1 for full attention. */
export const mixerOf = ({ mixers }: Model, layer: number): number =>
  mixers.findIndex(({ layers }) => layers.includes(layer));

/** The weights of the token mixing of one layer. */
export function mixingWeights(shapes: ModelWeights, model: Model, layer: number): readonly WeightShape[] {
  const mixer = mixerOf(model, layer);
  return mixer < 0 ? shapes.attention : shapes.mixers[mixer]!;
}

function mixerWeights(model: Model, mixer: Mixer): WeightShape[] {
  const { hidden, heads } = model;
  switch (mixer.kind) {
    case 'window':
      return attentionWeights(model);
    case 'linear':
      return [
        { name: 'w_q', shape: [heads * mixer.feature_width, hidden] },
        { name: 'w_k', shape: [heads * mixer.feature_width, hidden] },
        { name: 'w_v', shape: [hidden, hidden] },
        { name: 'w_out', shape: [hidden, hidden] },
        ...norm(model),
      ];
    case 'convolution': {
      const width = mixer.expand * hidden;
      return [
        { name: 'w_in', shape: [width, hidden] },
        { name: 'w_conv', shape: [width / 2, mixer.kernel] },
        { name: 'w_out', shape: [hidden, width / 2] },
        ...norm(model),
      ];
    }
  }
}

/** Tables of `width` outputs for pieces of `bits` bits: count x 2^bits rows (Ding et al., arXiv:2411.12992, section 2). */
function table(name: string, { count }: NonNullable<Model['tables']>, bits: number, width: number): WeightShape {
  return { name, shape: [count * 2 ** bits, width], table_rows: 2 ** bits };
}

function attentionWeights(model: Model): WeightShape[] {
  const { hidden, heads, kv_heads, head_dim, tables } = model;
  if (tables) {
    const projected = ['w_q', 'w_k', 'w_v'].map((name) => table(name, tables, tables.bits, hidden));
    return [...projected, ...norm(model)];
  }
  const projection = (suffix: string, rows: number, columns: number, biased: boolean): WeightShape[] => [
    { name: `w_${suffix}`, shape: [rows, columns] },
    ...bias(biased, `b_${suffix}`, rows),
  ];
  return [
    ...projection('q', heads * head_dim, hidden, model.bias.qkv),
    ...projection('k', kv_heads * head_dim, hidden, model.bias.qkv),
    ...projection('v', kv_heads * head_dim, hidden, model.bias.qkv),
    ...projection('out', hidden, heads * head_dim, model.bias.out),
    ...norm(model),
    ...(model.qk_norm
      ? [
          { name: 'w_q_ln', shape: [head_dim] },
          { name: 'w_k_ln', shape: [head_dim] },
        ]
      : []),
  ];
}

function mlpWeights(model: Model): WeightShape[] {
  const { hidden, moe } = model;
  const own_norm = model.norms === 2 ? norm(model) : [];
  if (model.tables) {
    const { tables } = model;
    const bits = tables.bits + tables.expand_bits;
    const first = table('w_i', tables, tables.bits, bits * tables.count);
    return [first, table('w_o', tables, bits, model.hidden), ...own_norm, ...norm(model)];
  }
  if (!moe) return [...feedForward(model, model.ffn, '', false), ...own_norm];
  const experts = Array.from({ length: moe.experts }, (_, e) => feedForward(model, moe.ffn, `expert_${e}.`, true));
  return [
    { name: 'w_router', shape: [moe.experts, hidden] },
    ...experts.flat(),
    ...(moe.shared_ffn > 0 ? feedForward(model, moe.shared_ffn, 'shared.', false) : []),
    ...own_norm,
  ];
}

/** The matrices of one feed-forward network of inner width `ffn`: (gate,) up, down. */
function feedForward(model: Model, ffn: number, prefix: string, routed: boolean): WeightShape[] {
  const { hidden, gated } = model;
  const matrix = (suffix: string, rows: number, columns: number): WeightShape[] =>
    [
      { name: `${prefix}w_${suffix}`, shape: [rows, columns] },
      ...bias(model.bias.mlp, `${prefix}b_${suffix}`, rows),
    ].map((weight) => (routed ? { ...weight, routed } : weight));
  return gated
    ? [...matrix('gate', ffn, hidden), ...matrix('up', ffn, hidden), ...matrix('down', hidden, ffn)]
    : [...matrix('i', ffn, hidden), ...matrix('o', hidden, ffn)];
}

import type { Model } from './model.ts';

/** One weight matrix (rows are outputs, as stored) or vector. */
export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
  /** A second name for the token embedding. */
  readonly tied?: boolean;
  /** One of the experts that a router chooses from. */
  readonly routed?: boolean;
}

/** The weights of each kind of sub-layer, in storage order. */
export interface ModelWeights {
  readonly embed: readonly WeightShape[];
  readonly attention: readonly WeightShape[];
  readonly mlp: readonly WeightShape[];
  readonly head: readonly WeightShape[];
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
    ],
    attention: attentionWeights(model),
    mlp: mlpWeights(model),
    head: [
      ...norm(model),
      { name: 'w_token', shape: [vocab, hidden], tied: model.tied },
      ...bias(model.bias.head, 'b_token', vocab),
    ],
  };
}

const bias = (has: boolean, name: string, width: number): WeightShape[] => (has ? [{ name, shape: [width] }] : []);

const norm = ({ norm, hidden }: Model): WeightShape[] => [
  { name: 'w_ln', shape: [hidden] },
  ...bias(norm === 'layer', 'b_ln', hidden),
];

function attentionWeights(model: Model): WeightShape[] {
  const { hidden, heads, kv_heads, head_dim } = model;
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

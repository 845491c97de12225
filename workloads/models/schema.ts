import * as v from 'valibot';

const count = (description: string) => v.pipe(v.number(), v.integer(), v.minValue(1), v.description(description));
const flag = (description: string) => v.optional(v.pipe(v.boolean(), v.description(description)), false);

/** Where a bias vector is added. */
export const biasSchema = v.strictObject({
  qkv: flag('The query, key and value projections.'),
  out: flag('The output projection of attention.'),
  mlp: flag('The matrices of the MLP.'),
  head: flag('The vocabulary projection.'),
});

const layerList = v.pipe(
  v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
  v.minLength(1),
  v.description('Layers, from 0, that mix tokens so.'),
);

/** What mixes tokens in place of full attention; its memory does not grow with the context. */
export const mixerSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('linear'),
    layers: layerList,
    feature_width: count('Width of projected queries and keys of a head; the map has 1 + d + d² features.'),
  }),
  v.strictObject({ kind: v.literal('window'), layers: layerList, window: count('Last tokens that are attended.') }),
  v.strictObject({
    kind: v.literal('convolution'),
    layers: layerList,
    kernel: count('Tokens of the causal convolution.'),
    expand: count('Width of the first projection over the hidden width; half of it is a gate.'),
  }),
]);
export type Mixer = v.InferOutput<typeof mixerSchema>;

/** Tables of vectors that a hash of the input picks from, in place of every projection but the vocabulary's. */
export const tablesSchema = v.strictObject({
  count: count('Tables of a layer: the input is cut into as many pieces.'),
  bits: count('Bits of the hash of a piece, so that a table has 2^bits rows.'),
  expand_bits: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.description('Bits more of the second layer of the feed-forward block.'),
  ),
});

export const moeSchema = v.strictObject({
  experts: count('Experts of one layer that a router chooses from.'),
  active: count('Experts that each token passes through.'),
  ffn: count('Inner width of one expert.'),
  shared_ffn: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0),
      v.description('Inner width of the expert every token uses; 0 = none.'),
    ),
    0,
  ),
});

/** The YAML form of a model: its shape, never code. */
export const modelSchema = v.strictObject({
  id: v.pipe(v.string(), v.minLength(1), v.description('The file name without its ending.')),
  title: v.pipe(v.string(), v.description('The name as its authors write it.')),
  source: v.pipe(v.string(), v.minLength(1), v.description('The configuration file or paper the shape comes from.')),
  parameters: v.optional(
    v.pipe(
      v.strictObject({
        count: v.pipe(v.number(), v.minValue(1), v.description('Parameters, each counted once.')),
        source: v.pipe(v.string(), v.minLength(1), v.description('Where that count is published.')),
      }),
      v.description('The published parameter count, which the shape must give within 1 %.'),
    ),
  ),
  layers: count('Transformer layers, of the decoder where there is an encoder.'),
  encoder: v.optional(
    v.pipe(
      v.strictObject({ layers: count('Layers of the encoder.') }),
      v.description('An encoder as wide as the decoder, whose every layer then attends to what the encoder made.'),
    ),
  ),
  hidden: count('Width of the hidden state.'),
  heads: count('Query heads.'),
  kv_heads: v.optional(count('Key and value heads; fewer than `heads` in grouped-query attention. Default: `heads`.')),
  head_dim: v.optional(count('Width of one head. Default: hidden / heads.')),
  ffn: count('Inner width of the MLP (of a dense layer; experts have their own).'),
  gated: flag('The MLP has a gate beside its up projection (three matrices, not two).'),
  vocab: count('Rows of the token embedding.'),
  position: v.pipe(v.picklist(['learned', 'rotary', 'alibi', 'relative']), v.description('How positions enter.')),
  positions: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0),
      v.description('Rows of the learned position embedding, padding rows too; 0 unless `learned`.'),
    ),
    0,
  ),
  position_buckets: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0),
      v.description('Distances that the table of relative biases tells apart, one table a stack; 0 unless `relative`.'),
    ),
    0,
  ),
  tied: flag('The vocabulary projection is the token embedding.'),
  bias: v.pipe(
    v.optional(v.union([v.boolean(), biasSchema]), false),
    v.description('Which projections have a bias; `true` = all but the vocabulary projection.'),
  ),
  norm: v.pipe(v.picklist(['layer', 'rms']), v.description('`layer` has a weight and a bias, `rms` a weight alone.')),
  norms: v.optional(
    v.pipe(v.picklist([1, 2]), v.description('Norms of a layer; 1 = a parallel block whose halves share one.')),
    2,
  ),
  qk_norm: flag('Queries and keys are normalised per head.'),
  embed_norm: flag('The embedding is normalised before the first layer.'),
  parallel: flag('Attention and MLP read the same input and are added (GPT-J, GPT-NeoX, Falcon).'),
  mlp_dropout: flag('In training, dropout also stands between the activation and the last product of the MLP (T5).'),
  activation: v.pipe(v.picklist(['relu', 'gelu', 'silu']), v.description('Non-linearity of the MLP.')),
  dtype: v.pipe(v.picklist(['fp16', 'bf16']), v.description('Precision of weights and arithmetic.')),
  mixers: v.optional(
    v.pipe(v.array(mixerSchema), v.description('Layers without full attention; all others have it.')),
    [],
  ),
  tables: v.optional(v.pipe(tablesSchema, v.description('Hashed look-ups in place of matrix products.'))),
  moe: v.optional(v.pipe(moeSchema, v.description('A mixture of experts in place of the MLP.'))),
});

export type ModelFile = v.InferOutput<typeof modelSchema>;

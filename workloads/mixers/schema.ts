import * as v from 'valibot';

const count = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31), v.description(description));

const flag = (description: string, unset: boolean) =>
  v.optional(v.pipe(v.boolean(), v.description(description)), unset);

const softmaxSchema = v.strictObject({ kind: v.literal('softmax'), causal: flag('Keys up to the query alone.', true) });
const linearSchema = v.strictObject({
  kind: v.literal('linear'),
  feature_width: count('Width of projected queries and keys; the map has 1 + d + d² features.'),
  reads: v.optional(count('Times the prompt is read.'), 1),
});
const hyperSchema = v.strictObject({
  kind: v.literal('hyper'),
  causal: flag('Keys up to the query alone.', true),
  block: v.optional(count('Keys of a block in hash order.'), 256),
  sample: v.optional(count('Sampled columns.'), 256),
  min_tokens: v.optional(count('Shorter squares are computed exactly.'), 4096),
});

/** One layer's mixing of tokens by itself, forward, as kernels are benchmarked. */
export const mixerSchema = v.strictObject({
  kind: v.literal('mixer'),
  mixer: v.pipe(
    v.variant('kind', [softmaxSchema, linearSchema, hyperSchema]),
    v.description('`softmax`: fused attention; `linear`: fused linear attention; `hyper`: HyperAttention.'),
  ),
  batch: count('Sequences.'),
  heads: count('Heads of the layer.'),
  head_width: count('Width of a value of one head, and of a query and key where the mixer has no features.'),
  tokens: count('Tokens of a sequence.'),
});
export type MixerFields = v.InferOutput<typeof mixerSchema>;

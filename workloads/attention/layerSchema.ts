import * as v from 'valibot';

const count = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31), v.description(description));

/** The attention of one layer by itself, on a spatial array or on a GPU. */
export const attentionSchema = v.strictObject({
  kind: v.literal('attention'),
  dataflow: v.pipe(
    v.picklist(['one-pass', 'row-wise', 'un-fused', 'fused']),
    v.description(
      'On an array, `one-pass`: scores never leave it (FuseMax); `row-wise`: rows of scores on chip (FLAT). On a GPU, `un-fused`: scores pass through memory; `fused`: tiles of them in a scratchpad (FlashAttention).',
    ),
  ),
  batch: count('Sequences.'),
  heads: count('Heads of the layer.'),
  sequence: count('Queries, and as many keys, of a sequence.'),
  key_width: count('Width of a query and of a key in one head.'),
  value_width: v.exactOptional(count('Width of a value in one head. Default: key_width.')),
  element_bits: v.optional(v.pipe(v.picklist([8, 16, 32]), v.description('Bits of an element.')), 16),
  mapping: v.exactOptional(
    v.pipe(
      v.strictObject({
        rows: count('Rows of scores of a head that are on chip at once.'),
        kept: v.optional(
          v.pipe(
            v.array(v.picklist(['query', 'key', 'value'])),
            v.description('Operands that stay on chip: the queries of those rows, all keys or all values of a head.'),
          ),
          [],
        ),
      }),
      v.description('Row-wise: what is on chip. Default: a tile of rows alone or no scores, whichever moves less.'),
    ),
  ),
  backward: v.exactOptional(v.pipe(v.boolean(), v.description('On a GPU: the backward pass too. Default: no.'))),
  mask: v.exactOptional(
    v.pipe(v.boolean(), v.description('On a GPU: padding is masked, which costs un-fused code passes. Default: no.')),
  ),
  causal: v.exactOptional(
    v.pipe(
      v.boolean(),
      v.description(
        'On a GPU: a token attends to itself and those before it. Un-fused, one more mask; fused, blocks left out. Default: no.',
      ),
    ),
  ),
  dropout: v.exactOptional(v.pipe(v.boolean(), v.description('On a GPU: with dropout. Default: no.'))),
  accumulate: v.exactOptional(
    v.pipe(
      v.boolean(),
      v.description('On a GPU, backward: gradients are added to those of a call before. Default: no.'),
    ),
  ),
});
export type AttentionFields = v.InferOutput<typeof attentionSchema>;

import * as v from 'valibot';
import { quantity } from '../../../input/schema.ts';

const share = (description: string) => v.pipe(v.number(), v.gtValue(0), v.maxValue(1), v.description(description));
const inside = (description: string) => v.pipe(v.number(), v.gtValue(0), v.ltValue(1), v.description(description));

/** Fields of the `hot-cold` placement. */
export const hotColdSchema = v.strictObject({
  kind: v.literal('hot-cold'),
  activated: v.exactOptional(
    v.pipe(
      v.strictObject({
        mlp: share('Share of the MLP neurons that a token activates.'),
        attention: v.optional(share('The same of the attention projections.'), 1),
      }),
      v.description('Only activated neurons are computed. Absent: all of them.'),
    ),
  ),
  hot: v.exactOptional(
    v.pipe(
      v.strictObject({
        neurons: inside('Share of the MLP neurons that are hot.'),
        activations: inside('Share of all activations that are theirs.'),
      }),
      v.description('A point of the distribution of activations, taken as a power law. Absent: neurons are alike.'),
    ),
  ),
  predictor: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(1),
      v.description('Size of the predictors of activated neurons, as a share of all weights.'),
    ),
    0,
  ),
  fast_load: v.exactOptional(
    share(
      'Share of the activated neurons that the fast unit computes in decode, where it is published. Absent: what the neurons that fit there have.',
    ),
  ),
  split: v.optional(
    v.pipe(
      v.picklist(['neurons', 'layers']),
      v.description('`neurons`: both units compute parts of every layer; `layers`: each layer is on one of them.'),
    ),
    'neurons',
  ),
  kv_on: v.optional(
    v.pipe(v.picklist(['host', 'fast']), v.description('Memory of the KV cache, and so where attention is computed.')),
    'host',
  ),
  fast_bytes: v.exactOptional(
    quantity('bytes', { description: 'Most bytes of weights in the fast memory; 0: none. Default: what fits' }),
  ),
});
export type HotColdFields = v.InferOutput<typeof hotColdSchema>;

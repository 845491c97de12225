import * as v from 'valibot';

const share = (description: string) => v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description(description));

/** Fields of the `neurons` placement. */
export const neuronsSchema = v.strictObject({
  kind: v.literal('neurons'),
  compute_on: v.optional(v.pipe(v.string(), v.description('Compute unit. Default: the first one on the fast memory.'))),
  resident: v.optional(
    share('Share of the weights held in memory; the rest is read whole for every token. With `sparse`: the budget.'),
    0,
  ),
  sparse: v.exactOptional(
    v.pipe(
      v.strictObject({
        fresh: share('Share of the MLP weights read anew for a token: neurons that no recent token had.'),
        predictor: v.optional(share('Size of the predictors of active neurons, as a share of all weights.'), 0),
        windowed: v.optional(
          v.pipe(v.boolean(), v.description('Whether neurons of recent tokens stay in memory, up to `resident`.')),
          true,
        ),
        bundled: v.optional(
          v.pipe(
            v.boolean(),
            v.description('Whether the rows and columns of a neuron lie together and are read at once.'),
          ),
          true,
        ),
      }),
      v.description('Read predicted neurons only. Absent: weights that are not resident are read in order.'),
    ),
  ),
});
export type NeuronsFields = v.InferOutput<typeof neuronsSchema>;

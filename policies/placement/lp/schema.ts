import * as v from 'valibot';

const count = (text: string) => v.pipe(v.number(), v.integer(), v.minValue(1), v.description(text));

export const lpSchema = v.strictObject({
  kind: v.literal('lp'),
  solver: v.optional(
    v.pipe(v.picklist(['yalps', 'highs']), v.description('The linear programming library. Default yalps.')),
    'yalps',
  ),
  choose_batch: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Search batch and batches too (true, the default), or keep the workload's own (false)."),
    ),
    true,
  ),
  max_batch: v.optional(count('Largest batch on the GPU that is tried. Default 256.'), 256),
  max_batches: v.optional(count('Most batches in a block that are tried. Default 16.'), 16),
  candidates: v.optional(count('Best solutions of the linear programs that are simulated. Default 8.'), 8),
  attention_on: v.optional(v.pipe(v.picklist(['auto', 'gpu', 'cpu']), v.description('As in `percent`.')), 'auto'),
  pin_weights: v.optional(v.pipe(v.boolean(), v.description('As in `percent`.')), true),
});
export type LpFields = v.InferOutput<typeof lpSchema>;

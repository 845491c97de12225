import * as v from 'valibot';

export const onChipSchema = v.strictObject({
  kind: v.literal('on-chip'),
  density: v.optional(
    v.pipe(
      v.record(
        v.pipe(v.string(), v.description('A projection: q, k, v, out, gate, up, down.')),
        v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
      ),
      v.description('Share of the weights kept in each projection that is pruned (N:M sparsity). Default: all of it.'),
    ),
    {},
  ),
});
export type OnChipFields = v.InferOutput<typeof onChipSchema>;

import * as v from 'valibot';
import type { Precision } from '../sim/types/index.ts';

const bits = (what: string) =>
  v.optional(
    v.pipe(
      v.number(),
      v.minValue(1),
      v.maxValue(32),
      v.description(`Stored bits of one element of ${what}. Default 16.`),
    ),
    16,
  );

/** The `precision` part: bits of what is stored and moved. */
export const precisionSchema = v.strictObject({
  weight_bits: bits('the weights'),
  kv_bits: bits('the KV cache'),
  activation_bits: bits('the hidden states between layers'),
  group_size: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.description('Elements that share one scale and minimum below 16 bits. Default 64.'),
    ),
    64,
  ),
  group_overhead_bits: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.description('Bits of scale and minimum of one group. Default 32 (two fp16 numbers).'),
    ),
    32,
  ),
});

/** The precision of a policy, or the model's own 16 bits where it says nothing. */
export function precisionOf(part: v.InferOutput<typeof precisionSchema> | undefined): Precision {
  return part ?? v.parse(precisionSchema, {});
}

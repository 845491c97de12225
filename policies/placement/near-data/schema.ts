import * as v from 'valibot';

const share = (description: string) => v.pipe(v.number(), v.gtValue(0), v.maxValue(1), v.description(description));

/** Fields of the `near-data` placement. */
export const nearDataSchema = v.strictObject({
  kind: v.literal('near-data'),
  attention_on: v.optional(
    v.pipe(
      v.picklist(['near', 'fast']),
      v.description(
        '`near`: decode attention runs where the KV cache lies; `fast`: the cache is in mapped files on the storage and is read for every step.',
      ),
    ),
    'near',
  ),
  sparse: v.exactOptional(
    v.pipe(
      v.strictObject({
        read: share('Share of the KV bytes that a step reads, whole pages included.'),
        compute: share('Share of the arithmetic of attention that is left.'),
        key_copies: v.optional(
          v.pipe(
            v.picklist([1, 2]),
            v.description('Layouts in which keys are stored: 2 is by token and by channel (SparQ). Default: 1.'),
          ),
          1,
        ),
      }),
      v.description('Sparse attention. Absent: dense.'),
    ),
  ),
});
export type NearDataFields = v.InferOutput<typeof nearDataSchema>;

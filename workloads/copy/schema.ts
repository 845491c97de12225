import * as v from 'valibot';
import { quantity } from '../../input/schema.ts';

/** Copies of one size over a link, one after another, as link benchmarks measure it. */
export const copySchema = v.strictObject({
  kind: v.literal('copy'),
  link: v.optional(v.pipe(v.string(), v.description('Id of the link.')), 'pcie'),
  direction: v.pipe(v.string(), v.minLength(1), v.description('h2d, d2h, read, write, tx or rx.')),
  bytes: quantity('bytes', { description: 'Bytes of one copy', exclusiveMin: 0 }),
  copies: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000), v.description('Copies in a row.')),
    1,
  ),
  both_directions: v.optional(
    v.pipe(v.boolean(), v.description('Whether as many bytes go the other way at the same time.')),
    false,
  ),
  host_memory: v.optional(
    v.pipe(v.picklist(['pinned', 'pageable']), v.description('How the host side is held.')),
    'pinned',
  ),
});
export type CopyFields = v.InferOutput<typeof copySchema>;

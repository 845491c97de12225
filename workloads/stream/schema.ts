import * as v from 'valibot';
import { quantity } from '../../input/schema.ts';

/** Streams through one memory, some reading and some writing, as bandwidth benchmarks measure it. */
export const streamSchema = v.strictObject({
  kind: v.literal('stream'),
  memory: v.optional(v.pipe(v.string(), v.description('The memory. Default: the fast role.'))),
  read_share: v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description('Share of the bytes that are read.')),
    1,
  ),
  bytes: v.optional(quantity('bytes', { description: 'Bytes in all, each touched once', exclusiveMin: 0 }), 1e9),
});
export type StreamFields = v.InferOutput<typeof streamSchema>;

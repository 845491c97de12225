import * as v from 'valibot';
import { quantity } from '../../input/schema.ts';

const count = (description: string, largest: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(largest), v.description(description));
const bytes = (description: string) => quantity('bytes', { description, exclusiveMin: 0 });

/** A closed loop of reads and writes on one flash drive, page by page. */
export const ioSchema = v.strictObject({
  kind: v.literal('io'),
  memory: v.optional(v.pipe(v.string(), v.description('Memory with a `flash` part. Default: the storage role.'))),
  request_bytes: bytes('Bytes of one request'),
  queue_depth: count('Requests under way at all times.', 65_536),
  read_share: v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description('Share of the requests that read.')),
    1,
  ),
  pattern: v.optional(v.pipe(v.picklist(['random', 'sequential']), v.description('Order of the addresses.')), 'random'),
  align_bytes: v.exactOptional(bytes('Addresses are multiples of this. Default: the request')),
  span_bytes: v.exactOptional(bytes('Part of the drive that is addressed. Default: all of it')),
  duration_s: v.optional(quantity('s', { description: 'Simulated time', exclusiveMin: 0, max: 3600 }), 1),
  consumer: v.optional(
    v.pipe(
      v.picklist(['host', 'drive']),
      v.description('Who asks: the host over its link, or compute inside the drive, which sees the channels.'),
    ),
    'host',
  ),
});
export type IoFields = v.InferOutput<typeof ioSchema>;

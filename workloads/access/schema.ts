import * as v from 'valibot';
import { quantity } from '../../input/schema.ts';

const count = (description: string, largest: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(largest), v.description(description));
const bytes = (description: string) => quantity('bytes', { description, exclusiveMin: 0 });

/** Reads of a DRAM access by access, as FPGA benchmarks measure its channels, banks and rows. */
export const accessSchema = v.strictObject({
  kind: v.literal('access'),
  memory: v.optional(v.pipe(v.string(), v.description('Memory with `dram_channels`. Default: the fast role.'))),
  masters: v.optional(count('Ports that read, each from its own part of the addresses.', 4096), 1),
  requests: v.optional(count('Requests of each master.', 10_000_000), 10_000),
  request_bytes: bytes('Bytes of one request'),
  pattern: v.optional(
    v.pipe(v.picklist(['random', 'sequential']), v.description('Order of the addresses.')),
    'sequential',
  ),
  stride_bytes: v.exactOptional(bytes('From one sequential request to the next. Default: the request')),
  span_bytes: v.exactOptional(bytes('What each master addresses. Default: its equal part of the memory')),
  outstanding: v.optional(count('Requests of a master under way at most; 1 measures latency.', 4096), 64),
  master_bytes_per_s: v.exactOptional(
    quantity('bytes_per_s', {
      description: 'Rate at which a master asks for data. Default: that of its port',
      exclusiveMin: 0,
    }),
  ),
  gap_s: v.optional(quantity('s', { description: 'From the last beat of a request until the next is sent' }), 0),
  ordered: v.optional(
    v.pipe(
      v.boolean(),
      v.description('Whether a request for another channel waits for all before it, as AXI reads of one ID do.'),
    ),
    false,
  ),
});
export type AccessFields = v.InferOutput<typeof accessSchema>;

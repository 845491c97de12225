import * as v from 'valibot';
import { quantity } from '../../input/schema.ts';

const count = (description: string, largest = 1e6) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(largest), v.description(description));
const bytes = (description: string) => quantity('bytes', { description, exclusiveMin: 0 });
const compute = quantity('s', { description: 'Time of one thread on one round of results' });

const graphSchema = v.strictObject({
  kind: v.pipe(v.literal('graph'), v.description('A graph on the drive, walked in rounds (DiskANN).')),
  hops: count('Rounds of a query, one after another.'),
  beam: count('Nodes read together in a round.', 1024),
  node_bytes: bytes('Bytes read for a node: its vector and neighbours, in whole sectors'),
  cached_hops: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.description('First rounds whose nodes are kept in memory.')),
    0,
  ),
  round_compute_s: compute,
});
const listsSchema = v.strictObject({
  kind: v.pipe(v.literal('lists'), v.description('Posting lists on the drive behind centroids in memory (SPANN).')),
  lists: count('Lists that a query reads, after pruning, all at once.', 65_536),
  list_bytes: bytes('Bytes of a list at most'),
  round_compute_s: compute,
});

/** Vector search whose index is in memory and whose vectors are on a flash drive. */
export const searchSchema = v.strictObject({
  kind: v.literal('search'),
  method: v.pipe(v.variant('kind', [graphSchema, listsSchema]), v.description('How a query finds its neighbours.')),
  vectors: count('Vectors in the data set.', 2 ** 40),
  index_bytes_per_vector: bytes('Bytes that the host memory holds per vector: compressed vectors, or its centroids'),
  stored_bytes_per_vector: bytes('Bytes that the drive holds per vector, replicas included'),
  threads: count('Queries under way at once.', 65_536),
  drive: v.optional(v.pipe(v.string(), v.description('Memory with a `flash` part. Default: the storage role.'))),
  duration_s: v.optional(quantity('s', { description: 'Simulated time', exclusiveMin: 0, max: 3600 }), 0.5),
});
export type SearchFields = v.InferOutput<typeof searchSchema>;

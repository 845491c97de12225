import * as v from 'valibot';
import { quantity } from '../../input/schema.ts';
import { DoesNotFitError, MissingFactError } from '../../sim/errors.ts';
import { summarize } from '../../sim/kernel/quantiles.ts';
import type { Machine, RunResult } from '../../sim/types/index.ts';
import { type QueryPlan, searchLoop } from './loop.ts';

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

/** The rounds of a query: reads that go out together, then compute. */
export function planOf({ method }: SearchFields): QueryPlan {
  if (method.kind === 'lists') {
    return {
      rounds: 1,
      reads: method.lists,
      read_bytes: method.list_bytes,
      compute_s: method.round_compute_s,
      free_rounds: 0,
    };
  }
  return {
    rounds: method.hops,
    reads: method.beam,
    read_bytes: method.node_bytes,
    compute_s: method.round_compute_s,
    free_rounds: Math.min(method.hops, method.cached_hops),
  };
}

/**
 * Runs queries in a closed loop of `threads`.
 * @throws DoesNotFitError when the index is larger than the host's memory or the vectors than the drive, and
 * MissingFactError when there is no host memory or no flash drive.
 */
export function runSearch(fields: SearchFields, machine: Machine, seed: number): RunResult {
  const host = machine.memories.find(({ id }) => id === machine.roles.host);
  const id = fields.drive ?? machine.roles.storage;
  const drive = machine.memories.find((memory) => memory.id === id);
  if (host === undefined || drive?.flash === undefined) {
    const what = host === undefined ? 'no host role' : `no flash part in its memory "${id}"`;
    throw new MissingFactError(`machine "${machine.id}" has ${what}, which search needs`);
  }
  const index = fields.vectors * fields.index_bytes_per_vector;
  const stored = fields.vectors * fields.stored_bytes_per_vector;
  const fits = (memory: typeof host, what: string, needed: number): void => {
    const room = memory.capacity_bytes - memory.reserved_bytes;
    if (needed > room) throw new DoesNotFitError(memory.id, what, needed, room, 0, [{ what, bytes: needed }]);
  };
  fits(host, 'the index in memory', index);
  fits(drive, 'the stored vectors', stored);
  const plan = planOf(fields);
  // Queries only read, so there is no garbage to collect.
  const { collection: _, ...flash } = drive.flash;
  const found = searchLoop(
    flash,
    { plan, threads: fields.threads, span_bytes: stored, duration_s: fields.duration_s },
    seed,
  );
  const metrics: Record<string, number> = {
    'time.total_s': fields.duration_s,
    'throughput.queries_per_s': found.queries / fields.duration_s,
    'throughput.ios_per_s': found.reads / fields.duration_s,
    [`memory.${host.id}.index.peak_bytes`]: index,
    [`memory.${drive.id}.index.peak_bytes`]: stored,
    [`busy.flash.${drive.id}.channels.fraction`]: found.channel_busy,
    [`busy.flash.${drive.id}.chips.fraction`]: found.unit_busy,
    'sim.events': found.events,
  };
  if (found.queries > 0) {
    const { count: _, ...stats } = summarize(found.latencies_ns);
    for (const [stat, ns] of Object.entries(stats)) metrics[`latency.request_s.${stat}`] = ns / 1e9;
  }
  return { metrics, warnings: [] };
}

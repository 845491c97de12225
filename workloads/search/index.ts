import { DoesNotFitError, MissingFactError } from '../../sim/errors.ts';
import { summarize } from '../../sim/kernel/quantiles.ts';
import type { Machine, RunResult } from '../../sim/types/index.ts';
import { type QueryPlan, searchLoop } from './loop.ts';
import type { SearchFields } from './schema.ts';

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

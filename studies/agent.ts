import { InputError } from '../input/index.ts';
import { withStoredPrefix } from '../policies/index.ts';
import { DoesNotFitError, MissingFactError } from '../sim/errors.ts';
import { measure } from '../sim/executor/index.ts';
import { summarize } from '../sim/kernel/quantiles.ts';
import type { Machine, Metrics, Role, RunResult } from '../sim/types/index.ts';
import type { AgentFields } from '../workloads/agent/schema.ts';
import { type Call, type StoreTraffic, turnsOf } from '../workloads/agent/turns.ts';
import { generateFields } from '../workloads/generate/schema.ts';
import { sumMetrics } from './agentMetrics.ts';
import { canonicalJson } from './canonical.ts';
import type { ResolvedCase } from './resolve.ts';

/**
 * Runs the turns of an agent: each call is a generation on the machine under the case's policy, each look-up and insertion
 * traffic of the memory that holds the store. Calls with equal inputs are simulated once (functional hashing).
 * @module
 */

/** Simulates one generation. */
export type RunCall = (resolved: ResolvedCase) => Promise<RunResult>;

/**
 * @throws InputError for a call without a model; MissingFactError for a role the machine lacks; DoesNotFitError where the
 * store does not fit, and whatever a generation throws.
 */
export async function runAgent(resolved: ResolvedCase, fields: AgentFields, runCall: RunCall): Promise<RunResult> {
  const { machine } = resolved;
  const turns = turnsOf(fields);
  const known = new Map<string, Promise<RunResult>>();
  const parts: Metrics[] = [];
  const turnS: number[] = [];
  const warnings = new Set<string>();
  const totals = { prompt: 0, reused: 0, output: 0, calls: 0, made: 0, store_bytes: 0, store_read: 0, store_s: 0 };
  for (const { calls, store } of turns) {
    let seconds = 0;
    if (store !== null) {
      const result = runStore(machine, fields.store!.in, store);
      parts.push(result);
      seconds += result['time.total_s'] ?? 0;
      totals.store_s += result['time.total_s'] ?? 0;
      totals.store_bytes = Math.max(totals.store_bytes, store.held_bytes);
      totals.store_read += store.read_bytes;
    }
    for (const call of calls) {
      const key = canonicalJson(call);
      const made = known.get(key) ?? runCall(callCase(resolved, fields, call));
      known.set(key, made);
      const { metrics, warnings: said } = await made;
      for (const warning of said) warnings.add(warning);
      parts.push(metrics);
      seconds += metrics['time.total_s'] ?? 0;
      totals.made += 1;
      totals.calls += call.batch;
      totals.prompt += call.batch * call.prompt;
      totals.reused += call.batch * call.reused;
      totals.output += call.batch * call.output;
    }
    turnS.push(seconds);
  }
  const sums = sumMetrics(parts);
  const metrics: Record<string, number> = {
    ...sums,
    ...agentMetrics(machine, fields, totals, turnS, known.size, sums),
  };
  const whole = metrics['energy.total_j'];
  if (totals.store_read > 0 && whole !== undefined) {
    delete metrics['energy.total_j'];
    metrics['energy.known_j'] = whole;
    warnings.add('the energy of reading the store is not counted: energy.known_j covers the other parts only');
  }
  return { metrics, warnings: [...warnings] };
}

function agentMetrics(
  machine: Machine,
  fields: AgentFields,
  totals: Readonly<
    Record<'prompt' | 'reused' | 'output' | 'calls' | 'made' | 'store_bytes' | 'store_read' | 'store_s', number>
  >,
  turnS: readonly number[],
  distinct: number,
  sums: Metrics,
): Record<string, number> {
  const metrics: Record<string, number> = {};
  const seconds = turnS.reduce((sum, turn) => sum + turn, 0);
  const { count: _, ...stats } = summarize(turnS);
  for (const [stat, value] of Object.entries(stats)) metrics[`latency.request_s.${stat}`] = value;
  if (seconds > 0) metrics['throughput.requests_per_s'] = fields.turns / seconds;
  if (totals.calls > 0) {
    metrics['agent.calls'] = totals.calls;
    metrics['agent.prompt_tokens'] = totals.prompt;
    metrics['agent.computed_tokens'] = totals.prompt - totals.reused;
    metrics['agent.output_tokens'] = totals.output;
    metrics['agent.repeated_fraction'] = 1 - distinct / totals.made;
    metrics['cache.prefix.token_hit_ratio'] = totals.reused / totals.prompt;
    if (seconds > 0) metrics['throughput.tokens_per_s'] = totals.output / seconds;
  }
  if (fields.store !== undefined) {
    const memory = memoryOf(machine, fields.store.in);
    metrics[`memory.${memory.id}.index.peak_bytes`] = totals.store_bytes;
    metrics[`memory.${memory.id}.peak_bytes`] = totals.store_bytes + (sums[`memory.${memory.id}.peak_bytes`] ?? 0);
    metrics['store.read_bytes'] = totals.store_read;
    metrics['store.time_s'] = totals.store_s;
  }
  return metrics;
}

/** The case that one call is. */
function callCase(resolved: ResolvedCase, fields: AgentFields, call: Call): ResolvedCase {
  if (call.model === '') {
    const problem = `the call ${JSON.stringify(call.id)} has no model`;
    throw new InputError({ code: 'missing_key', problem, expected: '`model` of the workload or of the call' });
  }
  const { prompt, output, batch, model, reused } = call;
  const { attention_kernel, pointwise_kernels } = fields;
  const workload = generateFields({
    ...{ model, prompt, output, batch, attention_kernel },
    ...(pointwise_kernels !== undefined && { pointwise_kernels }),
  });
  const from = fields.prefix_cache === 'none' ? 'fast' : fields.prefix_cache;
  const kv = reused === 0 ? resolved.kv : withStoredPrefix(resolved.kv, reused / prompt, from);
  return { ...resolved, parts: { ...resolved.parts, workload }, kv };
}

function memoryOf(machine: Machine, role: Role) {
  const memory = machine.memories.find(({ id }) => id === machine.roles[role]);
  if (memory !== undefined) return memory;
  throw new MissingFactError(`machine "${machine.id}" has no ${role} memory, which the store needs`);
}

/**
 * Time and traffic of a turn's look-ups and insertions. A scan streams at the memory's rate; entries that are gathered
 * wait for the memory's latency one after another, as a chain of look-ups does. What is returned crosses to the fast memory.
 */
function runStore(machine: Machine, role: Role, store: StoreTraffic): Metrics {
  const memory = memoryOf(machine, role);
  const room = memory.capacity_bytes - memory.reserved_bytes;
  if (store.held_bytes > room) throw new DoesNotFitError(memory.id, 'the store', store.held_bytes, room, 0, []);
  const fast = machine.roles.fast;
  const moved =
    fast === undefined || fast === memory.id || store.returned_bytes === 0
      ? {}
      : measure(machine, (actions) => {
          actions.move({
            from: memory.id,
            to: fast,
            bytes: store.returned_bytes,
            stream: 'activation_read',
            host_memory: 'pinned',
            queue: 'store',
            workers: null,
            limit_bytes_per_s: Number.POSITIVE_INFINITY,
            after: -1,
          });
        }).metrics;
  const grain = (bytes: number): number => Math.ceil(bytes / memory.granularity_bytes) * memory.granularity_bytes;
  const read = store.reads === 0 ? 0 : store.reads * grain(store.read_bytes / store.reads);
  const access =
    read / memory.read_bytes_per_s +
    store.reads * memory.latency_s +
    (store.written_bytes === 0 ? 0 : store.written_bytes / (memory.write_bytes_per_s || memory.read_bytes_per_s));
  const total = (moved['time.total_s'] ?? 0) + access;
  return { ...moved, 'time.total_s': total };
}

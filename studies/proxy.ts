import { InputError, quote } from '../input/index.ts';
import type { KvSpec } from '../policies/index.ts';
import { chooserOf, retention } from '../policies/kv/identities.ts';
import { replicationInterval } from '../sim/kernel/confidence.ts';
import { randomStreams } from '../sim/kernel/random.ts';
import type { AttentionSource, Metrics, Program } from '../sim/types/index.ts';
import { AttentionProcess } from '../workloads/attention/process.ts';
import type { AttentionFields } from '../workloads/attention/schema.ts';
import { readAttentionTrace } from '../workloads/attention/trace.ts';
import type { Workload } from '../workloads/schema.ts';

/**
 * What a policy retains of the workload's attention process: the mass on the tokens it keeps (or fetches), and how many
 * of them it chose the step before. Our own proxy under its own name, a mean over sampled heads with the half width of
 * its 95 % interval; never a score. Empty without a process, a policy, or a signal that has identities.
 */
export function retainedMass(
  workload: Workload,
  kv: KvSpec | null,
  program: Program,
  seed: number,
  readText: (file: string) => string,
): Metrics {
  if (workload.kind !== 'generate' || workload.attention === undefined || kv === null) return {};
  const chooser = chooserOf(kv.fields, attended(program), workload.prompt);
  if (chooser === null) return {};
  const sources = sourcesOf(workload.attention, workload.prompt, seed, readText);
  const seen = sources.map((source) => retention(chooser, source, workload.attention!.steps));
  const masses = seen.map((one) => one.mass);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    'proxy.retained_mass': mean(masses),
    // One recorded head has no interval.
    ...(masses.length > 1 ? { 'proxy.retained_mass_half_width': replicationInterval(masses).halfWidth } : {}),
    'proxy.step_overlap': mean(seen.map((one) => one.overlap)),
  };
}

/**
 * The policy with the share of fetched tokens that are in place already as the attention process gives it (the overlap of
 * one step's choice with the next), where its fetch asks for that; null where it does not, or nothing is chosen.
 */
export function withProcessHits(kv: KvSpec, metrics: Metrics): KvSpec | null {
  const { fetch } = kv.fields;
  const overlap = metrics['proxy.step_overlap'];
  if (fetch?.hit !== 'process' || overlap === undefined) return null;
  return { ...kv, fields: { ...kv.fields, fetch: { ...fetch, hit: overlap } } };
}

/** Heads to follow: those of a recorded trace, or so many of the process. @throws InputError for a trace of another prompt. */
function sourcesOf(
  { trace, heads, steps: _, ...fields }: AttentionFields,
  prompt: number,
  seed: number,
  readText: (file: string) => string,
): readonly AttentionSource[] {
  if (trace === undefined) {
    const random = randomStreams(seed);
    return Array.from(
      { length: heads },
      (__, head) => new AttentionProcess(prompt, fields, random.stream(`attention/${head}`)),
    );
  }
  const recorded = [...readAttentionTrace(readText(trace).split('\n'), trace)];
  for (const [head, { prompt_tokens }] of recorded) {
    if (prompt_tokens === prompt) continue;
    const problem = `head ${head} of ${quote(trace)} was recorded after a prompt of ${prompt_tokens} tokens`;
    throw new InputError({
      code: 'bad_value',
      problem,
      expected: `workload.prompt of ${prompt_tokens}, not ${prompt}`,
    });
  }
  if (recorded.length === 0) {
    throw new InputError({ code: 'bad_value', problem: `${quote(trace)} has no rows`, expected: 'a recorded head' });
  }
  return recorded.map(([, source]) => source);
}

/** Tokens that the first decode step attends, a mean over layers. */
function attended(program: Program): number {
  let tokens = 0;
  let layers = 0;
  for (const { repeat, ops } of program.segments()) {
    for (const { phase, step, batch, state } of ops) {
      if (step > 1) return layers === 0 ? 0 : tokens / layers;
      if (phase !== 'decode' || state === null || batch > 0) continue;
      tokens += repeat * state.read_tokens;
      layers += repeat;
    }
  }
  return layers === 0 ? 0 : tokens / layers;
}

import { chooserOf, type KvSpec, retention } from '../policies/index.ts';
import { replicationInterval } from '../sim/kernel/confidence.ts';
import { randomStreams } from '../sim/kernel/random.ts';
import type { Metrics, Program } from '../sim/types/index.ts';
import { AttentionProcess } from '../workloads/attention/process.ts';
import type { Workload } from '../workloads/schema.ts';

/**
 * What a policy retains of the workload's attention process: the mass on the tokens it keeps (or fetches), and how many
 * of them it chose the step before. Our own proxy under its own name, a mean over sampled heads with the half width of
 * its 95 % interval; never a score. Empty without a process, a policy, or a signal that has identities.
 */
export function retainedMass(workload: Workload, kv: KvSpec | null, program: Program, seed: number): Metrics {
  if (workload.kind !== 'generate' || workload.attention === undefined || kv === null) return {};
  const { heads, steps, ...fields } = workload.attention;
  const chooser = chooserOf(kv.fields, attended(program), workload.prompt);
  if (chooser === null) return {};
  const random = randomStreams(seed);
  const seen = Array.from({ length: heads }, (_, head) =>
    retention(chooser, new AttentionProcess(workload.prompt, fields, random.stream(`attention/${head}`)), steps),
  );
  const mass = replicationInterval(seen.map((one) => one.mass));
  const overlap = replicationInterval(seen.map((one) => one.overlap));
  return {
    'proxy.retained_mass': mass.mean,
    'proxy.retained_mass_half_width': mass.halfWidth,
    'proxy.step_overlap': overlap.mean,
  };
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

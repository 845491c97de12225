import type { Machine } from '../../types/machine.ts';
import type { RunResult } from '../../types/result.ts';
import type { TensorTrace } from '../../types/trace.ts';
import type { EvictionOrder } from './heuristics.ts';
import { replayDtr } from './runtime.ts';

/**
 * The metrics of a recorded step under a memory budget. Times are the recorded ones: no host cost of choosing and no
 * overlap.
 * @throws DoesNotFitError
 */
export function simulateDtr(
  machine: Machine,
  trace: TensorTrace,
  { budget_bytes, order }: { readonly budget_bytes: number; readonly order: EvictionOrder },
): RunResult {
  const memory = machine.roles.fast ?? 'gpu';
  const run = replayDtr(trace, { memory, budget_bytes, order });
  const total = (run.base_ns + run.again_ns) / 1e9;
  return {
    metrics: {
      'time.total_s': total,
      'time.step_s': total,
      'time.recompute_s': run.again_ns / 1e9,
      [`memory.${memory}.peak_bytes`]: run.peak_bytes,
      [`memory.${memory}.weight.peak_bytes`]: run.constant_bytes,
      'cache.evictions': run.evicted.length,
      'cache.eager_frees': run.left.length - run.evicted.length,
      'sim.events': run.scored,
    },
    warnings: [],
  };
}

import type { Metrics, Network } from '../../sim/types/index.ts';
import { largest } from '../planner/live.ts';
import type { MemoryPlan } from '../planner/planner.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Halo } from '../schedule/schema.ts';
import { scheduledMacs } from '../schedule/search.ts';

/** What the plan of a network says before anything runs, under the names of docs/metrics.md. */
export function planMetrics(memory: string, schedule: Schedule, plan: MemoryPlan, halo: Halo): Metrics {
  const { network, stage } = schedule;
  const macs = scheduledMacs(schedule, halo);
  const own = network.layers.reduce((sum, layer) => sum + layer.macs, 0);
  const metrics: Record<string, number> = {
    'compute.macs': macs,
    [`memory.${memory}.live_peak_bytes`]: plan.live_peak_bytes,
    'network.macs': own,
    'network.parameters': trained(network),
    'network.layers': network.layers.length,
  };
  if (stage === null) return metrics;
  const done = halo === 'clipped' ? stage.clipped_macs : stage.unclipped_macs;
  const split = stage.layers;
  return {
    ...metrics,
    'compute.recompute_flops': 2 * (macs - own),
    'patch.patches': stage.patches,
    'patch.layers': split,
    'patch.input_px': stage.input_side[0],
    'patch.stage_macs': done,
    'patch.stage_overhead': done / stage.macs - 1,
    'patch.overhead': macs / own - 1,
    'patch.stage_peak_bytes': largest(plan.step_bytes.slice(0, split)),
    'patch.rest_peak_bytes': largest(plan.step_bytes.slice(split)),
  };
}

/** Parameters as trained: normalisations unfolded, biases only where a layer has one of its own. */
function trained({ layers }: Network): number {
  return layers.reduce((sum, { weights, biases, norm, tables, op }) => {
    return sum + weights + norm + tables + (norm === 0 || op === 'fc' ? biases : 0);
  }, 0);
}

import type { Metrics } from '../sim/types/index.ts';

/** Metrics that add up over runs that follow one another. */
const ADDED =
  /^(time\.(?!step_s)|traffic\.|compute\.(flops|macs|recompute_flops)$|energy\.|cost\.usd$|carbon\.|wear\..*_bytes$|bound\.time_s$|sim\.events$)/;
/** Metrics of which the largest counts. */
const LARGEST = /^memory\..*(peak|end)_bytes$/;
/** Shares of the time, and means over it. */
const SHARED = /^(busy\.|compute\.mfu$|memory\..*mean_bytes$)/;

/** The metrics of runs one after another as those of one run: sums, maxima, and means weighted by time. */
export function sumMetrics(parts: readonly Metrics[]): Record<string, number> {
  const sum: Record<string, number> = {};
  const weighted: Record<string, number> = {};
  for (const metrics of parts) {
    const seconds = metrics['time.total_s'] ?? 0;
    for (const [name, value] of Object.entries(metrics)) {
      if (ADDED.test(name)) sum[name] = (sum[name] ?? 0) + value;
      else if (LARGEST.test(name)) sum[name] = Math.max(sum[name] ?? 0, value);
      else if (SHARED.test(name)) weighted[name] = (weighted[name] ?? 0) + value * seconds;
    }
  }
  const total = sum['time.total_s'] ?? 0;
  if (total > 0) for (const [name, value] of Object.entries(weighted)) sum[name] = value / total;
  // Energy is whole only where every run knows all of its parts.
  if (sum['energy.known_j'] !== undefined) {
    sum['energy.known_j'] += sum['energy.total_j'] ?? 0;
    delete sum['energy.total_j'];
  }
  if (sum['bound.time_s'] !== undefined && sum['bound.time_s'] > 0) sum['bound.gap'] = total / sum['bound.time_s'];
  return sum;
}

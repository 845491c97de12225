import { directionOf, isCostMetric } from '../reports/metrics.ts';
import { paretoFront } from '../reports/paretoFront.ts';
import type { Metrics } from '../sim/types/index.ts';

/**
 * Runs side by side. The first is the reference that the others are divided by.
 * @module
 */

export interface ComparedRun {
  readonly label: string;
  /** Null for a run that came to no end. */
  readonly metrics: Metrics | null;
}

export interface ComparedMetric {
  readonly metric: string;
  /** One value a run, null where it has none. */
  readonly values: readonly (number | null)[];
  /** Value ÷ the reference's; null where that has no meaning. */
  readonly ratios: readonly (number | null)[];
}

/** What `compare --json` prints. */
export interface Comparison {
  readonly schema: 'tierflow/compare/1';
  readonly reference: string;
  /** The metrics that decide who is on the Pareto front. */
  readonly objectives: readonly string[];
  /** `pareto` is null where the run did not end, or there is no front. */
  readonly runs: readonly { readonly label: string; readonly ended: boolean; readonly pareto: boolean | null }[];
  readonly metrics: readonly ComparedMetric[];
}

/** Speed, of whatever kind the workload has. */
const SPEED = [
  'throughput.tokens_per_s',
  'throughput.requests_per_s',
  'throughput.samples_per_s',
  'throughput.queries_per_s',
  'time.step_s',
  'time.total_s',
];
/** The scarce memory. */
const SPACE = ['gpu', 'hbm', 'onchip', 'sram', 'cpu'].map((id) => `memory.${id}.peak_bytes`);

/**
 * The table of `runs`. Without `metrics` it shows every cost that any of them has; without `objectives` the front is
 * that of speed against peak of the scarcest memory that all have.
 */
export function compareRuns(
  runs: readonly ComparedRun[],
  chosen: {
    readonly metrics?: readonly string[] | undefined;
    readonly objectives?: readonly string[] | undefined;
    /** Which metrics are shown where `metrics` does not list them; costs by default. */
    readonly showing?: ((metric: string) => boolean) | undefined;
  } = {},
): Comparison {
  const [reference] = runs;
  const ended = metricsOf(runs);
  const everywhere = (name: string): boolean => ended.every((metrics) => metrics[name] !== undefined);
  const objectives = chosen.objectives ?? [SPEED, SPACE].flatMap((names) => names.find(everywhere) ?? []);
  const names =
    chosen.metrics ??
    [...new Set(ended.flatMap((metrics) => Object.keys(metrics)))].filter(chosen.showing ?? isCostMetric);
  const onFront = frontOf(runs, objectives);
  return {
    schema: 'tierflow/compare/1',
    reference: reference?.label ?? '',
    objectives,
    runs: runs.map(({ label, metrics }, i) => ({ label, ended: metrics !== null, pareto: onFront?.[i] ?? null })),
    metrics: names.map((metric) => {
      const values = runs.map((run) => run.metrics?.[metric] ?? null);
      const base = values[0] ?? null;
      const ratios = values.map((value) => (value === null || base === null || base === 0 ? null : value / base));
      return { metric, values, ratios };
    }),
  };
}

/** Of the runs that came to an end. */
const metricsOf = (runs: readonly ComparedRun[]): Metrics[] =>
  runs.map(({ metrics }) => metrics).filter((metrics) => metrics !== null);

/** Which runs no other beats on both objectives, null for those that did not end; null unless the others have both. */
function frontOf(runs: readonly ComparedRun[], objectives: readonly string[]): (boolean | null)[] | null {
  const [x, y] = objectives;
  if (x === undefined || y === undefined) return null;
  const ended = metricsOf(runs);
  const points = ended.flatMap((metrics) => {
    const [a, b] = [metrics[x], metrics[y]];
    return a === undefined || b === undefined ? [] : [{ x: a, y: b }];
  });
  if (points.length < ended.length) return null;
  const front = paretoFront(points, betterOf(x), betterOf(y));
  let next = 0;
  return runs.map(({ metrics }) => (metrics === null ? null : front.has(next++)));
}

const betterOf = (metric: string): 'lower' | 'higher' => (directionOf(metric) === 'higher' ? 'higher' : 'lower');

import { firstFit, type OrderName, orderOf } from './mapping/greedy.ts';
import type { MapBuffer } from './mapping/problem.ts';
import { type MapPlan, solveMapping } from './mapping/solve.ts';
import { buildTimeline, lowerBoundOf } from './mapping/timeline.ts';

/** What a static planner gives: offsets, their top, and what is known about them. */
export type Planner = (buffers: readonly MapBuffer[], options: PlannerOptions) => MapPlan;

export interface PlannerOptions {
  readonly capacity_bytes?: number;
  /** Only `exact` looks at them. */
  readonly time_limit_s?: number;
  readonly now_s?: () => number;
}

/** First fit in one order, and the bound beside it. */
const greedy =
  (name: OrderName): Planner =>
  (buffers, { capacity_bytes = Number.POSITIVE_INFINITY }) => {
    const timeline = buildTimeline(buffers);
    const lower_bound_bytes = lowerBoundOf(timeline);
    const { offsets, height } = firstFit(timeline, orderOf(timeline, name))!;
    const fits = height <= capacity_bytes ? 'feasible' : 'not_found';
    return {
      verdict: height === lower_bound_bytes && fits === 'feasible' ? 'optimal' : fits,
      offsets: Float64Array.from(timeline.itemOf, (item) => offsets[item]!),
      peak_bytes: height,
      lower_bound_bytes,
      nodes: 0,
    };
  };

/** Seconds without a clock: a search that must be reproducible has no time limit. */
const noClock = (): number => 0;

/** The planners of static addresses by kind. */
export const PLANNERS = {
  'tflm-greedy': greedy('size'),
  'greedy-by-area': greedy('area'),
  'greedy-by-lifetime': greedy('lifetime'),
  'greedy-by-conflicts': greedy('conflicts'),
  exact: (buffers, { now_s = noClock, ...options }) => solveMapping(buffers, options, now_s),
} as const satisfies Readonly<Record<string, Planner>>;
export type PlannerKind = keyof typeof PLANNERS;

import { type Assignment, formatPath } from '../input/index.ts';
import { sortMetrics } from '../reports/json.ts';
import type { Metrics } from '../sim/types/index.ts';
import { contentHash } from './canonical.ts';
import type { StudyDocument } from './cases.ts';
import type { Outcome } from './outcome.ts';
import { type ResolvedCase, type ResolveOptions, resolveCase } from './resolve.ts';
import { inputHashes, type RunFiles } from './run.ts';
import { type Axis, countPoints, points, type Shard, settings } from './sweepPlan.ts';

/**
 * A sweep: every combination of the values of its axes, each distinct input simulated once.
 * @module
 */

/** What one distinct input gave; kept under the hash of the input. */
export interface SweepRow {
  readonly hash: string;
  readonly status: Outcome['status'];
  readonly metrics: Metrics;
  /** Why there are no metrics. */
  readonly message?: string;
}

/** A point with what it runs. */
export interface PlannedPoint {
  readonly index: number;
  readonly set: Readonly<Record<string, unknown>>;
  readonly resolved: ResolvedCase;
  readonly hash: string;
}

export interface SweepPlan {
  readonly study: string;
  readonly case: string;
  readonly axes: readonly Axis[];
  readonly shard: Shard;
  readonly points: readonly PlannedPoint[];
}

/**
 * Resolves every point of the shard, so that a mistake is found before anything runs. The sets of `options` apply
 * first, then the values of the axes in order.
 * @throws InputError for the first point that is not a valid study.
 */
export async function planSweep(
  study: StudyDocument,
  caseId: string,
  axes: readonly Axis[],
  shard: Shard,
  options: ResolveOptions & Pick<RunFiles, 'readModel' | 'readText'> & { readonly version: string },
): Promise<SweepPlan> {
  const planned: PlannedPoint[] = [];
  for (const point of points(axes, shard)) {
    const varied = axes.map(({ path }, i): Assignment => {
      return { path, value: point.values[i], from: `--vary ${formatPath(path)}` };
    });
    const resolved = resolveCase(study, caseId, { ...options, sets: [...(options.sets ?? []), ...varied] });
    const inputs = await inputHashes(resolved, options);
    const hash = await contentHash({ version: options.version, seed: resolved.seed, inputs });
    planned.push({ index: point.index, set: settings(axes, point), resolved, hash });
  }
  return { study: study.name, case: caseId, axes, shard, points: planned };
}

/** The first point of every input that is not known yet, in order. */
export function pending(plan: SweepPlan, known: ReadonlyMap<string, SweepRow>): PlannedPoint[] {
  const seen = new Set(known.keys());
  return plan.points.filter(({ hash }) => !seen.has(hash) && seen.add(hash));
}

/** The row of an outcome. */
export function rowOf(hash: string, outcome: Outcome): SweepRow {
  if (outcome.status === 'ran') return { hash, status: 'ran', metrics: sortMetrics(outcome.metrics) };
  return { hash, status: outcome.status, metrics: {}, message: outcome.error.message };
}

/** What `sweep --json` prints. Points without a row (an interrupted sweep) are left out, and `complete` is false. */
export interface SweepDocument {
  readonly schema: 'tierflow/sweep/1';
  readonly study: string;
  readonly case: string;
  readonly vary: readonly { readonly path: string; readonly values: readonly unknown[] }[];
  readonly shard: Shard;
  readonly points: readonly (Omit<PlannedPoint, 'resolved'> & Omit<SweepRow, 'hash'>)[];
  readonly summary: {
    /** Combinations of the whole sweep, all shards together. */
    readonly combinations: number;
    readonly points: number;
    readonly distinct: number;
    /** Share of the points whose input another point has too. */
    readonly duplicate_fraction: number;
    readonly does_not_fit: number;
    readonly cannot_proceed: number;
    readonly complete: boolean;
  };
}

/** The rows in the order of the points, whatever the order they came in. */
export function sweepDocument(plan: SweepPlan, rows: ReadonlyMap<string, SweepRow>): SweepDocument {
  const done = plan.points.flatMap(({ index, set, hash }) => {
    const row = rows.get(hash);
    return row ? [{ index, set, ...row }] : [];
  });
  const distinct = new Set(plan.points.map(({ hash }) => hash)).size;
  const withStatus = (status: Outcome['status']): number => done.filter((point) => point.status === status).length;
  const count = plan.points.length;
  return {
    schema: 'tierflow/sweep/1',
    study: plan.study,
    case: plan.case,
    vary: plan.axes.map(({ path, values }) => ({ path: formatPath(path), values })),
    shard: plan.shard,
    points: done,
    summary: {
      combinations: countPoints(plan.axes),
      points: count,
      distinct,
      duplicate_fraction: count === 0 ? 0 : (count - distinct) / count,
      does_not_fit: withStatus('does_not_fit'),
      cannot_proceed: withStatus('cannot_proceed'),
      complete: done.length === count,
    },
  };
}

/** The points as tidy rows: index, varied fields, status, metrics, hash. */
export function tidyRows(document: SweepDocument): Record<string, string | number | boolean | null>[] {
  const cell = (value: unknown): string | number | boolean | null =>
    typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as string | number | boolean | null);
  return document.points.map(({ index, set, hash, status, metrics }) => ({
    point: index,
    ...Object.fromEntries(Object.entries(set).map(([path, value]) => [path, cell(value)])),
    status,
    ...metrics,
    hash,
  }));
}

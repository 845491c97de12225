import * as v from 'valibot';
import { validate, type YamlSource } from '../input/index.ts';
import type { KvSpec } from '../policies/index.ts';

/**
 * Accuracy is carried, never computed: scores that papers measured, for exactly the same policy, checkpoint, benchmark and
 * budget axis, and between their lowest and highest budget alone.
 * @module
 */

const text = v.pipe(v.string(), v.minLength(1));

const seriesSchema = v.strictObject({
  preset: text,
  checkpoint: text,
  benchmark: v.pipe(v.string(), v.regex(/^[a-z0-9_]+$/)),
  metric: text,
  better: v.picklist(['higher', 'lower']),
  axis: v.picklist(['tokens', 'ratio']),
  points: v.pipe(v.array(v.tuple([v.number(), v.number()])), v.minLength(1)),
  /** Of a full cache, in the same table. */
  full: v.exactOptional(v.number()),
  source: text,
});
export type QualitySeries = v.InferOutput<typeof seriesSchema>;

export interface Quality {
  readonly benchmark: string;
  /** Null outside the measured budgets, with the reason. */
  readonly score: number | null;
  readonly reason: string | null;
  readonly source: string;
}

/** @throws InputError for a bad file. */
export function parseQuality(source: YamlSource): readonly QualitySeries[] {
  return validate(v.strictObject({ series: v.array(seriesSchema) }), source).series;
}

/** The score at a budget: linear in its logarithm between the measured neighbours; null outside them. */
export function scoreAt({ points }: Pick<QualitySeries, 'points'>, budget: number): number | null {
  const sorted = [...points].sort(([a], [b]) => a - b);
  const same = sorted.find(([at]) => at === budget);
  if (same) return same[1];
  const above = sorted.findIndex(([at]) => at > budget);
  if (above <= 0) return null;
  const [[x0, y0], [x1, y1]] = [sorted[above - 1]!, sorted[above]!];
  return y0 + ((y1 - y0) * Math.log(budget / x0)) / Math.log(x1 / x0);
}

/** What was measured for a policy with its budget and this checkpoint, a benchmark each. `null` is the full cache. */
export function qualityOf(
  series: readonly QualitySeries[],
  kv: KvSpec | null,
  checkpoint: string | undefined,
): readonly Quality[] {
  if (checkpoint === undefined) return [];
  const own = series.filter((one) => one.checkpoint === checkpoint);
  if (kv === null) {
    const full = new Map(own.flatMap((one) => (one.full === undefined ? [] : [[one.benchmark, one] as const])));
    return [...full.values()].map(({ benchmark, full: score = null, source }) => ({
      benchmark,
      score,
      reason: null,
      source,
    }));
  }
  return own
    .filter(({ preset }) => preset === kv.fields.id)
    .map((one) => {
      const { benchmark, axis, source, points } = one;
      const budget = budgetOf(kv, axis);
      const score = budget === null ? null : scoreAt(one, budget);
      const range = `${Math.min(...points.map(([at]) => at))} to ${Math.max(...points.map(([at]) => at))}`;
      const reason = score === null ? `measured at ${axis} of ${range} only` : null;
      return { benchmark, score, reason, source };
    });
}

function budgetOf({ fields }: KvSpec, axis: QualitySeries['axis']): number | null {
  const budgets = fields.stages.map(({ budget }) => (axis === 'tokens' ? budget?.tokens : budget?.ratio));
  return budgets.find((value) => value !== undefined) ?? null;
}

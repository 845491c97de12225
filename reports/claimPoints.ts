import type { ClaimRow, ClaimUse } from '../sim/types/index.ts';
import type { ChartInput } from './chart.ts';
import { describeMetric } from './metrics.ts';

/** A claim whose published and simulated values are both numbers, as charts of validation show it. */
export type ClaimPoint = {
  readonly label: string;
  readonly study: string;
  readonly case: string;
  readonly claim: string;
  readonly metric: string;
  readonly published: number;
  readonly simulated: number;
  readonly error: number | null;
  readonly use: ClaimUse;
};

export interface ClaimChoice {
  readonly uses: readonly ClaimUse[];
  readonly label: 'claim' | 'case' | 'study';
  readonly rename: Readonly<Record<string, string>>;
}

/** The judged numeric claims of the chosen uses, in order; relative claims (ratios and so on) keep their own kind of value. */
export function claimPoints(inputs: readonly ChartInput[], choice: ClaimChoice): ClaimPoint[] {
  return inputs
    .flatMap(({ result }) => result.claims)
    .flatMap((row) => {
      const { published, simulated } = row;
      if (row.skipped || !choice.uses.includes(row.use)) return [];
      if (typeof published !== 'number' || typeof simulated !== 'number') return [];
      const id = { claim: row.id, case: row.case, study: row.study }[choice.label];
      return [
        {
          label: choice.rename[id] ?? id,
          study: row.study,
          case: row.case,
          claim: row.id,
          metric: metricKey(row),
          published,
          simulated,
          error: row.error,
          use: row.use,
        },
      ];
    });
}

/** Claims share an axis when they share this: the metric, and how it is compared where that changes its unit. */
function metricKey(row: ClaimRow): string {
  return row.op === undefined || row.op === 'value' ? row.metric : `${row.op} of ${row.metric}`;
}

/** What an axis calls such a key: `Ratio of total time` for `ratio of time.total_s`. */
export function metricLabel(key: string): string {
  const [, op, metric] = /^(\w+) of (.+)$/.exec(key) ?? [];
  const label = describeMetric(metric ?? key)?.label ?? metric ?? key;
  return op === undefined ? label : `${op} of ${label}`;
}

/** The metric most claims are about; the first of those with equal counts. */
export function commonMetric(points: readonly ClaimPoint[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { metric } of points) counts.set(metric, (counts.get(metric) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

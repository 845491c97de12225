import * as v from 'valibot';
import { directionOf, isCostMetric } from '../reports/metrics.ts';
import type { ClaimRow, Metrics } from '../sim/types/index.ts';

/**
 * The gate on what policies cost: today's costs against a stored baseline.
 * @module
 */

const numbers = v.record(v.string(), v.number());

/** A baseline file. `studies` and `streams` are keyed by `study/case`, `claims` by `study/case/claim`. */
export const baselineSchema = v.strictObject({
  schema: v.literal('tierflow/baseline/1'),
  /** Cost metrics of each case. */
  studies: v.record(v.string(), numbers),
  /** Busy seconds of each stream, which say why a cost moved. */
  streams: v.optional(v.record(v.string(), numbers)),
  /** Absolute error of each claim: it may shrink, never grow. */
  claims: v.optional(numbers),
});
export type Baseline = v.InferOutput<typeof baselineSchema>;

/** One case as it ran today. */
export interface CaseCost {
  readonly study: string;
  readonly case: string;
  readonly metrics: Metrics;
}

export interface Move {
  /** `study/case`, or `study/case/claim` for an error. */
  readonly key: string;
  readonly metric: string;
  readonly before: number;
  readonly after: number | null;
  /** after ÷ before − 1; null where that has no meaning. */
  readonly change: number | null;
  readonly verdict: 'worse' | 'better' | 'vanished';
  /** Beyond the limit, so that the gate fails. */
  readonly fails: boolean;
}

export interface Comparison {
  readonly moves: readonly Move[];
  /** Streams whose busy time moved most, by `study/case`. */
  readonly reasons: ReadonlyMap<string, readonly StreamMove[]>;
  readonly compared: number;
  readonly fails: boolean;
}

export interface StreamMove {
  readonly stream: string;
  readonly before_s: number;
  readonly after_s: number;
}

const STREAM = /^time\.(prefill|decode|forward|backward|optimizer)\.[a-z_]+_s$/;
/** Streams named per case: the largest moves. */
const REASONS_SHOWN = 3;
/** Growth of an error that is only float noise. */
const NOISE = 1e-9;

const keyOf = ({ study, case: id }: { readonly study: string; readonly case: string }): string => `${study}/${id}`;
const pick = (metrics: Metrics, keep: (name: string) => boolean): Record<string, number> =>
  Object.fromEntries(
    Object.entries(metrics)
      .filter(([name]) => keep(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** The baseline of what ran today, laid over `old` so that cases which did not run keep their numbers. */
export function makeBaseline(costs: readonly CaseCost[], rows: readonly ClaimRow[], old?: Baseline): Baseline {
  const ran = new Set(costs.map(keyOf));
  const kept = (key: string): boolean => !ran.has(key);
  const errors = rows.flatMap((row) =>
    row.error === null ? [] : [[`${keyOf(row)}/${row.id}`, Math.abs(row.error)] as const],
  );
  const keptErrors = Object.entries(old?.claims ?? {}).filter(([key]) => kept(key.slice(0, key.lastIndexOf('/'))));
  const sorted = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
    Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  const merge = (section: Baseline['studies'] | undefined, keep: (name: string) => boolean): Baseline['studies'] =>
    sorted([
      ...Object.entries(section ?? {}).filter(([key]) => kept(key)),
      ...costs.map((cost) => [keyOf(cost), pick(cost.metrics, keep)] as const),
    ]);
  return {
    schema: 'tierflow/baseline/1',
    studies: merge(old?.studies, isCostMetric),
    streams: merge(old?.streams, (name) => STREAM.test(name)),
    claims: sorted([...keptErrors, ...errors]),
  };
}

/**
 * What moved since the baseline. A cost fails when it worsens by more than `maxIncrease` (a fraction) in its own
 * direction, a metric of the baseline that is gone fails, and so does a claim whose absolute error grew. `covers`
 * says which studies were asked for; the others are left alone.
 */
export function compareBaseline(
  baseline: Baseline,
  costs: readonly CaseCost[],
  rows: readonly ClaimRow[],
  options: { readonly maxIncrease: number; readonly covers: (key: string) => boolean },
): Comparison {
  const today = new Map<string, Metrics>(costs.map((cost) => [keyOf(cost), cost.metrics] as const));
  const moves: Move[] = [];
  const reasons = new Map<string, readonly StreamMove[]>();
  let compared = 0;
  for (const [key, before] of Object.entries(baseline.studies)) {
    if (!options.covers(key)) continue;
    const after = today.get(key);
    const own = Object.entries(before).flatMap(([metric, value]) => {
      compared += 1;
      return moveOf(key, metric, value, after?.[metric], options.maxIncrease) ?? [];
    });
    moves.push(...own);
    if (own.length > 0 && after) reasons.set(key, streamMoves(baseline.streams?.[key] ?? {}, after));
  }
  const errors = new Map<string, ClaimRow>(rows.map((row) => [`${keyOf(row)}/${row.id}`, row] as const));
  for (const [key, before] of Object.entries(baseline.claims ?? {})) {
    if (!options.covers(key)) continue;
    compared += 1;
    moves.push(...errorMove(key, before, errors.get(key)));
  }
  return { moves, reasons, compared, fails: moves.some((move) => move.fails) };
}

function moveOf(
  key: string,
  metric: string,
  before: number,
  after: number | undefined,
  maxIncrease: number,
): Move | undefined {
  if (after === undefined) return { key, metric, before, after: null, change: null, verdict: 'vanished', fails: true };
  const direction = directionOf(metric);
  if (direction === 'none' || after === before) return undefined;
  const worsening = direction === 'lower' ? after - before : before - after;
  const change = before === 0 ? null : (after - before) / Math.abs(before);
  const fails = worsening > maxIncrease * Math.abs(before) * (1 + NOISE);
  return { key, metric, before, after, change, verdict: worsening > 0 ? 'worse' : 'better', fails };
}

function errorMove(key: string, before: number, row: ClaimRow | undefined): Move[] {
  const base = { key, metric: '|error| of the claim', before };
  if (row?.skipped) return [];
  if (!row || row.error === null) return [{ ...base, after: null, change: null, verdict: 'vanished', fails: true }];
  const after = Math.abs(row.error);
  if (Math.abs(after - before) <= NOISE) return [];
  const worse = after > before;
  const change = before === 0 ? null : (after - before) / before;
  return [{ ...base, after, change, verdict: worse ? 'worse' : 'better', fails: worse }];
}

function streamMoves(before: Readonly<Record<string, number>>, after: Metrics): StreamMove[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after).filter((name) => STREAM.test(name))])];
  return names
    .map((stream): StreamMove => ({ stream, before_s: before[stream] ?? 0, after_s: after[stream] ?? 0 }))
    .filter((move) => move.before_s !== move.after_s)
    .sort(
      (a, b) => Math.abs(b.after_s - b.before_s) - Math.abs(a.after_s - a.before_s) || (a.stream < b.stream ? -1 : 1),
    )
    .slice(0, REASONS_SHOWN);
}

/** The file's text: a line a case or claim, so that a change of one is a change of one line. */
export function baselineText(baseline: Baseline): string {
  const sections = Object.entries(baseline).map(([key, value]) => {
    if (typeof value !== 'object') return `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const lines = Object.entries(value).map(([id, entry]) => `    ${JSON.stringify(id)}: ${JSON.stringify(entry)}`);
    return `${JSON.stringify(key)}: {\n${lines.join(',\n')}\n  }`;
  });
  return `{\n  ${sections.join(',\n  ')}\n}\n`;
}

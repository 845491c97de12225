import type { ClaimRow, ClaimUse } from '../sim/types/index.ts';
import { formatError, formatShare, threeDigits } from './format.ts';
import { describeMetric, formatMetric } from './metrics.ts';
import { type Cell, type Column, markdownTable, textTable } from './table.ts';

/** Errors of a set of claims. `count` includes the skipped ones; errors are absolute fractions, null without rows. */
export interface ClaimSummary {
  readonly count: number;
  readonly passed: number;
  readonly skipped: number;
  readonly median_abs_error: number | null;
  readonly p90_abs_error: number | null;
  readonly max_abs_error: number | null;
}

/**
 * The p-quantile of a set, 0 ≤ p ≤ 1, by linear interpolation between order statistics (Hyndman and Fan 1996,
 * definition 7); null for an empty set.
 */
export function quantile(values: readonly number[], p: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}

/** Counts and errors of the rows of one use. */
export function summariseClaims(rows: readonly ClaimRow[], use: ClaimUse): ClaimSummary {
  const chosen = rows.filter((row) => row.use === use);
  const judged = chosen.filter((row) => !row.skipped);
  const errors = judged.flatMap((row) => (row.error === null ? [] : [Math.abs(row.error)]));
  return {
    count: chosen.length,
    passed: judged.filter((row) => row.pass).length,
    skipped: chosen.length - judged.length,
    median_abs_error: quantile(errors, 0.5),
    p90_abs_error: quantile(errors, 0.9),
    max_abs_error: quantile(errors, 1),
  };
}

const COLUMNS: readonly Column[] = [
  { head: 'claim' },
  { head: 'case' },
  { head: 'metric' },
  { head: 'published', align: 'right' },
  { head: 'simulated', align: 'right' },
  { head: 'error', align: 'right' },
  { head: 'tolerance', align: 'right' },
  { head: 'use' },
  { head: 'verdict' },
];

/** A published or simulated value for people. Ratios and savings have no unit: `1.84 ×`, `12%`. */
export function claimValue(row: Pick<ClaimRow, 'metric' | 'op'>, value: number | string | null): string {
  if (value === null) return '';
  if (typeof value === 'string') return value.replaceAll('_', ' ');
  if (row.op === 'ratio') return `${threeDigits(value)} ×`;
  if (row.op === 'saving') return `${threeDigits(value * 100)}%`;
  return describeMetric(row.metric) ? formatMetric(row.metric, value) : threeDigits(value);
}

/** `pass`, `miss` or `skip`. */
export function verdict(row: ClaimRow): 'pass' | 'miss' | 'skip' {
  return row.skipped ? 'skip' : row.pass ? 'pass' : 'miss';
}

function cells(row: ClaimRow): Cell[] {
  return [
    row.id,
    row.case,
    row.metric,
    claimValue(row, row.published),
    claimValue(row, row.simulated),
    formatError(row.error),
    row.tolerance === null ? '' : `±${formatShare(row.tolerance)}`,
    row.use,
    verdict(row),
  ];
}

/** Rows under their studies, both in the order given. */
function byStudy(rows: readonly ClaimRow[]): Map<string, ClaimRow[]> {
  const groups = new Map<string, ClaimRow[]>();
  for (const row of rows) groups.set(row.study, [...(groups.get(row.study) ?? []), row]);
  return groups;
}

/** Fitted and unfitted rows judged apart, each as a row of the summary table. */
const SUMMARY_ROWS: readonly { readonly use: ClaimUse; readonly what: string }[] = [
  { use: 'validate', what: 'validate (never fitted on)' },
  { use: 'calibrate', what: 'calibrate (fitted on)' },
  { use: 'peer', what: 'peer (another tool’s prediction)' },
  { use: 'reference', what: 'reference (another model’s figure)' },
  { use: 'identity', what: 'identity (restates a parameter)' },
  { use: 'unverified', what: 'unverified (never a gate)' },
];

const SUMMARY_COLUMNS: readonly Column[] = [
  { head: 'rows' },
  { head: 'count', align: 'right' },
  { head: 'pass', align: 'right' },
  { head: 'miss', align: 'right' },
  { head: 'skip', align: 'right' },
  { head: 'median |error|', align: 'right' },
  { head: 'p90', align: 'right' },
  { head: 'max', align: 'right' },
];

function summaryCells(rows: readonly ClaimRow[]): Cell[][] {
  const percent = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(1)}%`);
  return SUMMARY_ROWS.flatMap(({ use, what }) => {
    const sum = summariseClaims(rows, use);
    if (sum.count === 0) return [];
    const missed = sum.count - sum.skipped - sum.passed;
    const errors = [sum.median_abs_error, sum.p90_abs_error, sum.max_abs_error].map(percent);
    return [[what, sum.count, sum.passed, missed, sum.skipped, ...errors]];
  });
}

/** The validation report for a terminal: a table a study, then the summary. Ends with a newline. */
export function claimsText(rows: readonly ClaimRow[]): string {
  if (rows.length === 0) return 'No claims.\n';
  const parts = [...byStudy(rows)].map(([study, group]) => {
    const table = textTable(COLUMNS, group.map(cells));
    return `${study}\n${table.replaceAll(/^/gm, '  ')}`;
  });
  return `${[...parts, textTable(SUMMARY_COLUMNS, summaryCells(rows))].join('\n\n')}\n`;
}

/** The validation report as Markdown, with the source of every row. Ends with a newline. */
export function claimsMarkdown(rows: readonly ClaimRow[]): string {
  if (rows.length === 0) return 'No claims.\n';
  const columns = [...COLUMNS, { head: 'source' }];
  const parts = [...byStudy(rows)].map(([study, group]) => {
    const table = markdownTable(
      columns,
      group.map((row) => [...cells(row), row.source]),
    );
    return `### ${study}\n\n${table}`;
  });
  const summary = `### Summary\n\n${markdownTable(SUMMARY_COLUMNS, summaryCells(rows))}`;
  return `${[summary, ...parts].join('\n\n')}\n`;
}

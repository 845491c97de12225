import { existsSync, writeFileSync } from 'node:fs';
import { InputError } from '../input/index.ts';
import { formatError } from '../reports/format.ts';
import { stableJson } from '../reports/json.ts';
import { formatMetric } from '../reports/metrics.ts';
import { markdownTable } from '../reports/table.ts';
import {
  baselineText,
  type CaseCost,
  type Comparison,
  compareBaseline,
  type Move,
  makeBaseline,
} from '../studies/baseline.ts';
import { readBaseline } from '../studies/load.ts';
import type { StudyRun } from '../studies/validate.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { runStudies } from './runStudies.ts';
import { readShare } from './share.ts';
import type { Terminal } from './terminal.ts';

export interface CheckOptions {
  readonly baseline: string;
  readonly update?: boolean;
  readonly maxIncrease: string;
  readonly workers?: number;
  readonly results?: string;
  readonly json?: boolean;
}

/** Compares what the studies cost today with a baseline; exits 1 where a cost grew beyond the limit. */
export async function check(terminal: Terminal, refs: readonly string[], options: CheckOptions): Promise<ExitCode> {
  const maxIncrease = readShare(options.maxIncrease, '--max-increase');
  const known = existsSync(options.baseline);
  if (!known && !options.update) {
    const problem = 'there is no baseline yet';
    throw new InputError({
      code: 'file_missing',
      problem,
      expected: '--update to write one',
      place: { file: options.baseline },
    });
  }
  const old = known ? readBaseline(options.baseline) : undefined;
  const runs = await runStudies(terminal, refs, options);
  const costs = runs.flatMap(costsOf);
  const rows = runs.flatMap((run) => run.rows);
  if (options.update) {
    const baseline = makeBaseline(costs, rows, refs.length === 0 ? undefined : old);
    writeFileSync(options.baseline, baselineText(baseline));
    terminal.note(`${costs.length} cases in ${options.baseline}\n`);
  }
  const comparison = compareBaseline(old ?? makeBaseline(costs, rows), costs, rows, {
    maxIncrease,
    covers: coverage(runs, refs),
  });
  if (options.json)
    terminal.print(
      stableJson({ ...comparison, schema: 'tierflow/check/1', reasons: Object.fromEntries(comparison.reasons) }),
    );
  else terminal.print(checkMarkdown(comparison, maxIncrease));
  return comparison.fails && !options.update ? EXIT.failed : EXIT.ok;
}

const costsOf = (run: StudyRun): CaseCost[] =>
  run.cases.flatMap(({ resolved, outcome }) =>
    outcome.status === 'ran' ? [{ study: resolved.study, case: resolved.case, metrics: outcome.metrics }] : [],
  );

/** Without named studies the whole baseline is compared; studies whose data is not here are left alone. */
function coverage(runs: readonly StudyRun[], refs: readonly string[]): (key: string) => boolean {
  const of = (key: string, run: StudyRun): boolean => key.startsWith(`${run.study.name}/`);
  const skipped = runs.filter((run) => run.skipped !== null);
  return (key) => !skipped.some((run) => of(key, run)) && (refs.length === 0 || runs.some((run) => of(key, run)));
}

/** The report as Markdown, for a terminal or a comment under a change. Ends with a newline. */
function checkMarkdown({ moves, reasons, compared, fails }: Comparison, maxIncrease: number): string {
  const limit = `${Number((maxIncrease * 100).toFixed(3))}%`;
  const failed = moves.filter((move) => move.fails).length;
  const head = fails
    ? `**${failed} of ${compared} figures are worse than the baseline by more than ${limit}.**`
    : `All ${compared} figures are within ${limit} of the baseline${moves.length > 0 ? '' : ', and none moved'}.`;
  if (moves.length === 0) return `${head}\n`;
  const rows = moves.map((move) => [
    move.key,
    move.metric,
    show(move, move.before),
    move.after === null ? '–' : show(move, move.after),
    formatError(move.change),
    move.fails ? `**${move.verdict}**` : move.verdict,
    why(reasons, move),
  ]);
  const right = 'right' as const;
  const columns = [
    { head: 'case' },
    { head: 'metric' },
    { head: 'baseline', align: right },
    { head: 'now', align: right },
    { head: 'change', align: right },
    { head: 'verdict' },
    { head: 'streams that moved most' },
  ];
  return `${head}\n\n${markdownTable(columns, rows)}\n`;
}

const show = ({ metric }: Move, value: number): string =>
  metric.startsWith('|error|') ? `${(value * 100).toFixed(2)}%` : formatMetric(metric, value);

/** The streams that moved most say why a time moved; a peak or a byte count has no such reason. */
function why(reasons: Comparison['reasons'], { key, metric, verdict }: Move): string {
  if (verdict === 'vanished' || !/^(time|throughput|latency|cost|energy)\./.test(metric)) return '';
  return (reasons.get(key) ?? [])
    .map(({ stream, before_s, after_s }) => {
      const name = stream.replace(/^time\.|_s$/g, '').replace(/[._]/g, ' ');
      const moved = after_s - before_s;
      return `${name} ${moved > 0 ? '+' : '−'}${formatMetric(stream, Math.abs(moved))}`;
    })
    .join(', ');
}

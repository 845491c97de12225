import { formatMetric } from '../reports/metrics.ts';
import { type Column, markdownTable } from '../reports/table.ts';
import type { Comparison } from '../studies/compare.ts';

/** More runs than this stand below each other instead of side by side. */
const WIDEST_RUNS = 4;

const right = (head: string): Column => ({ head, align: 'right' });

/** A comparison as Markdown: a few runs as columns, many as rows. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { objectives, reference, runs } = comparison;
  const table = runs.length > WIDEST_RUNS ? runsAsRows(comparison) : runsAsColumns(comparison);
  const legend = objectives.length === 2 ? `\n● on the Pareto front of ${objectives.join(' and ')}.` : '';
  const ratio = runs.length > WIDEST_RUNS ? '; × is what a run has of it' : '';
  const first = runs[0]?.ended ? ratio : ', which does not run here, so there are no ratios';
  return `${table}\n\nThe reference is ${reference}${first}.${legend}`;
}

function runsAsColumns({ runs, metrics, objectives }: Comparison): string {
  const columns = [
    { head: 'metric' },
    ...runs.flatMap((run, i) => (i === 0 ? [right(nameOf(run))] : [right(nameOf(run)), right('÷ first')])),
  ];
  const rows = metrics.map(({ metric, values, ratios }) => [
    metric,
    ...values.flatMap((value, i) => {
      const text = value === null ? '–' : formatMetric(metric, value);
      const ratio = ratios[i] ?? null;
      return i === 0 ? [text] : [text, ratio === null ? '' : ratio.toFixed(3)];
    }),
  ]);
  const front = runs.flatMap(({ pareto }, i) => (i === 0 ? [mark(pareto)] : [mark(pareto), '']));
  return markdownTable(columns, objectives.length === 2 ? [...rows, ['Pareto front', ...front]] : rows);
}

function runsAsRows({ runs, metrics, objectives }: Comparison): string {
  const front = objectives.length === 2;
  const columns = [
    { head: 'run' },
    ...metrics.map(({ metric }) => right(metric)),
    ...(front ? [{ head: 'front' }] : []),
  ];
  const rows = runs.map((run, i) => [
    nameOf(run),
    ...metrics.map(({ metric, values, ratios }) => {
      const [value, ratio] = [values[i] ?? null, ratios[i] ?? null];
      if (value === null) return '–';
      const text = formatMetric(metric, value);
      return i === 0 || ratio === null ? text : `${text} (${ratio.toFixed(2)}×)`;
    }),
    ...(front ? [mark(run.pareto)] : []),
  ]);
  return markdownTable(columns, rows);
}

const mark = (pareto: boolean | null): string => (pareto === true ? '●' : '');

const nameOf = ({ label, ended }: Comparison['runs'][number]): string => (ended ? label : `${label} (does not run)`);

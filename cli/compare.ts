import { InputError, oneOf } from '../input/index.ts';
import { stableJson } from '../reports/json.ts';
import { describeMetric, formatMetric } from '../reports/metrics.ts';
import { type Column, markdownTable } from '../reports/table.ts';
import { type ComparedRun, type Comparison, compareRuns } from '../studies/compare.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { isResultFile, readResults } from './resultFiles.ts';
import { runStudies } from './runStudies.ts';
import type { Terminal } from './terminal.ts';

export interface CompareOptions {
  readonly cases?: boolean;
  readonly metric?: readonly string[];
  readonly pareto?: string;
  readonly json?: boolean;
}

/** Prints studies' cases and stored results side by side. */
export async function compare(terminal: Terminal, refs: readonly string[], options: CompareOptions): Promise<ExitCode> {
  const runs: ComparedRun[] = [];
  const everyCase = options.cases === true || refs.length === 1;
  for (const ref of refs) {
    runs.push(...(isResultFile(ref) ? resultRuns(ref) : await studyRuns(terminal, ref, everyCase)));
  }
  if (runs.length < 2) {
    const problem = runs.length === 0 ? 'nothing ran' : `there is only ${runs[0]!.label}`;
    throw new InputError({ code: 'missing_key', problem, expected: 'two runs or more to compare' });
  }
  const objectives = options.pareto === undefined ? undefined : readPareto(options.pareto);
  const comparison = compareRuns(runs, { metrics: options.metric?.map(knownMetric), objectives });
  terminal.print(options.json ? stableJson(comparison) : `${comparisonMarkdown(comparison)}\n`);
  return EXIT.ok;
}

const labelOf = (study: string, id: string): string => (id === 'base' ? study : `${study} · ${id}`);

function resultRuns(file: string): ComparedRun[] {
  return readResults(file).map((result) => ({ label: labelOf(result.study, result.case), metrics: result.metrics }));
}

async function studyRuns(terminal: Terminal, ref: string, everyCase: boolean): Promise<ComparedRun[]> {
  return (await runStudies(terminal, [ref], everyCase ? {} : { only: 'base' })).flatMap(({ cases }) =>
    cases.flatMap(({ resolved, outcome }) =>
      outcome.status === 'ran' ? [{ label: labelOf(resolved.study, resolved.case), metrics: outcome.metrics }] : [],
    ),
  );
}

function knownMetric(name: string): string {
  if (describeMetric(name)) return name;
  const expected = 'a name from `tierflow list metrics`';
  throw new InputError({
    code: 'unknown_name',
    problem: `unknown metric ${JSON.stringify(name)}`,
    found: name,
    expected,
  });
}

function readPareto(text: string): string[] {
  const names = text.split(',').map((name) => knownMetric(name.trim()));
  if (names.length === 2) return names;
  const problem = `--pareto names ${oneOf(names)}`;
  throw new InputError({ code: 'bad_value', problem, expected: 'two metrics with a comma between them' });
}

function comparisonMarkdown({ runs, metrics, objectives, reference }: Comparison): string {
  const right = (head: string): Column => ({ head, align: 'right' });
  const columns = [
    { head: 'metric' },
    ...runs.flatMap(({ label }, i) => (i === 0 ? [right(label)] : [right(label), right('÷ first')])),
  ];
  const rows = metrics.map(({ metric, values, ratios }) => [
    metric,
    ...values.flatMap((value, i) => {
      const text = value === null ? '–' : formatMetric(metric, value);
      const ratio = ratios[i] ?? null;
      return i === 0 ? [text] : [text, ratio === null ? '' : ratio.toFixed(3)];
    }),
  ]);
  const front = runs.flatMap(({ pareto }, i) => {
    const mark = pareto === null ? '' : pareto ? '●' : '';
    return i === 0 ? [mark] : [mark, ''];
  });
  const table = markdownTable(columns, objectives.length === 2 ? [...rows, ['Pareto front', ...front]] : rows);
  const legend = objectives.length === 2 ? `\n● on the Pareto front of ${objectives.join(' and ')}.` : '';
  return `${table}\n\nThe reference is ${reference}.${legend}`;
}

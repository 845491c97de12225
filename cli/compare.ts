import { InputError, oneOf } from '../input/index.ts';
import { stableJson } from '../reports/json.ts';
import { describeMetric } from '../reports/metrics.ts';
import { type ComparedRun, compareRuns } from '../studies/compare.ts';
import type { ResolvedCase } from '../studies/resolve.ts';
import { comparisonMarkdown } from './comparisonText.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { CaseOptions } from './options.ts';
import { isKvMetric, presetVariants } from './presetVariants.ts';
import { progress } from './progress.ts';
import { isResultFile, readResults } from './resultFiles.ts';
import { runCases } from './runCases.ts';
import { resolveSelected, type Selection, selectStudy } from './selection.ts';
import type { Terminal } from './terminal.ts';

export interface CompareOptions extends CaseOptions {
  readonly cases?: boolean;
  readonly presets?: string;
  readonly metric?: readonly string[];
  readonly pareto?: string;
  readonly workers?: number;
  readonly json?: boolean;
}

/** A run that is still to be simulated. */
interface Planned {
  readonly label: string;
  readonly studyFile: string;
  readonly resolved: ResolvedCase;
}

/** Prints studies' cases, one run under many KV presets, and stored results side by side. */
export async function compare(terminal: Terminal, refs: readonly string[], options: CompareOptions): Promise<ExitCode> {
  refuseUnread(refs, options);
  const metrics = options.metric?.map(knownMetric);
  const objectives = options.pareto === undefined ? undefined : readPareto(options.pareto);
  const sources = options.presets === undefined ? sourcesOf(refs, options) : underPresets(terminal, refs, options);
  const runs = await runAll(terminal, sources, options.workers);
  const ended = runs.filter((run) => run.metrics !== null);
  if (runs.length < 2 || ended.length === 0) {
    const problem = ended.length === 0 ? 'nothing ran' : `there is only ${runs[0]!.label}`;
    throw new InputError({ code: 'missing_key', problem, expected: 'two runs or more to compare' });
  }
  const showing = options.presets === undefined ? undefined : isKvMetric;
  const comparison = compareRuns(runs, { metrics, objectives, showing });
  terminal.print(options.json ? stableJson(comparison) : `${comparisonMarkdown(comparison)}\n`);
  return EXIT.ok;
}

/** Refuses options that would change nothing. */
function refuseUnread(refs: readonly string[], options: CompareOptions): void {
  const { cases, metric, pareto, workers, json, ...choosing } = options;
  const refuse = (option: string, why: string, expected: string): never => {
    throw new InputError({ code: 'bad_value', problem: `--${option} does nothing ${why}`, expected });
  };
  if (cases === true && choosing.case !== undefined) refuse('cases', 'beside --case', 'one of them');
  if (cases === true && choosing.presets !== undefined) refuse('cases', 'beside --presets', '--case for another case');
  const [changed] = Object.keys(choosing);
  if (changed !== undefined && refs.length > 0 && refs.every(isResultFile)) {
    refuse(changed, 'to stored results', 'a study to run with it');
  }
}

/** What the references name, in their order: stored results as they are, studies as cases to simulate. */
function sourcesOf(refs: readonly string[], options: CompareOptions): (ComparedRun | Planned)[] {
  const every = options.case === undefined && (options.cases === true || refs.length === 1);
  if (refs.length === 0) return plannedCases(selectStudy(undefined, options), 'base', false);
  return refs.flatMap((ref): (ComparedRun | Planned)[] => {
    if (!isResultFile(ref)) return plannedCases(selectStudy(ref, options), options.case ?? 'base', every);
    return readResults(ref).map((result) => ({ label: labelOf(result.study, result.case), metrics: result.metrics }));
  });
}

function plannedCases(selection: Selection, chosen: string, every: boolean): Planned[] {
  const ids = every ? selection.study.cases.map(({ id }) => id) : [chosen];
  return ids.map((id) => {
    const resolved = resolveSelected(selection, id);
    return { label: labelOf(resolved.study, id), studyFile: selection.study.source.file, resolved };
  });
}

function underPresets(terminal: Terminal, refs: readonly string[], options: CompareOptions): Planned[] {
  if (refs.length > 1 || refs.some(isResultFile)) {
    const problem = `--presets changes one run, and there are ${refs.length}: ${oneOf(refs)}`;
    throw new InputError({ code: 'bad_value', problem, expected: 'one study, or --machine and --model' });
  }
  const selection = selectStudy(refs[0], options);
  const { variants, refused } = presetVariants(selection, options.case ?? 'base', options.presets!);
  for (const { label, reason } of refused) terminal.note(`${label} is left out: ${reason}\n`);
  return variants.map((variant) => ({ ...variant, studyFile: selection.study.source.file }));
}

/** Simulates what is planned; why a run did not end is said on standard error. */
async function runAll(
  terminal: Terminal,
  sources: readonly (ComparedRun | Planned)[],
  workers: number | undefined,
): Promise<ComparedRun[]> {
  const jobs = sources.filter((source) => 'resolved' in source);
  const ended = new Map<Planned, ComparedRun>();
  const bar = progress(terminal, jobs.length);
  const notes: string[] = [];
  await runCases(jobs, {
    workers,
    threads: terminal.threads,
    onOutcome(index, outcome) {
      const job = jobs[index]!;
      bar.step(job.label);
      ended.set(job, { label: job.label, metrics: outcome.status === 'ran' ? outcome.metrics : null });
      if (outcome.status !== 'ran') notes.push(`${job.label}: ${outcome.error.message}\n`);
    },
  });
  bar.done();
  for (const note of [...notes, ...warningsOf(jobs)]) terminal.note(note);
  return sources.flatMap((source) => ('resolved' in source ? (ended.get(source) ?? []) : [source]));
}

const warningsOf = (jobs: readonly Planned[]): string[] =>
  jobs.flatMap(({ label, resolved }) => resolved.warnings.map((warning) => `${label}: ${warning}\n`));

const labelOf = (study: string, id: string): string => (id === 'base' ? study : `${study} · ${id}`);

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

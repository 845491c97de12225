import { claimsText } from '../reports/claims.ts';
import { stableJson, validationDocument } from '../reports/json.ts';
import type { StudyDocument } from '../studies/cases.ts';
import { filesBeside, readStudies, readTolerances } from '../studies/load.ts';
import type { Outcome } from '../studies/outcome.ts';
import { type ResolvedCase, resolveCase } from '../studies/resolve.ts';
import { judgeStudy, missed, planStudy, type StudyRun } from '../studies/validate.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { makeFolder } from './folder.ts';
import { progress } from './progress.ts';
import { runCases } from './runCases.ts';
import type { Terminal } from './terminal.ts';

export interface ValidateOptions {
  readonly json?: boolean;
  readonly reportOnly?: boolean;
  readonly plot?: string;
  readonly workers?: number;
}

/** Runs every claim of the studies and prints how near each is. */
export async function validate(
  terminal: Terminal,
  refs: readonly string[],
  options: ValidateOptions,
): Promise<ExitCode> {
  const runs = await runStudies(terminal, refs, options);
  const rows = runs.flatMap((run) => run.rows);
  if (options.json) terminal.print(stableJson(validationDocument(rows)));
  else terminal.print(claimsText(rows));
  if (options.plot !== undefined) {
    makeFolder(options.plot);
    const { plotStudies } = await import('./plot.ts');
    await plotStudies(terminal, runs, options.plot);
  }
  return rows.some(missed) && !options.reportOnly ? EXIT.failed : EXIT.ok;
}

export interface RunStudiesOptions {
  /** The only case to run; all by default. */
  readonly only?: string;
  readonly workers?: number;
}

/** Runs every case of every study that `refs` name; what was left out is said on standard error. */
export async function runStudies(
  terminal: Terminal,
  refs: readonly string[],
  { only, workers }: RunStudiesOptions = {},
): Promise<StudyRun[]> {
  const plans = readStudies(refs).map((study) => {
    const { catalogue, missingData } = filesBeside(study.source.file);
    const resolve = (document: StudyDocument, id: string): ResolvedCase => resolveCase(document, id, { catalogue });
    return planStudy(study, { resolve, missingData, ...(only === undefined ? {} : { only }) });
  });
  const jobs = plans.flatMap(({ study, cases }) =>
    cases.map((resolved) => ({ studyFile: study.source.file, resolved })),
  );
  const outcomes: Outcome[] = [];
  const bar = progress(terminal, jobs.length);
  await runCases(jobs, {
    workers,
    threads: terminal.threads,
    onOutcome(index, outcome) {
      outcomes[index] = outcome;
      bar.step(jobs[index]!.resolved.study);
    },
  });
  bar.done();
  const tolerances = readTolerances();
  let from = 0;
  const runs = plans.map((plan) => {
    const own = outcomes.slice(from, from + plan.cases.length);
    from += own.length;
    return judgeStudy(plan, own, tolerances);
  });
  for (const run of runs) {
    if (run.skipped !== null) terminal.note(`skipped ${run.study.name}: ${run.skipped}\n`);
    for (const { resolved, outcome } of run.cases) {
      const at = `${resolved.study}, case ${resolved.case}`;
      if (outcome.status !== 'ran') terminal.note(`${at}: ${outcome.error.message}\n`);
      for (const warning of resolved.warnings) terminal.note(`${at}: ${warning}\n`);
    }
  }
  return runs;
}

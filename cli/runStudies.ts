import type { StudyDocument } from '../studies/cases.ts';
import { filesBeside, readStudies, readTolerances } from '../studies/load.ts';
import type { Outcome } from '../studies/outcome.ts';
import { type ResolvedCase, resolveCase } from '../studies/resolve.ts';
import { judgeStudy, planStudy, type StudyRun } from '../studies/validate.ts';
import { progress } from './progress.ts';
import { runCases } from './runCases.ts';
import type { Terminal } from './terminal.ts';

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

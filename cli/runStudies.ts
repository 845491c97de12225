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
  /** Folder of results that are known already, and where new ones are kept. */
  readonly results?: string;
}

/** Runs every case of every study that `refs` name; what was left out is said on standard error. */
export async function runStudies(
  terminal: Terminal,
  refs: readonly string[],
  { only, workers, results }: RunStudiesOptions = {},
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
  const store = results === undefined ? undefined : (await import('./resultStore.ts')).openResults(results);
  const unknown: number[] = [];
  for (const [index, job] of jobs.entries()) {
    const known = await store?.find(job);
    if (known === undefined) unknown.push(index);
    else outcomes[index] = known;
  }
  if (unknown.length < jobs.length) terminal.note(`${jobs.length - unknown.length} cases are known from ${results}\n`);
  const bar = progress(terminal, unknown.length);
  const kept: Promise<void>[] = [];
  await runCases(
    unknown.map((index) => jobs[index]!),
    {
      workers,
      threads: terminal.threads,
      onOutcome(i, outcome) {
        const index = unknown[i]!;
        outcomes[index] = outcome;
        if (store) kept.push(store.keep(jobs[index]!, outcome));
        bar.step(jobs[index]!.resolved.study);
      },
    },
  );
  await Promise.all(kept);
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

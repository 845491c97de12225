import { claimsText } from '../reports/claims.ts';
import { stableJson, validationDocument } from '../reports/json.ts';
import { filesBeside, readStudies, readTolerances } from '../studies/load.ts';
import { resolveCase } from '../studies/resolve.ts';
import { makeRunner } from '../studies/run.ts';
import { missed, runStudy, type StudyRun } from '../studies/validate.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { makeFolder } from './folder.ts';
import { progress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface ValidateOptions {
  readonly json?: boolean;
  readonly reportOnly?: boolean;
  readonly plot?: string;
}

/** Runs every claim of the studies and prints how near each is. */
export async function validate(
  terminal: Terminal,
  refs: readonly string[],
  options: ValidateOptions,
): Promise<ExitCode> {
  const runs = await runStudies(terminal, refs);
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

/**
 * Runs every case (or the one of id `only`) of every study that `refs` name; what was left out is said on standard
 * error.
 */
export async function runStudies(terminal: Terminal, refs: readonly string[], only?: string): Promise<StudyRun[]> {
  const tolerances = readTolerances();
  const studies = readStudies(refs);
  const bar = progress(terminal, studies.length);
  const runs: StudyRun[] = [];
  for (const study of studies) {
    bar.step(study.name);
    const files = filesBeside(study.source.file);
    const { catalogue, missingData } = files;
    runs.push(
      await runStudy(study, {
        resolve: (document, id) => resolveCase(document, id, { catalogue }),
        run: makeRunner(files),
        tolerances,
        missingData,
        ...(only === undefined ? {} : { only }),
      }),
    );
  }
  bar.done();
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

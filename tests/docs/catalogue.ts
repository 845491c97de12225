import { filesBeside, readStudies, readTolerances } from '../../studies/load.ts';
import { resolveCase } from '../../studies/resolve.ts';
import { makeRunner } from '../../studies/run.ts';
import { runStudy, type StudyRun } from '../../studies/validate.ts';

/**
 * Every study of the catalogue, run once. A study that needs outside data counts as not run, whether or not the data
 * is here, so that what is made of the runs is the same everywhere.
 */
export async function runCatalogue(): Promise<StudyRun[]> {
  const tolerances = readTolerances();
  const runs: StudyRun[] = [];
  for (const study of readStudies([])) {
    const { catalogue, readModel } = filesBeside(study.source.file);
    const run = await runStudy(study, {
      resolve: (document, id) => resolveCase(document, id, { catalogue }),
      run: makeRunner(readModel),
      tolerances,
      missingData: ({ frame }) => (frame.data ?? []).map(({ get }) => get)[0] ?? null,
    });
    runs.push(run);
  }
  return runs;
}

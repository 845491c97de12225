import type { ClaimRow } from '../../sim/types/index.ts';
import { filesBeside, readStudies, readTolerances, studyFile } from '../../studies/load.ts';
import type { Outcome } from '../../studies/outcome.ts';
import { resolveCase } from '../../studies/resolve.ts';
import { makeRunner } from '../../studies/run.ts';
import { judgeStudy, planStudy } from '../../studies/validate.ts';

/** The judged rows of every study of a system, or of one study. */
export async function rowsOf(ref: string): Promise<readonly ClaimRow[]> {
  const rows: ClaimRow[] = [];
  for (const study of readStudies([ref])) {
    const files = filesBeside(studyFile(study.name));
    const plan = planStudy(study, {
      resolve: (document, id) => resolveCase(document, id, { catalogue: files.catalogue }),
      missingData: files.missingData,
    });
    const runCase = makeRunner(files);
    const outcomes: Outcome[] = [];
    for (const resolved of plan.cases) outcomes.push(await runCase(resolved));
    rows.push(...judgeStudy(plan, outcomes, readTolerances()).rows);
  }
  return rows;
}

/** Absolute relative errors of rows that have one. */
export function errorsOf(rows: readonly ClaimRow[]): number[] {
  return rows.map(({ error, id }) => {
    if (error === null) throw new Error(`${id} has no error`);
    return Math.abs(error);
  });
}

export const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

import { skippedRow } from '../../studies/claims.ts';
import { readStudies } from '../../studies/load.ts';
import type { TableRun } from '../../studies/validationTable.ts';
import { judgedClaims } from '../cli/built.ts';

/**
 * Every study of the catalogue with its judged claims, from one run of the built program. A study that needs outside
 * data counts as not run, whether or not the data is here, so that what is made of the runs is the same everywhere.
 */
export function runCatalogue(): TableRun[] {
  const studies = readStudies([]);
  const complete = studies.filter(({ frame }) => frame.data === undefined).map(({ name }) => name);
  const claims = judgedClaims(complete);
  return studies.map((study) => {
    const skipped = study.cases.flatMap((item) =>
      item.claims.map((claim) => skippedRow(claim, { study: study.name, case: item.id })),
    );
    const ran = claims.filter((row) => row.study === study.name);
    return { study, rows: complete.includes(study.name) ? ran : skipped };
  });
}

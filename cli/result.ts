import { packageVersion } from '../input/packageFiles.ts';
import type { StudyResult } from '../sim/types/index.ts';
import type { OutcomeOf } from '../studies/claims.ts';
import { readTolerances, type StudyFiles } from '../studies/load.ts';
import type { Outcome } from '../studies/outcome.ts';
import type { ResolvedCase } from '../studies/resolve.ts';
import { studyResult } from '../studies/run.ts';

/** The result document of a case that ran, by this version of the program. */
export function resultOf(
  resolved: ResolvedCase,
  outcome: Extract<Outcome, { status: 'ran' }>,
  files: StudyFiles,
  outcomeOf: OutcomeOf,
): Promise<StudyResult> {
  return studyResult(resolved, outcome, {
    version: packageVersion(),
    nodeMajor: Number(process.versions.node.split('.')[0]),
    files,
    outcomeOf,
    tolerances: resolved.claims.length === 0 ? [] : readTolerances(),
  });
}

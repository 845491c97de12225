import type { ClaimRow } from '../sim/types/index.ts';
import type { StudyDocument } from './cases.ts';
import { judge, skippedRow } from './claims.ts';
import type { Outcome } from './outcome.ts';
import type { ResolvedCase } from './resolve.ts';
import type { RunCase } from './run.ts';
import type { ToleranceRule } from './tolerances.ts';

/**
 * Runs every case of a study once and judges all its claims.
 * @module
 */

export interface CaseRun {
  readonly resolved: ResolvedCase;
  readonly outcome: Outcome;
}

export interface StudyRun {
  readonly study: StudyDocument;
  readonly cases: readonly CaseRun[];
  readonly rows: readonly ClaimRow[];
  /** Why the study could not run here, with the way to get what it lacks; null when it ran. */
  readonly skipped: string | null;
}

export interface ValidateDeps {
  readonly resolve: (study: StudyDocument, caseId: string) => ResolvedCase;
  readonly run: RunCase;
  readonly tolerances: readonly ToleranceRule[];
  /** Outside data that is not here, as a sentence; null when all is. */
  readonly missingData: (study: StudyDocument) => string | null;
  /** The only case to run; all by default. */
  readonly only?: string;
}

/** The study's cases in order, each simulated once, and its claims judged against them. */
export async function runStudy(study: StudyDocument, deps: ValidateDeps): Promise<StudyRun> {
  const skipped = deps.missingData(study);
  if (skipped !== null) {
    const rows = study.cases.flatMap((item) =>
      item.claims.map((claim) => skippedRow(claim, { study: study.name, case: item.id })),
    );
    return { study, cases: [], rows, skipped };
  }
  const cases: CaseRun[] = [];
  for (const item of study.cases) {
    if (deps.only !== undefined && item.id !== deps.only) continue;
    const resolved = deps.resolve(study, item.id);
    cases.push({ resolved, outcome: await deps.run(resolved) });
  }
  const outcomes = new Map(cases.map(({ resolved, outcome }) => [resolved.case, outcome] as const));
  const rows = cases.flatMap(({ resolved }) =>
    resolved.claims.map((claim) =>
      judge(claim, { study: study.name, case: resolved.case }, (id) => outcomes.get(id), deps.tolerances),
    ),
  );
  return { study, cases, rows, skipped: null };
}

/** Whether a claim that counts was missed: only `validate` rows that ran do. */
export function missed(row: ClaimRow): boolean {
  return row.use === 'validate' && !row.skipped && !row.pass;
}

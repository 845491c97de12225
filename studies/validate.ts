import type { ClaimRow } from '../sim/types/index.ts';
import type { StudyDocument } from './cases.ts';
import { judge, skippedRow } from './claims.ts';
import type { Outcome } from './outcome.ts';
import type { ResolvedCase } from './resolve.ts';
import type { ToleranceRule } from './tolerances.ts';

/**
 * From a study to what it runs, and from how that ended to its claims, judged.
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

export interface PlanDeps {
  readonly resolve: (study: StudyDocument, caseId: string) => ResolvedCase;
  /** Outside data that is not here, as a sentence; null when all is. */
  readonly missingData: (study: StudyDocument) => string | null;
  /** The only case to run; all by default. */
  readonly only?: string;
}

/** What a study will run. */
export interface StudyPlan {
  readonly study: StudyDocument;
  readonly cases: readonly ResolvedCase[];
  /** Why the study cannot run here, with the way to get what it lacks; null when it can. */
  readonly skipped: string | null;
}

/** The study's cases in order, resolved, so that a mistake is found before anything runs. */
export function planStudy(study: StudyDocument, deps: PlanDeps): StudyPlan {
  const skipped = deps.missingData(study);
  if (skipped !== null) return { study, cases: [], skipped };
  const chosen = study.cases.filter(({ id }) => deps.only === undefined || id === deps.only);
  return { study, cases: chosen.map(({ id }) => deps.resolve(study, id)), skipped: null };
}

/** The study's claims judged against how its cases ended, one outcome a case of the plan. */
export function judgeStudy(
  { study, cases, skipped }: StudyPlan,
  outcomes: readonly Outcome[],
  tolerances: readonly ToleranceRule[],
): StudyRun {
  if (skipped !== null) {
    const rows = study.cases.flatMap((item) =>
      item.claims.map((claim) => skippedRow(claim, { study: study.name, case: item.id })),
    );
    return { study, cases: [], rows, skipped };
  }
  const byId = new Map(cases.map((resolved, i) => [resolved.case, outcomes[i]!] as const));
  const rows = cases.flatMap(({ claims, case: id }) =>
    claims.map((claim) => judge(claim, { study: study.name, case: id }, (over) => byId.get(over), tolerances)),
  );
  return { study, cases: cases.map((resolved, i) => ({ resolved, outcome: outcomes[i]! })), rows, skipped: null };
}

/** Whether a claim that counts was missed: only `validate` rows that ran do. */
export function missed(row: ClaimRow): boolean {
  return row.use === 'validate' && !row.skipped && !row.pass;
}

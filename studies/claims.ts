import type { ClaimOp, ClaimRow, ClaimUse } from '../sim/types/index.ts';
import type { Outcome, Verdict } from './outcome.ts';
import { type ToleranceRule, toleranceRule } from './tolerances.ts';

/**
 * Judges published figures against simulated ones. A miss stays in the table with its error.
 * @module
 */

/** What the source says the figure is. Values are in the metric's own unit; ratios and savings are fractions. */
export type Expectation =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'range'; readonly low: number; readonly high: number }
  | { readonly kind: 'at_least' | 'at_most'; readonly value: number }
  | { readonly kind: 'verdict'; readonly verdict: Verdict };

export interface Claim {
  readonly id: string;
  /** `verdict` for claims that only say whether the work fits. */
  readonly metric: string;
  readonly op: ClaimOp;
  /** The case of the same study that the figure is relative to; null for `op: value`. */
  readonly over: string | null;
  readonly expected: Expectation;
  readonly use: ClaimUse;
  readonly source: string;
}

/** Outcomes of a study's cases by id; undefined for a case that was not run. */
export type OutcomeOf = (caseId: string) => Outcome | undefined;

/** Float noise that never decides a claim: a published bound met exactly must pass. */
const NOISE = 1e-9;

/**
 * The figure a claim is about: the metric itself, `ratio` this ÷ over, `difference` this − over, `saving`
 * 1 − this ÷ over. Null where a case has no such number.
 */
export function simulatedFigure(claim: Claim, caseId: string, outcomeOf: OutcomeOf): number | null {
  const metricOf = (id: string): number | null => {
    const outcome = outcomeOf(id);
    return outcome?.status === 'ran' ? (outcome.metrics[claim.metric] ?? null) : null;
  };
  const own = metricOf(caseId);
  if (claim.op === 'value' || own === null) return own;
  const other = claim.over === null ? null : metricOf(claim.over);
  if (other === null) return null;
  if (claim.op === 'difference') return own - other;
  if (other === 0) return null;
  return claim.op === 'ratio' ? own / other : 1 - own / other;
}

/**
 * The judged row. `error` is simulated ÷ published − 1, signed by the published figure's sign, and null for a
 * published 0 (met by exactly 0), a verdict, a range, a bound, or where there is nothing to compare.
 */
export function judge(
  claim: Claim,
  at: { readonly study: string; readonly case: string },
  outcomeOf: OutcomeOf,
  rules: readonly ToleranceRule[],
): ClaimRow {
  const row = (rest: Pick<ClaimRow, 'published' | 'simulated' | 'error' | 'tolerance' | 'pass'>): ClaimRow => ({
    study: at.study,
    case: at.case,
    id: claim.id,
    metric: claim.metric,
    op: claim.op,
    ...rest,
    use: claim.use,
    skipped: false,
    source: claim.source,
  });
  const { expected } = claim;
  if (expected.kind === 'verdict') {
    const outcome = outcomeOf(at.case);
    const simulated = outcome === undefined ? null : outcome.status === 'ran' ? 'fits' : outcome.status;
    const pass = simulated === expected.verdict;
    return row({ published: expected.verdict, simulated, error: null, tolerance: null, pass });
  }
  const simulated = simulatedFigure(claim, at.case, outcomeOf);
  if (expected.kind !== 'value') {
    const pass = simulated !== null && withinBounds(simulated, expected);
    return row({ published: publishedText(expected), simulated, error: null, tolerance: null, pass });
  }
  const published = expected.value;
  if (published === 0) return row({ published, simulated, error: null, tolerance: 0, pass: simulated === 0 });
  const tolerance = toleranceRule(rules, claim.op, claim.metric)?.tolerance ?? null;
  const error = simulated === null ? null : (simulated - published) / Math.abs(published);
  const pass = error !== null && tolerance !== null && Math.abs(error) <= tolerance + NOISE;
  return row({ published, simulated, error, tolerance, pass });
}

/** The row of a claim whose study could not run here. */
export function skippedRow(claim: Claim, at: { readonly study: string; readonly case: string }): ClaimRow {
  const { expected } = claim;
  return {
    study: at.study,
    case: at.case,
    id: claim.id,
    metric: claim.metric,
    op: claim.op,
    published: expected.kind === 'value' ? expected.value : publishedText(expected),
    simulated: null,
    error: null,
    tolerance: null,
    use: claim.use,
    pass: false,
    skipped: true,
    source: claim.source,
  };
}

function withinBounds(value: number, expected: Exclude<Expectation, { kind: 'value' | 'verdict' }>): boolean {
  const slack = (bound: number): number => NOISE * Math.abs(bound);
  switch (expected.kind) {
    case 'range':
      return value >= expected.low - slack(expected.low) && value <= expected.high + slack(expected.high);
    case 'at_least':
      return value >= expected.value - slack(expected.value);
    case 'at_most':
      return value <= expected.value + slack(expected.value);
  }
}

/** A published figure that is not one number, as tables print it. */
function publishedText(expected: Exclude<Expectation, { kind: 'value' }>): string {
  switch (expected.kind) {
    case 'range':
      return `${expected.low} … ${expected.high}`;
    case 'at_least':
      return `≥ ${expected.value}`;
    case 'at_most':
      return `≤ ${expected.value}`;
    case 'verdict':
      return expected.verdict;
  }
}

import type { ClaimOp } from '../sim/types/index.ts';

/**
 * How near a simulated figure must be to a published one. The numbers and the reason of each stand in
 * tolerances.yaml, one rule per kind of claim.
 * @module
 */

export interface ToleranceRule {
  readonly ops: readonly ClaimOp[];
  /** A metric name where `*` stands for any text and `{a,b}` for one of several. */
  readonly metrics: string;
  /** Largest allowed |simulated / published - 1|. */
  readonly tolerance: number;
  readonly reason: string;
}

/** The pattern as a regular expression over whole metric names. */
export function metricPattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+?^$()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped.replace(/\{([^{}]*)\}/g, (_, names: string) => `(?:${names.replaceAll(',', '|')})`)}$`);
}

/** The first rule for this operation and metric, or undefined when no kind covers it. */
export function toleranceRule(rules: readonly ToleranceRule[], op: ClaimOp, metric: string): ToleranceRule | undefined {
  return rules.find((rule) => rule.ops.includes(op) && metricPattern(rule.metrics).test(metric));
}

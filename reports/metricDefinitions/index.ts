import { AGENT_METRICS } from './agent.ts';
import { COMPUTE_METRICS } from './compute.ts';
import { COST_METRICS } from './cost.ts';
import type { MetricDefinition } from './definition.ts';
import { MAPPING_METRICS } from './mapping.ts';
import { MEMORY_METRICS } from './memory.ts';
import { MOVES_METRICS } from './moves.ts';
import { POLICY_METRICS } from './policy.ts';
import { SPEED_METRICS } from './speed.ts';

/**
 * The glossary of metrics: one row a name or family of names. Everything that needs to know a metric (its unit, which
 * way is better, what it means) reads it here. More specific patterns stand before more general ones: the first that
 * matches a name defines it.
 */
export const METRIC_DEFINITIONS: readonly MetricDefinition[] = [
  ...SPEED_METRICS,
  ...MAPPING_METRICS,
  ...MEMORY_METRICS,
  ...MOVES_METRICS,
  ...COMPUTE_METRICS,
  ...COST_METRICS,
  ...POLICY_METRICS,
  ...AGENT_METRICS,
];

import { define, type MetricDefinition } from './definition.ts';

/** What a policy chose and keeps, and the measured quality of the papers. */
export const POLICY_METRICS: readonly MetricDefinition[] = [
  define(
    'choice.<choice>',
    'x',
    'ratio',
    'none',
    false,
    'chosen <choice>',
    'A number that the policy chose by itself, such as a batch size or a share.',
  ),

  define(
    'optimizer.trained_parameters',
    'P_t',
    'count',
    'none',
    false,
    'trained parameters',
    'Parameters that an update of a training step changes, all ranks of one copy of the model together.',
  ),

  define(
    'proxy.retained_mass',
    'm_kept',
    'fraction',
    'higher',
    false,
    'retained attention mass',
    'Share of the attention mass of the workload’s process on tokens that the KV policy keeps or fetches. A proxy of our own, never a score of a benchmark.',
  ),
  define(
    'proxy.retained_mass_half_width',
    'Δm_kept',
    'fraction',
    'lower',
    false,
    'its half width',
    'Half width of the 95 % interval of the retained mass over the sampled heads.',
  ),
  define(
    'proxy.step_overlap',
    'o_step',
    'fraction',
    'higher',
    false,
    'overlap of neighbouring steps',
    'Share of the tokens chosen in a step that the step before had chosen too: what a fetch finds in place.',
  ),

  define(
    'quality.<benchmark>',
    'Q',
    'score',
    'none',
    false,
    '<benchmark>',
    'A score carried over from the paper that measured it, never computed. Which way is better depends on the benchmark.',
  ),
];

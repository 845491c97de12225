import { define, type MetricDefinition } from './definition.ts';

/** Turns of an agent: calls, tokens and its store. */
export const AGENT_METRICS: readonly MetricDefinition[] = [
  define('agent.calls', 'n_call', 'count', 'lower', true, 'model calls', 'Calls of models over all turns.'),
  define(
    'agent.prompt_tokens',
    'n_p',
    'count',
    'lower',
    true,
    'prompt tokens',
    'Tokens of all prompts, those with stored keys and values too.',
  ),
  define(
    'agent.computed_tokens',
    'n_c',
    'count',
    'lower',
    true,
    'computed prompt tokens',
    'Prompt tokens whose keys and values were computed, not found.',
  ),
  define('agent.output_tokens', 'n_o', 'count', 'none', false, 'output tokens', 'Tokens that all calls wrote.'),
  define(
    'agent.repeated_fraction',
    'f_rep',
    'fraction',
    'none',
    false,
    'repeated calls',
    'Share of the calls whose inputs equal those of an earlier one, so that they were simulated once.',
  ),
  define(
    'store.read_bytes',
    'B_store',
    'moved_bytes',
    'lower',
    true,
    'store reads',
    'Bytes that look-ups read in the store over all turns.',
  ),
  define(
    'store.time_s',
    't_store',
    's',
    'lower',
    true,
    'store time',
    'Time of look-ups, insertions and returned entries over all turns.',
  ),
];

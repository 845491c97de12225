import { define, type MetricDefinition } from './definition.ts';

/** What placing a program in two memories or more gives. */
export const MAPPING_METRICS: readonly MetricDefinition[] = [
  define(
    'mapping.over_slow',
    'T_slow/T',
    'ratio',
    'higher',
    true,
    'speed-up over all-slow',
    'Time with every access in the slowest memory, over the time of the plan.',
  ),
  define(
    'mapping.over_greedy',
    'T_XLA/T',
    'ratio',
    'higher',
    true,
    "speed-up over XLA's greedy",
    "Time under XLA's memory space assignment, over the time of the plan.",
  ),
  define(
    'mapping.energy_over_slow',
    'E_slow/E',
    'ratio',
    'higher',
    true,
    'energy gain over all-slow',
    'Known energy with every access in the slowest memory, over that of the plan.',
  ),
  define(
    'mapping.energy_over_greedy',
    'E_XLA/E',
    'ratio',
    'higher',
    true,
    "energy gain over XLA's greedy",
    "Known energy under XLA's memory space assignment, over that of the plan.",
  ),
  define(
    'mapping.fast_share',
    'V_f/V',
    'fraction',
    'none',
    false,
    'share of fast bytes',
    'Share of the bytes moved by ops and copies that move at the fast memory.',
  ),
  define(
    'memory.<memory>.moved_bytes',
    'V_m',
    'moved_bytes',
    'none',
    false,
    '<memory> bytes moved',
    'Bytes that ops and copies read from the memory and write to it.',
  ),
];

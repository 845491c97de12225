import { define, type MetricDefinition } from './definition.ts';

/** Energy, money, carbon, the distance to the bound, and what the simulation itself took. */
export const COST_METRICS: readonly MetricDefinition[] = [
  define(
    'energy.total_j',
    'E',
    'j',
    'lower',
    true,
    'energy',
    'Energy of every active part. Present only when each has a source.',
  ),
  define(
    'energy.known_j',
    'E_k',
    'j',
    'lower',
    true,
    'known energy',
    'Energy of the parts that have a source; a warning names the others.',
  ),
  define('energy.<part>_j', 'E_p', 'j', 'lower', false, 'energy of <part>', 'Energy of one part.'),

  define('cost.usd', 'C', 'usd', 'lower', true, 'cost', 'T × price of the machine.'),
  define(
    'cost.usd_per_million_tokens',
    'C_M',
    'USD/Mtoken',
    'lower',
    true,
    'cost per million tokens',
    'C ÷ output tokens × 10^6.',
  ),

  define('carbon.gco2e', 'G', 'gCO2e', 'lower', true, 'carbon', 'Energy × carbon intensity of the machine’s site.'),

  define(
    'bound.time_s',
    'T*',
    's',
    'none',
    false,
    'lower bound of the time',
    'A time no placement, order or overlap can beat on this machine with this workload and precision.',
  ),
  define('bound.gap', 'T/T*', 'ratio', 'lower', false, 'gap to the bound', 'T ÷ T*, at least 1.'),

  define(
    'sim.events',
    'n',
    'count',
    'none',
    false,
    'events',
    'Events the simulator processed: a measure of its own work, not of the machine’s.',
  ),
];

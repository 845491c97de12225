import type { Dimension } from './dimensions.ts';

/** Units from large to small: the first that leaves a number of 1 or more is used, else the last. */
type Ladder = readonly (readonly [unit: string, size: number])[];

const decimal = (unit: string, steps: readonly (readonly [string, number])[]): Ladder =>
  steps.map(([prefix, exp]) => [prefix + unit, Number(`1e${exp}`)] as const);

const LARGE = [
  ['E', 18],
  ['P', 15],
  ['T', 12],
  ['G', 9],
  ['M', 6],
  ['k', 3],
  ['', 0],
] as const;
const SMALL = [
  ['m', -3],
  ['u', -6],
  ['n', -9],
  ['p', -12],
] as const;
const ENERGY = [...LARGE.slice(3), ...SMALL, ['f', -15] as const];
const WORK = [['Y', 24] as const, ['Z', 21] as const, ...LARGE];

const TIME: Ladder = [['h', 3600], ['min', 60], ...decimal('s', [['', 0], ...SMALL.slice(0, 3)])];
const HOURS_FROM_S = 2 * 3600;
const MINUTES_FROM_S = 120;

const LADDERS: Readonly<Record<Exclude<Dimension, 's' | 'ns' | 'usd' | 'usd_per_h' | 'fraction'>, Ladder>> = {
  bytes: [...['Pi', 'Ti', 'Gi', 'Mi', 'Ki'].map((p, i) => [`${p}B`, 1024 ** (5 - i)] as const), ['B', 1]],
  bytes_per_s: decimal('B/s', LARGE),
  flops: decimal('FLOP', WORK),
  flop_per_s: decimal('FLOP/s', WORK),
  j: decimal('J', ENERGY),
  j_per_bit: decimal('J/bit', ENERGY.slice(3)),
  j_per_byte: decimal('J/B', ENERGY.slice(3)),
  w: decimal('W', [...LARGE.slice(3), ...SMALL]),
  hz: decimal('Hz', LARGE.slice(3)),
  gco2e_per_kwh: [['gCO2e/kWh', 1]],
  count: [
    ['T', 1e12],
    ['B', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ],
};

/** Three significant digits without trailing zeros; four where the number itself has four digits before the point. */
function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function climb(value: number, ladder: Ladder, space = ' '): string {
  // What is printed decides, so that a number a little under a unit does not become a thousand of the one below.
  const [unit, scale] =
    ladder.find(([, step]) => Math.abs(Number((value / step).toPrecision(3))) >= 1) ?? ladder.at(-1)!;
  return `${threeDigits(value / scale)}${space}${unit}`;
}

function time(seconds: number): string {
  const size = Math.abs(seconds);
  return climb(seconds, size >= HOURS_FROM_S ? TIME : size >= MINUTES_FROM_S ? TIME.slice(1) : TIME.slice(2));
}

function money(usd: number): string {
  return Math.abs(usd) < 1000 ? threeDigits(usd) : usd.toFixed(0);
}

/**
 * A quantity for people, with three significant digits: `14.9 GiB`, `1.23 ms`, `12.5 GB/s`, `12%`. `value` is in the
 * unit of the dimension's field, and `parseQuantity` reads the text back. Numbers that are not finite come out as they
 * are.
 */
export function formatQuantity(value: number, dimension: Dimension): string {
  if (!Number.isFinite(value)) return String(value);
  switch (dimension) {
    case 's':
      return time(value);
    case 'ns':
      return time(value / 1e9);
    case 'usd':
      return `${money(value)} USD`;
    case 'usd_per_h':
      return `${money(value)} USD/h`;
    case 'fraction':
      return `${threeDigits(value * 100)}%`;
    case 'count':
      return Math.abs(value) < 10_000 ? String(Number(value.toPrecision(4))) : climb(value, LADDERS.count, '');
    default:
      return climb(value, LADDERS[dimension]);
  }
}

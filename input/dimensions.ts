/** What a quantity measures; the name is the suffix of the field that holds it, in SI. */
export type Dimension =
  | 'bytes'
  | 's'
  | 'ns'
  | 'bytes_per_s'
  | 'flops'
  | 'flop_per_s'
  | 'j'
  | 'j_per_bit'
  | 'j_per_byte'
  | 'usd'
  | 'usd_per_h'
  | 'w'
  | 'hz'
  | 'gco2e_per_kwh'
  | 'fraction'
  | 'count';

/** The value of a unit: number × 10^`exp10` × `factor`, in the unit of the field. */
export interface Scale {
  readonly exp10: number;
  readonly factor: number;
}

/** A dimension as people write it. `plain` says what a bare number means. */
export interface DimensionInfo {
  readonly noun: string;
  readonly plain: string;
  readonly examples: readonly [string, ...string[]];
  readonly units: ReadonlyMap<string, Scale>;
}

const DECIMAL = { k: 3, K: 3, M: 6, G: 9, T: 12, P: 15, E: 18 } as const;
const BINARY = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5 } as const;
const SMALL = { f: -15, p: -12, n: -9, u: -6, µ: -6, μ: -6, m: -3 } as const;
const WORK = { k: 3, M: 6, G: 9, T: 12, P: 15, E: 18, Z: 21, Y: 24 } as const;
const POWER = { k: 3, M: 6, G: 9 } as const;

type Prefixes = Readonly<Record<string, number>>;
type Entry = readonly [string, Scale];

const unit = (name: string, exp10 = 0, factor = 1): Entry => [name, { exp10, factor }];

/** The unit `${name}${tail}` bare and under each decimal prefix. */
function decimal(name: string, prefixes: Prefixes, exp10 = 0, factor = 1): Entry[] {
  return [
    unit(name, exp10, factor),
    ...Object.entries(prefixes).map(([prefix, exp]) => unit(prefix + name, exp + exp10, factor)),
  ];
}

function binary(name: string, factor = 1): Entry[] {
  return Object.entries(BINARY).map(([prefix, power]) => unit(prefix + name, 0, factor * 1024 ** power));
}

/** Bytes and bits; a bit is an eighth of a byte. `b` is always a bit and `B` always a byte. */
function data(tail: string, bits: readonly string[]): Entry[] {
  return [
    ...decimal(`B${tail}`, DECIMAL),
    ...binary(`B${tail}`),
    ...bits.flatMap((bit) => [...decimal(bit + tail, DECIMAL, 0, 1 / 8), ...binary(bit + tail, 1 / 8)]),
  ];
}

/** Energy per amount of data, where `perByte` and `perBit` are the factors of the two denominators. */
function energyPerData(perByte: number, perBit: number): Entry[] {
  return [
    ...['B', 'byte'].flatMap((d) => decimal(`J/${d}`, SMALL, 0, perByte)),
    ...['b', 'bit'].flatMap((d) => decimal(`J/${d}`, SMALL, 0, perBit)),
  ];
}

const time = (exp10: number): Entry[] => [
  ...decimal('s', SMALL, exp10),
  unit('min', exp10, 60),
  unit('h', exp10, 3600),
  unit('d', exp10, 86_400),
];

const carbon: Entry[] = ['CO2e', 'CO2eq', 'CO2', ''].flatMap((gas) => [
  unit(`g${gas}/kWh`),
  unit(`kg${gas}/kWh`, 3),
  unit(`kg${gas}/MWh`),
  unit(`t${gas}/MWh`, 3),
]);

function info(noun: string, plain: string, examples: readonly [string, ...string[]], units: Entry[]): DimensionInfo {
  return { noun, plain, examples, units: new Map(units) };
}

/** Every dimension with its units. GB is 10^9 and GiB is 2^30. */
export const DIMENSIONS: Readonly<Record<Dimension, DimensionInfo>> = {
  bytes: info(
    'an amount of data',
    'bytes',
    ['16 GiB', '80 GB', '4096'],
    [...data('', ['b', 'bit']), unit('byte'), unit('bytes'), unit('bits', 0, 1 / 8)],
  ),
  s: info('a time', 'seconds', ['75 us', '1.5 ms', '30 s'], time(0)),
  ns: info('a time', 'nanoseconds', ['120 ns', '75 us', '350'], time(9)),
  bytes_per_s: info(
    'a bandwidth',
    'bytes per second',
    ['12.3 GB/s', '900 GiB/s', '100 Gb/s'],
    [...data('/s', ['b', 'bit']), ...decimal('bps', DECIMAL, 0, 1 / 8), ...decimal('Bps', DECIMAL)],
  ),
  flops: info(
    'an amount of work',
    'floating-point operations',
    ['2.1 TFLOP', '350 GFLOPs', '1e12'],
    ['FLOP', 'FLOPs', 'OP', 'OPs'].flatMap((name) => decimal(name, WORK)),
  ),
  flop_per_s: info(
    'a rate of work',
    'floating-point operations per second',
    ['312 TFLOP/s', '65 TFLOPS', '130 TOPS'],
    ['FLOP/s', 'FLOPs/s', 'FLOPS', 'OP/s', 'OPs/s', 'OPS'].flatMap((name) => decimal(name, WORK)),
  ),
  j: info(
    'an energy',
    'joules',
    ['12 J', '3.2 mJ', '1.5 kWh'],
    [
      ...decimal('J', { ...SMALL, ...POWER }),
      ...Object.entries({ '': 0, m: -3, ...POWER }).map(([prefix, exp]) => unit(`${prefix}Wh`, exp, 3600)),
    ],
  ),
  j_per_bit: info(
    'an energy per bit',
    'joules per bit',
    ['3.9 pJ/bit', '31.2 pJ/B', '3.9e-12'],
    energyPerData(1 / 8, 1),
  ),
  j_per_byte: info(
    'an energy per byte',
    'joules per byte',
    ['31.2 pJ/B', '3.9 pJ/bit', '3.1e-11'],
    energyPerData(1, 8),
  ),
  usd: info(
    'a sum of money',
    'US dollars',
    ['6.98 USD', '$1200', '0.4'],
    [unit('USD'), unit('$'), unit('kUSD', 3), unit('MUSD', 6)],
  ),
  usd_per_h: info(
    'a price per hour',
    'US dollars per hour',
    ['6.98 USD/h', '$0.35/h', '2.5'],
    ['h', 'hr', 'hour'].flatMap((hour) => [unit(`USD/${hour}`), unit(`$/${hour}`)]),
  ),
  w: info('a power', 'watts', ['400 W', '1.2 kW', '85 mW'], decimal('W', { ...SMALL, ...POWER })),
  hz: info('a frequency', 'hertz', ['1.4 GHz', '480 MHz', '1e9'], decimal('Hz', { ...POWER, m: -3 })),
  gco2e_per_kwh: info('a carbon intensity', 'grams of CO2e per kWh', ['240 gCO2e/kWh', '0.24 kgCO2e/kWh'], carbon),
  fraction: info('a fraction', 'parts of one', ['12%', '0.12'], [unit('%', -2)]),
  count: info(
    'a whole number',
    'things counted',
    ['4096', '20M', '7B'],
    [
      ...Object.entries({ k: 3, K: 3, M: 6, G: 9, B: 9, T: 12 }).map(([name, exp]) => unit(name, exp)),
      ...Object.entries(BINARY).map(([name, power]) => unit(name, 0, 1024 ** power)),
    ],
  ),
};

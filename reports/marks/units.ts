import type { MetricUnit } from '../metrics.ts';

/** The unit an axis is labelled in: values are divided by `size`. */
export interface AxisUnit {
  readonly name: string;
  readonly size: number;
}

const decimal = (unit: string): AxisUnit[] =>
  ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z'].map((prefix, i) => ({ name: prefix + unit, size: 1000 ** i }));

/** Seconds up to two hours, then hours. */
const HOUR: AxisUnit = { name: 'h', size: 3600 };
const HOURS_FROM_S = 7200;

const TIME: readonly AxisUnit[] = [
  { name: 'ns', size: 1e-9 },
  { name: 'µs', size: 1e-6 },
  { name: 'ms', size: 1e-3 },
  { name: 's', size: 1 },
];

const LADDERS: Readonly<Partial<Record<MetricUnit, readonly AxisUnit[]>>> = {
  s: TIME,
  ns: TIME.map(({ name, size }) => ({ name, size: size * 1e9 })),
  bytes: ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].map((name, i) => ({ name, size: 1024 ** i })),
  moved_bytes: decimal('B'),
  bytes_per_s: decimal('B/s'),
  flops: decimal('FLOP'),
  flop_per_s: decimal('FLOP/s'),
  j: [{ name: 'mJ', size: 1e-3 }, ...decimal('J')],
  w: decimal('W'),
  hz: decimal('Hz'),
  fraction: [{ name: '%', size: 0.01 }],
  usd: [{ name: 'USD', size: 1 }],
  usd_per_h: [{ name: 'USD/h', size: 1 }],
  'USD/Mtoken': [{ name: 'USD per million tokens', size: 1 }],
  ratio: [{ name: '×', size: 1 }],
  score: [{ name: '', size: 1 }],
  count: [{ name: '', size: 1 }],
};

/** The largest unit in which the largest value is at least 1. `undefined` stands for a number without a unit. */
export function axisUnit(unit: MetricUnit | undefined, largest: number): AxisUnit {
  if (unit === undefined) return { name: '', size: 1 };
  if (unit === 's' && Math.abs(largest) >= HOURS_FROM_S) return HOUR;
  const ladder = LADDERS[unit] ?? [{ name: unit, size: 1 }];
  if (largest === 0) return ladder.find(({ size }) => size === 1) ?? ladder[0]!;
  return [...ladder].reverse().find(({ size }) => Math.abs(largest) >= size) ?? ladder[0]!;
}

/** `Throughput (token/s)`: an axis title begins with a capital and ends with its unit. */
export function axisTitle(text: string, unit: AxisUnit): string {
  const title = text.charAt(0).toUpperCase() + text.slice(1);
  return unit.name === '' ? title : `${title} (${unit.name})`;
}

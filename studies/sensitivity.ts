import { type MachineFile, type NumericField, numericFields } from '../hardware/index.ts';
import { knobEffect } from '../hardware/knobs.ts';
import type { Metrics } from '../sim/types/index.ts';

/**
 * What one more unit of each part of a machine would buy: every rate or cost of the machine file is made a little
 * better, alone, and the case is run again.
 * @module
 */

/** One number of a machine file, made better. */
export interface Improvement {
  readonly path: NumericField['path'];
  readonly before: NumericField['value'];
  readonly after: NumericField['value'];
  /** How much better, as a share of the rate: 0.1 for a rate raised, or a time cut, by the factor 1.1. */
  readonly by: number;
}

/** Effects on time: the others are room, energy and money, which more speed does not follow from. */
const SPEED = new Set(['time.total_s', 'throughput.io_bytes_per_s']);
/** Numbers that cannot pass one, by the name of the field or of the map around it. */
const SHARE = /efficiency|fraction/;
/** Shapes and counts of a device, which are not what a buyer asks for by the tenth. */
const SHAPES =
  /(^|\.)(granularity_bytes|roofline_exponent|devices_per_node|nodes|page_bytes|block_bytes|sector_bytes|payload_bytes|header_bytes|tile_rows|outputs|inner_half|inner_splits|collective_multiprocessors)$/;

/**
 * Every number of the machine that time depends on, better by the share `by`; whole numbers (copy engines, channels) by
 * one at least. Shares stop at one, and those that are there already are left out.
 */
export function improvements(file: MachineFile, by: number): Improvement[] {
  return numericFields(file).flatMap(({ path, value }): Improvement[] => {
    const effect = knobEffect(path);
    const name = path.join('.');
    if (effect === undefined || !SPEED.has(effect.metric) || effect.direction === 'either' || SHAPES.test(name)) {
      return [];
    }
    const isRate = (effect.direction === 'down') === (effect.metric === 'time.total_s');
    const factor = isRate ? 1 + by : 1 / (1 + by);
    const share = SHARE.test(name);
    const better = (x: number): number => {
      const scaled = x * factor;
      if (isCount(path) && Number.isInteger(x)) return isRate ? Math.ceil(scaled) : Math.max(1, Math.floor(scaled));
      return share && isRate ? Math.min(1, scaled) : scaled;
    };
    const after = typeof value === 'number' ? better(value) : value.map(([x, y]) => [x!, better(y!)]);
    const gain = typeof value === 'number' ? gainOf(value, after as number) : by;
    return gain > 0 ? [{ path, before: value, after, by: gain }] : [];
  });
}

const COUNTS = new Set([
  'copy_engines',
  'multiprocessors',
  'rows',
  'columns',
  'vector_lanes',
  'channels',
  'chips_per_channel',
  'dies_per_chip',
  'planes_per_die',
  'lanes',
]);
const isCount = (path: NumericField['path']): boolean => COUNTS.has(String(path.at(-1)));

const gainOf = (before: number, after: number): number =>
  before === 0 || after === 0 ? 0 : Math.max(after / before, before / after) - 1;

/** Rates of work, of which a run has one that says how fast it is. */
const RATES = ['tokens', 'requests', 'samples', 'queries', 'ios', 'bytes', 'io_bytes'].map(
  (work) => `throughput.${work}_per_s`,
);

/** Seconds that a unit of work takes; of the whole run where it has no rate of work. */
export function timeOfWork(metrics: Metrics): number {
  const rate = RATES.map((name) => metrics[name]).find((value) => value !== undefined && value > 0);
  return rate === undefined ? metrics['time.total_s']! : 1 / rate;
}

/** What an improvement did. */
export interface Sensitivity extends Improvement {
  /** Change of the time that the same work takes, as a share of it; negative where it got faster. */
  readonly change: number;
  /**
   * Share of the run that follows this number: 1 where the time is inversely proportional to the rate, 0 where the
   * rate does not matter. Amdahl's law read backwards; shares of numbers that hide behind each other do not add up.
   */
  readonly share: number;
}

/** The improvement with what it did to the time of the work. */
export function sensitivity(improvement: Improvement, base: Metrics, better: Metrics): Sensitivity {
  const change = timeOfWork(better) / timeOfWork(base) - 1;
  return { ...improvement, change, share: (-change * (1 + improvement.by)) / improvement.by };
}

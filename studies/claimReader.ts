import { DIMENSIONS, type Dimension, InputError, oneOf, type Path, type Place, parseQuantity } from '../input/index.ts';
import { describeMetric } from '../reports/metrics.ts';
import type { Claim, Expectation } from './claims.ts';
import type { ClaimInput } from './schema.ts';

/**
 * Turns a claim as it is written into one that can be judged.
 * @module
 */

const EXPECTATIONS = ['value', 'range', 'at_least', 'at_most', 'verdict'] as const;

/** Where a part of the claim stands in its file. */
export type PlaceOf = (path: Path, part?: 'key' | 'value') => Place;

/**
 * The claim with its figure in the metric's unit.
 * @throws InputError unless exactly one figure is given, the metric is known, its unit fits, and `over` stands with
 * exactly the relative operations and names one of `cases`.
 */
export function readClaim(input: ClaimInput, cases: readonly string[], place: PlaceOf): Claim {
  const given = EXPECTATIONS.filter((key) => input[key] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    throw new InputError({
      code: kind === undefined ? 'missing_key' : 'bad_value',
      problem: `the claim ${input.id} gives ${given.length === 0 ? 'no figure' : given.join(' and ')}`,
      expected: `exactly one of ${EXPECTATIONS.join(', ')}`,
      place: place([]),
    });
  }
  const op = input.op ?? 'value';
  const over = checkedOver(input, cases, place);
  if (kind === 'verdict') {
    return {
      id: input.id,
      metric: 'verdict',
      op,
      over,
      expected: expectation(input, kind, Number),
      ...sourceOf(input),
    };
  }
  const metric = input.metric;
  if (metric === undefined) {
    const problem = `the claim ${input.id} names no metric`;
    throw new InputError({ code: 'missing_key', problem, expected: 'the key metric', place: place([]) });
  }
  const described = describeMetric(metric);
  if (!described) {
    const problem = `unknown metric ${JSON.stringify(metric)}`;
    const expected = 'a name from `tierflow list metrics`';
    throw new InputError({ code: 'unknown_name', problem, found: metric, expected, place: place(['metric']) });
  }
  const relative = op === 'ratio' || op === 'saving';
  const number = (value: string | number, path: Path): number =>
    relative ? readRatio(value, place(path)) : readFigure(value, described.unit, place(path));
  return { id: input.id, metric, op, over, expected: expectation(input, kind, number), ...sourceOf(input) };
}

const sourceOf = ({ use, source }: ClaimInput): Pick<Claim, 'use' | 'source'> => ({ use, source });

function checkedOver(input: ClaimInput, cases: readonly string[], place: PlaceOf): string | null {
  const relative = input.op !== undefined && input.op !== 'value';
  if (relative && input.over === undefined) {
    const problem = `the claim ${input.id} is a ${input.op} over no case`;
    throw new InputError({ code: 'missing_key', problem, expected: `over: ${oneOf(cases)}`, place: place([]) });
  }
  if (input.over === undefined) return null;
  if (!relative) {
    const expected = 'op: ratio, difference or saving beside it';
    throw new InputError({
      code: 'bad_value',
      problem: '`over` has no meaning here',
      expected,
      place: place(['over']),
    });
  }
  if (!cases.includes(input.over)) {
    const problem = `unknown case ${JSON.stringify(input.over)}`;
    throw new InputError({ code: 'unknown_name', problem, expected: oneOf(cases), place: place(['over']) });
  }
  return input.over;
}

function expectation(
  input: ClaimInput,
  kind: (typeof EXPECTATIONS)[number],
  number: (value: string | number, path: Path) => number,
): Expectation {
  switch (kind) {
    case 'verdict':
      return { kind, verdict: input.verdict! };
    case 'range': {
      const [low, high] = input.range!;
      const bounds = { low: number(low, ['range', 0]), high: number(high, ['range', 1]) };
      return { kind, ...bounds };
    }
    default:
      return { kind, value: number(input[kind]!, [kind]) };
  }
}

/** A published figure in the unit of its metric. Scores, ratios and rates of things have no other way to be written. */
function readFigure(value: string | number, unit: string, place: Place): number {
  if (unit === 'moved_bytes') return quantityAt(value, 'bytes', place);
  if (Object.hasOwn(DIMENSIONS, unit)) return quantityAt(value, unit as Dimension, place);
  return typeof value === 'number' ? value : readRatio(value, place);
}

/** A plain number, `87%` or `2.1x`. */
function readRatio(value: string | number, place: Place): number {
  const plain = typeof value === 'string' ? value.replace(/\s*[x×]$/, '') : value;
  return quantityAt(plain, 'fraction', place);
}

function quantityAt(value: string | number, dimension: Dimension, place: Place): number {
  try {
    return parseQuantity(value, dimension, { allowNegative: true });
  } catch (error) {
    throw error instanceof InputError ? error.at(place) : error;
  }
}

import { DIMENSIONS, type Dimension } from './dimensions.ts';
import { describeValue, InputError, quote } from './errors.ts';
import { nearestName } from './nearest.ts';

export type { Dimension } from './dimensions.ts';

/** Number, then a unit that may be empty. A dollar sign may come first. */
const QUANTITY = /^([+-]?)(\$?)\s*((?:\d[\d_]*)(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+))?\s*([^\d\s].*)?$/;
const LONGEST_QUANTITY = 100;

/** What a quantity of this dimension looks like: `a bandwidth such as "12.3 GB/s", or a number of bytes per second`. */
export function describeDimension(dimension: Dimension): string {
  const { noun, plain, examples } = DIMENSIONS[dimension];
  const shown = examples.slice(0, 2).map(quote).join(' or ');
  return dimension === 'count' ? `${noun} such as ${shown}` : `${noun} such as ${shown} (a plain number is ${plain})`;
}

/**
 * The quantity in the unit of its dimension's field (SI; `ns` gives nanoseconds, `usd_per_h` dollars an hour,
 * `gco2e_per_kwh` grams a kilowatt-hour). Accepts plain numbers in that unit and text with a unit (`16 GiB`,
 * `12.3 GB/s`, `75 us`, `3.9 pJ/bit`, `12%`). Amounts of data given in a multiple of the byte are rounded to whole
 * bytes, and a count must be whole.
 * @throws InputError for anything else: an unknown unit, a unit of another dimension, a negative value (unless
 * `allowNegative`), NaN, an infinity.
 */
export function parseQuantity(
  value: string | number,
  dimension: Dimension,
  options: { readonly allowNegative?: boolean } = {},
): number {
  const number = typeof value === 'number' ? value : parseText(value, dimension);
  if (!Number.isFinite(number)) throw refuse('bad_number', value, 'is not a finite number', dimension);
  if (number < 0 && !options.allowNegative) throw refuse('out_of_range', value, 'is negative', dimension);
  if (dimension === 'count' && !Number.isSafeInteger(number)) {
    throw refuse('bad_quantity', value, 'is not a whole number', dimension);
  }
  return number === 0 ? 0 : number;
}

function parseText(text: string, dimension: Dimension): number {
  const match = text.length <= LONGEST_QUANTITY ? QUANTITY.exec(text.trim()) : null;
  if (!match) throw refuse('bad_quantity', text, `is not ${DIMENSIONS[dimension].noun}`, dimension);
  const [, sign = '', dollar = '', mantissa = '', exponent = '0', rest = ''] = match;
  const name = dollar + rest.trim();
  const scale = name === '' ? { exp10: 0, factor: 1 } : DIMENSIONS[dimension].units.get(name);
  if (!scale) throw wrongUnit(text, name, dimension);
  // Shifting the decimal exponent in text keeps `75 us` equal to the literal 75e-6.
  const digits = mantissa.replaceAll('_', '');
  const size = Number(`${digits}e${Number(exponent) + scale.exp10}`) * scale.factor;
  if (size === 0 && /[1-9]/.test(digits)) throw refuse('bad_number', text, 'is too small to tell from 0', dimension);
  const multiple = scale.exp10 > 0 || scale.factor > 1;
  const whole = dimension === 'bytes' && multiple && size <= Number.MAX_SAFE_INTEGER ? Math.round(size) : size;
  return sign === '-' ? -whole : whole;
}

function refuse(
  code: 'bad_number' | 'bad_quantity' | 'out_of_range',
  value: string | number,
  problem: string,
  dimension: Dimension,
): InputError {
  return new InputError({
    code,
    problem: `${describeValue(value)} ${problem}`,
    found: String(value).slice(0, LONGEST_QUANTITY),
    expected: describeDimension(dimension),
  });
}

/** Says whether the unit is another dimension's, ambiguous in its letter case, or unknown. */
function wrongUnit(text: string, name: string, dimension: Dimension): InputError {
  const units = [...DIMENSIONS[dimension].units.keys()];
  const alike = units.filter((candidate) => candidate.toLowerCase() === name.toLowerCase());
  const other = (Object.keys(DIMENSIONS) as Dimension[]).find(
    (candidate) => candidate !== dimension && candidate !== 'count' && DIMENSIONS[candidate].units.has(name),
  );
  const problem =
    alike.length > 1
      ? `${quote(text)} could mean ${alike.join(' or ')}`
      : other
        ? `${quote(text)} is ${DIMENSIONS[other].noun}`
        : `${quote(text)} has the unknown unit ${quote(name)}`;
  return new InputError({
    code: 'bad_unit',
    problem,
    found: text,
    expected: describeDimension(dimension),
    nearest: alike.length > 1 ? undefined : (alike[0] ?? nearestUnit(name, units)),
  });
}

/** A bare `GB` where a rate belongs means `GB/s`; otherwise the nearest spelling. */
function nearestUnit(name: string, units: readonly string[]): string | undefined {
  const tail = units.find((candidate) => candidate.startsWith(`${name}/`) || candidate === name.replace(/\/.*$/, ''));
  return tail ?? nearestName(name, units);
}

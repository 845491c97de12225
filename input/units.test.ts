import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIMENSIONS, type Dimension } from './dimensions.ts';
import { InputError } from './errors.ts';
import { formatQuantity } from './formatQuantity.ts';
import { parseQuantity } from './units.ts';

const ALL = Object.keys(DIMENSIONS) as Dimension[];

function errorOf(run: () => unknown): InputError {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('parseQuantity', () => {
  test.each<[string | number, Dimension, number]>([
    ['16 GiB', 'bytes', 16 * 2 ** 30],
    ['16GiB', 'bytes', 16 * 2 ** 30],
    ['80 GB', 'bytes', 80e9],
    ['12.3 GB', 'bytes', 12_300_000_000],
    ['8 Gb', 'bytes', 1e9],
    ['4 bit', 'bytes', 0.5],
    ['64 KB', 'bytes', 64_000],
    ['64 kB', 'bytes', 64_000],
    ['1 kB', 'bytes', 1000],
    ['9.1e9', 'bytes', 9.1e9],
    [9.1e9, 'bytes', 9.1e9],
    ['1_000_000', 'bytes', 1e6],
    ['12.3 GB/s', 'bytes_per_s', 12.3e9],
    ['100 Gb/s', 'bytes_per_s', 12.5e9],
    ['100 Gbit/s', 'bytes_per_s', 12.5e9],
    ['100 Gbps', 'bytes_per_s', 12.5e9],
    ['1 GiB/s', 'bytes_per_s', 2 ** 30],
    ['75 us', 's', 75e-6],
    ['75 µs', 's', 75e-6],
    ['75 μs', 's', 75e-6],
    ['1.5 h', 's', 5400],
    ['75 us', 'ns', 75_000],
    ['1 s', 'ns', 1e9],
    [350, 'ns', 350],
    ['312 TFLOP/s', 'flop_per_s', 312e12],
    ['65 TFLOPS', 'flop_per_s', 65e12],
    ['130 TOPS', 'flop_per_s', 130e12],
    ['2.1 TFLOP', 'flops', 2.1e12],
    ['3.9 pJ/bit', 'j_per_bit', 3.9e-12],
    ['8 pJ/B', 'j_per_bit', 1e-12],
    ['1 pJ/bit', 'j_per_byte', 8e-12],
    ['1 kWh', 'j', 3.6e6],
    ['6.98 USD/h', 'usd_per_h', 6.98],
    ['$0.35/h', 'usd_per_h', 0.35],
    ['$1200', 'usd', 1200],
    ['400 W', 'w', 400],
    ['1.4 GHz', 'hz', 1.4e9],
    ['240 gCO2e/kWh', 'gco2e_per_kwh', 240],
    ['0.24 kgCO2e/kWh', 'gco2e_per_kwh', 240],
    ['12%', 'fraction', 0.12],
    ['12 %', 'fraction', 0.12],
    ['20M', 'count', 20e6],
    ['7B', 'count', 7e9],
    ['1.5k', 'count', 1500],
    ['.5 s', 's', 0.5],
    ['+3 s', 's', 3],
  ])('%s as %s is %d', (text, dimension, value) => {
    expect(parseQuantity(text, dimension)).toBe(value);
  });

  test('negative quantities only where they are allowed', () => {
    expect(errorOf(() => parseQuantity('-5%', 'fraction')).code).toBe('out_of_range');
    expect(errorOf(() => parseQuantity(-1, 'bytes')).code).toBe('out_of_range');
    expect(parseQuantity('-5%', 'fraction', { allowNegative: true })).toBe(-0.05);
  });

  test.each<[string | number, Dimension]>([
    [Number.NaN, 's'],
    [Number.POSITIVE_INFINITY, 's'],
    ['1e999 s', 's'],
    ['1e-999 s', 's'],
    ['NaN', 's'],
    ['', 's'],
    ['GB', 'bytes'],
    ['1,000 GB', 'bytes'],
    ['1.5', 'count'],
    ['1 2', 'count'],
    ['--1', 'count'],
    [2 ** 53, 'count'],
  ])('%s as %s is refused', (text, dimension) => {
    expect(errorOf(() => parseQuantity(text, dimension))).toBeInstanceOf(InputError);
  });

  test('a unit of another dimension is named, with the nearest right one', () => {
    const error = errorOf(() => parseQuantity('12 GB', 'bytes_per_s'));
    expect(error.code).toBe('bad_unit');
    expect(error.nearest).toBe('GB/s');
    expect(error.message).toBe(
      '"12 GB" is an amount of data; expected a bandwidth such as "12.3 GB/s" or "900 GiB/s" (a plain number is bytes per second); did you mean "GB/s"?',
    );
    expect(errorOf(() => parseQuantity('12 GB/s', 'bytes')).nearest).toBe('GB');
    expect(errorOf(() => parseQuantity('3 TFLOP', 'flop_per_s')).nearest).toBe('TFLOP/s');
  });

  test('bits and bytes are never guessed', () => {
    const error = errorOf(() => parseQuantity('16 gb', 'bytes'));
    expect(error.message).toMatch(/^"16 gb" could mean GB or Gb; /);
    expect(error.nearest).toBeUndefined();
    expect(errorOf(() => parseQuantity('16 gib', 'bytes')).message).toMatch(/could mean GiB or Gib/);
  });

  test('an unknown unit is named, with the nearest one', () => {
    expect(errorOf(() => parseQuantity('16 GiiB', 'bytes')).nearest).toBe('GiB');
    expect(errorOf(() => parseQuantity('4 ghz', 'hz')).nearest).toBe('GHz');
  });

  test('whatever the text, the answer is a number or an InputError', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[-+.\d_e$ ]{1,12}[GMkKibB/s%]{0,5}$/),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(...ALL), (input, dimension) => {
        try {
          expect(parseQuantity(input, dimension)).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formatQuantity', () => {
  test.each<[number, Dimension, string]>([
    [16e9, 'bytes', '14.9 GiB'],
    [0, 'bytes', '0 B'],
    [1023.9 * 2 ** 20, 'bytes', '1 GiB'],
    [0.00123, 's', '1.23 ms'],
    [999.6e-6, 's', '1 ms'],
    [12, 's', '12 s'],
    [7200, 's', '2 h'],
    [1500, 'ns', '1.5 us'],
    [12.5e9, 'bytes_per_s', '12.5 GB/s'],
    [312e12, 'flop_per_s', '312 TFLOP/s'],
    [3.9e-12, 'j_per_bit', '3.9 pJ/bit'],
    [6.98, 'usd_per_h', '6.98 USD/h'],
    [0.12, 'fraction', '12%'],
    [20e6, 'count', '20M'],
    [4096, 'count', '4096'],
    [240, 'gco2e_per_kwh', '240 gCO2e/kWh'],
    [Number.NaN, 's', 'NaN'],
  ])('%d as %s is %s', (value, dimension, text) => {
    expect(formatQuantity(value, dimension)).toBe(text);
  });

  test('parses back to within its three digits', () => {
    const value = fc.double({ min: 1e-15, max: 1e24, noNaN: true });
    fc.assert(
      fc.property(value, fc.constantFrom(...ALL), (size, dimension) => {
        const known = dimension === 'count' ? Math.min(Math.ceil(size), 9e15) : size;
        const back = parseQuantity(formatQuantity(known, dimension), dimension);
        expect(Math.abs(back - known) / known).toBeLessThanOrEqual(0.0051);
      }),
    );
  });

  test('every example of a dimension is read', () => {
    for (const dimension of ALL) {
      for (const example of DIMENSIONS[dimension].examples)
        expect(parseQuantity(example, dimension)).toBeGreaterThan(0);
    }
  });
});

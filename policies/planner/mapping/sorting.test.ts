import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedBy } from './sorting.ts';

const value = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

describe('sorting by value', () => {
  it.each([10, 5000])('of %i values is in rising order, equal ones in theirs', (length) => {
    fc.assert(
      fc.property(fc.array(value, { minLength: length, maxLength: length }), (list) => {
        const values = Float64Array.from(list);
        const wanted = list.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
        expect([...sortedBy(values)]).toEqual(wanted);
        const backwards = Int32Array.from(wanted, (_, i) => length - 1 - i);
        const other = wanted.slice().sort((a, b) => values[a]! - values[b]! || b - a);
        expect([...sortedBy(values, backwards)]).toEqual(other);
      }),
      { numRuns: 20 },
    );
  });
});

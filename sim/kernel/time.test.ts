import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ceilNs, MAX_TIME_NS, nsFromSeconds, secondsFromNs } from './time.ts';

it('rounds work up to the tick', () => {
  expect([0, 0.001, 1, 1.5, 7].map(ceilNs)).toEqual([0, 1, 1, 2, 7]);
});

it('does not take the noise of a product for work', () => {
  expect(61e-9 * 1e9).toBeGreaterThan(61);
  expect(nsFromSeconds(61e-9)).toBe(61);
});

it('returns every whole number of nanoseconds from its seconds', () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 50 }), (ns) => nsFromSeconds(secondsFromNs(ns)) === ns));
});

it.each([
  ['bad-argument', -1],
  ['bad-argument', Number.NaN],
  ['overflow', MAX_TIME_NS + 1],
  ['overflow', Number.POSITIVE_INFINITY],
])('refuses with %s a duration of %d', (code, durationNs) => {
  expect(() => ceilNs(durationNs)).toThrow(expect.objectContaining({ code }));
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearestName } from './nearest.ts';

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', 'abd', 1],
  ['abc', 'acb', 1],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
])('the distance of %s and %s is %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test('finds the name that was meant', () => {
  expect(nearestName('palcement', ['policy', 'placement', 'precision'])).toBe('placement');
  expect(nearestName('t4-gpc', ['t4-gcp', 'a100-80g'])).toBe('t4-gcp');
  expect(nearestName('a100', ['h100-sxm', 'a100-80g'])).toBe('a100-80g');
  expect(nearestName('Layer_Stream', ['layer-stream', 'lp'])).toBe('layer-stream');
});

test('is silent when nothing is near', () => {
  expect(nearestName('quantum', ['policy', 'placement'])).toBeUndefined();
  expect(nearestName('x', ['y'])).toBeUndefined();
  expect(nearestName('', ['a'])).toBeUndefined();
  expect(nearestName('x'.repeat(1e6), ['x'.repeat(1e6)])).toBeUndefined();
});

test('the distance is symmetric and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

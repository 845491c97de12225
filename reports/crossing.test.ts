import { expect, test } from 'vitest';
import { crossings } from './crossing.ts';

const flat = {
  name: 'flat',
  points: [
    [0, 1],
    [1, 1],
    [2, 1],
    [4, 1],
  ] as const,
};

test('a rising curve overtakes a flat one between two points', () => {
  const rising = {
    name: 'rising',
    points: [
      [0, 0],
      [2, 2],
      [4, 4],
    ] as const,
  };
  expect(crossings(rising, flat)).toEqual([{ x: 1, y: 1, above: 'rising' }]);
});

test('a curve that comes back crosses twice, and one that touches does not', () => {
  const hill = {
    name: 'hill',
    points: [
      [0, 0],
      [2, 3],
      [4, 0],
    ] as const,
  };
  expect(crossings(hill, flat).map(({ above }) => above)).toEqual(['hill', 'flat']);
  const touch = {
    name: 'touch',
    points: [
      [0, 0],
      [1, 1],
      [2, 0],
    ] as const,
  };
  expect(crossings(touch, flat)).toEqual([]);
});

test('curves that share no x have no crossing', () => {
  expect(
    crossings(
      {
        name: 'other',
        points: [
          [0.5, 0],
          [3, 5],
        ],
      },
      flat,
    ),
  ).toEqual([]);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Axis, countPoints, parseShard, points, settings } from './sweepPlan.ts';

const axes: Axis[] = [
  { path: ['workload', 'batch'], values: [1, 2] },
  {
    path: ['policy', 'placement', 'weights'],
    values: [
      [0, 100],
      [100, 0],
      [50, 50],
    ],
  },
];

test('the last axis turns fastest', () => {
  expect([...points(axes)].map((point) => settings(axes, point))).toEqual([
    { 'workload.batch': 1, 'policy.placement.weights': [0, 100] },
    { 'workload.batch': 1, 'policy.placement.weights': [100, 0] },
    { 'workload.batch': 1, 'policy.placement.weights': [50, 50] },
    { 'workload.batch': 2, 'policy.placement.weights': [0, 100] },
    { 'workload.batch': 2, 'policy.placement.weights': [100, 0] },
    { 'workload.batch': 2, 'policy.placement.weights': [50, 50] },
  ]);
});

test('no axis is one point', () => {
  expect([...points([])]).toEqual([{ index: 0, values: [] }]);
});

test('shards share all points, each once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 7 }),
      (sizes, count) => {
        const some = sizes.map((size, i): Axis => ({ path: [i], values: Array.from({ length: size }, (_, n) => n) }));
        const dealt = Array.from({ length: count }, (_, i) => [...points(some, { index: i + 1, count })]).flat();
        const indices = dealt.map((point) => point.index).sort((a, b) => a - b);
        expect(indices).toEqual(Array.from({ length: countPoints(some) }, (_, i) => i));
        const combinations = new Set(dealt.map((point) => JSON.stringify(point.values)));
        expect(combinations.size).toBe(countPoints(some));
      },
    ),
  );
});

test('a shard is i/n with i from 1 to n', () => {
  expect(parseShard('2/4')).toEqual({ index: 2, count: 4 });
  for (const bad of ['0/4', '5/4', '1', '1/0', 'a/b', '1/2/3', '-1/2']) expect(() => parseShard(bad)).toThrow(/1\/4/);
});

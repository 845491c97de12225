import { expect, test } from 'vitest';
import { listMetrics } from '../reports/metrics.ts';
import { readTolerances } from './load.ts';
import { metricPattern, toleranceRule } from './tolerances.ts';

test('a star stands for any text and braces for one of several', () => {
  const pattern = metricPattern('{time,busy}.*_s');
  expect(pattern.test('time.total_s')).toBe(true);
  expect(pattern.test('busy.x.y_s')).toBe(true);
  expect(pattern.test('cost.total_s')).toBe(false);
  expect(pattern.test('timeXtotal_s')).toBe(false);
});

test('the first rule that matches decides', () => {
  const rules = [
    { ops: ['ratio'] as const, metrics: '*', tolerance: 0.1, reason: 'r' },
    { ops: ['value'] as const, metrics: 'time.*', tolerance: 0.2, reason: 'r' },
    { ops: ['value'] as const, metrics: '*', tolerance: 0.3, reason: 'r' },
  ];
  expect(toleranceRule(rules, 'ratio', 'time.total_s')?.tolerance).toBe(0.1);
  expect(toleranceRule(rules, 'value', 'time.total_s')?.tolerance).toBe(0.2);
  expect(toleranceRule(rules, 'value', 'cost.usd')?.tolerance).toBe(0.3);
  expect(toleranceRule(rules, 'saving', 'cost.usd')).toBeUndefined();
});

test('every metric has a tolerance for every operation', () => {
  const rules = readTolerances();
  const uncovered = listMetrics()
    .map(({ pattern }) => pattern.replace(/<\w+>/g, 'x'))
    .filter((name) =>
      (['value', 'ratio', 'difference', 'saving'] as const).some((op) => !toleranceRule(rules, op, name)),
    );
  expect(uncovered).toEqual([]);
});

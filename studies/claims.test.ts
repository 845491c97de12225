import { expect, test } from 'vitest';
import { type Claim, type Expectation, judge, skippedRow } from './claims.ts';
import type { Outcome } from './outcome.ts';
import type { ToleranceRule } from './tolerances.ts';

const rules: ToleranceRule[] = [
  { ops: ['ratio', 'difference', 'saving'], metrics: '*', tolerance: 0.1, reason: 'test' },
  { ops: ['value'], metrics: 'time.*', tolerance: 0.15, reason: 'test' },
];
const at = { study: 's', case: 'fast' };
const ran = (metrics: Record<string, number>): Outcome => ({ status: 'ran', metrics, warnings: [] });
const outcomes: Record<string, Outcome> = {
  fast: ran({ 'time.total_s': 90, 'time.decode_s': 0 }),
  slow: ran({ 'time.total_s': 120, 'time.decode_s': 0 }),
  big: { status: 'does_not_fit', error: new Error('no room') },
};
const claim = (expected: Expectation, rest: Partial<Claim> = {}): Claim => ({
  id: 'c',
  metric: 'time.total_s',
  op: 'value',
  over: null,
  expected,
  use: 'validate',
  source: 'test',
  ...rest,
});
const judged = (it: Claim, place = at) => judge(it, place, (id) => outcomes[id], rules);

test('the error is simulated over published less one', () => {
  expect(judged(claim({ kind: 'value', value: 100 }))).toMatchObject({
    simulated: 90,
    error: -0.1,
    tolerance: 0.15,
    pass: true,
  });
  expect(judged(claim({ kind: 'value', value: 75 }))).toMatchObject({ error: 0.2, pass: false });
});

test('an error of exactly the tolerance passes', () => {
  expect(judged(claim({ kind: 'value', value: 90 / 1.15 })).pass).toBe(true);
});

test('ratio, difference and saving compare with another case', () => {
  const over = 'slow';
  expect(judged(claim({ kind: 'value', value: 0.75 }, { op: 'ratio', over }))).toMatchObject({
    simulated: 0.75,
    error: 0,
  });
  expect(judged(claim({ kind: 'value', value: -30 }, { op: 'difference', over }))).toMatchObject({
    simulated: -30,
    error: 0,
  });
  expect(judged(claim({ kind: 'value', value: 0.25 }, { op: 'saving', over }))).toMatchObject({
    simulated: 0.25,
    error: 0,
  });
});

test('the error of a negative difference is positive when ours is larger', () => {
  const row = judged(claim({ kind: 'value', value: -40 }, { op: 'difference', over: 'slow' }));
  expect(row.error).toBe(0.25);
});

test('a published zero is met by zero alone, without an error', () => {
  const zero = claim({ kind: 'value', value: 0 }, { metric: 'time.decode_s' });
  expect(judged(zero)).toMatchObject({ error: null, pass: true });
  expect(judged(claim({ kind: 'value', value: 0 }))).toMatchObject({ error: null, pass: false });
});

test('ranges and bounds are met or not, without an error', () => {
  expect(judged(claim({ kind: 'range', low: 85, high: 95 }))).toMatchObject({
    published: '85 … 95',
    error: null,
    pass: true,
  });
  expect(judged(claim({ kind: 'range', low: 91, high: 95 })).pass).toBe(false);
  expect(judged(claim({ kind: 'at_least', value: 90 }))).toMatchObject({ error: null, pass: true });
  expect(judged(claim({ kind: 'at_most', value: 89 })).pass).toBe(false);
});

test('a verdict asks only whether the work fits', () => {
  const verdict = claim({ kind: 'verdict', verdict: 'does_not_fit' }, { metric: 'verdict' });
  expect(judged(verdict, { study: 's', case: 'big' })).toMatchObject({ simulated: 'does_not_fit', pass: true });
  expect(judged(verdict)).toMatchObject({ simulated: 'fits', pass: false });
});

test('what did not run has no figure and does not pass', () => {
  const row = judged(claim({ kind: 'value', value: 100 }), { study: 's', case: 'big' });
  expect(row).toMatchObject({ simulated: null, error: null, pass: false, skipped: false });
  const bound = judged(claim({ kind: 'at_most', value: 1e9 }), { study: 's', case: 'big' });
  expect(bound.pass).toBe(false);
});

test('a ratio over a zero has no figure', () => {
  const row = judged(claim({ kind: 'value', value: 1 }, { metric: 'time.decode_s', op: 'ratio', over: 'slow' }));
  expect(row).toMatchObject({ simulated: null, pass: false });
});

test('a metric that no rule covers cannot pass', () => {
  const row = judge(claim({ kind: 'value', value: 90 }), at, (id) => outcomes[id], []);
  expect(row).toMatchObject({ error: 0, tolerance: null, pass: false });
});

test('a skipped row keeps what was published', () => {
  expect(skippedRow(claim({ kind: 'value', value: 7 }), at)).toMatchObject({
    published: 7,
    simulated: null,
    skipped: true,
    pass: false,
  });
});

import { expect, test } from 'vitest';
import { formatInputError, InputError, oneOf, quote, unknownName } from './errors.ts';

test('an issue is one line with place, problem, expectation and hint', () => {
  const error = new InputError({
    code: 'unknown_key',
    problem: 'unknown key "palcement"',
    expected: 'one of placement, kv',
    nearest: 'placement',
    place: { file: 'studies/x.yaml', line: 12, column: 5 },
  });
  expect(formatInputError(error)).toBe(
    'studies/x.yaml:12:5: unknown key "palcement"; expected one of placement, kv; did you mean "placement"?',
  );
  expect(error.message).toBe(formatInputError(error));
});

test('only the first twenty issues are shown in full', () => {
  const issue = { code: 'bad_value', problem: 'no' } as const;
  const lines = formatInputError(new InputError(issue, ...Array(24).fill(issue))).split('\n');
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('… and 5 more');
});

test('at() places what has no place yet', () => {
  const inner = new InputError(
    { code: 'bad_value', problem: 'no' },
    { code: 'empty', problem: 'x', place: { file: 'b' } },
  );
  expect(inner.at({ file: 'a', line: 3 }).message).toBe('a:3: no\nb: x');
});

test('an unknown name lists the known ones', () => {
  expect(unknownName('machine', 't4-gpc', ['t4-gcp', 'h200']).message).toBe(
    'unknown machine "t4-gpc"; expected one of t4-gcp, h200; did you mean "t4-gcp"?',
  );
  expect(oneOf(Array.from({ length: 30 }, (_, i) => `n${i}`))).toMatch(/n15, … \(30 in all\)$/);
});

test('quoted text is short and free of control characters', () => {
  expect(quote('a\nb')).toBe('"a\\nb"');
  expect(quote('x'.repeat(1000)).length).toBeLessThan(70);
});

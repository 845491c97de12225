import { expect, test } from 'vitest';
import type { ClaimRow, ClaimUse } from '../sim/types/index.ts';
import { type System, statusOf } from './systems.ts';

const system: System = { id: 'a', n: 1, paper: 'A', kind: 'kv', models: 'it', studies: [], figures: ['a figure'] };

const row = (use: ClaimUse, error: number | null, pass = true): ClaimRow => ({
  study: 'a/b',
  case: 'base',
  id: `${use}${error}`,
  metric: 'time.total_s',
  published: 1,
  simulated: error === null ? null : 1 + error,
  error,
  tolerance: 0.15,
  use,
  pass,
  skipped: false,
  source: 'A, table 1',
});

test("figures of the authors' own model are checked like measurements, and their misses shown", () => {
  expect(statusOf(system, [row('reference', 0.004)])).toEqual({ status: 'reproduced', claims: 1, passed: 1 });
  expect(statusOf(system, [row('reference', 0.004), row('validate', 0.1)]).status).toBe('within tolerance');
  expect(statusOf(system, [row('reference', -0.3, false), row('validate', 0)]).status).toBe('off (by 30 %)');
});

test('fitted rows, other tools and figures without their inputs are no check', () => {
  const none = (['calibrate', 'peer', 'unverified'] as const).map((use) => row(use, 0));
  expect(statusOf(system, none)).toEqual({ status: 'mechanism only', claims: 0, passed: 0 });
  expect(statusOf({ ...system, figures: [] }, none).status).toBe('no claim');
  expect(statusOf(system, [...none, row('identity', 0)]).status).toBe('identity');
});

test('a row that could not run here says nothing', () => {
  expect(statusOf(system, [{ ...row('validate', null), skipped: true }]).status).toBe('mechanism only');
});

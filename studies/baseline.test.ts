import { expect, test } from 'vitest';
import type { ClaimRow } from '../sim/types/index.ts';
import { type CaseCost, compareBaseline, makeBaseline } from './baseline.ts';

const cost = (metrics: Record<string, number>, id = 'base'): CaseCost => ({ study: 'sys/one', case: id, metrics });
const row = (error: number | null): ClaimRow => ({
  study: 'sys/one',
  case: 'base',
  id: 'c1',
  metric: 'time.total_s',
  published: 1,
  simulated: 1,
  error,
  tolerance: 0.15,
  use: 'validate',
  pass: true,
  skipped: false,
  source: 'test',
});
const before = { 'time.total_s': 100, 'throughput.tokens_per_s': 10, 'time.decode.kv_read_s': 50, 'sim.events': 7 };
const all = { maxIncrease: 0.02, covers: () => true };

test('a baseline holds costs, streams apart, and absolute errors', () => {
  expect(makeBaseline([cost(before)], [row(-0.05)])).toEqual({
    schema: 'tierflow/baseline/1',
    studies: { 'sys/one/base': { 'throughput.tokens_per_s': 10, 'time.total_s': 100 } },
    streams: { 'sys/one/base': { 'time.decode.kv_read_s': 50 } },
    claims: { 'sys/one/base/c1': 0.05 },
  });
});

test('a cost worse by more than the limit fails, in its own direction', () => {
  const baseline = makeBaseline([cost(before)], []);
  const slower = compareBaseline(baseline, [cost({ ...before, 'time.total_s': 103 })], [], all);
  expect(slower.moves).toMatchObject([{ metric: 'time.total_s', change: 0.03, verdict: 'worse', fails: true }]);
  const lessWork = compareBaseline(baseline, [cost({ ...before, 'throughput.tokens_per_s': 9.7 })], [], all);
  expect(lessWork.moves).toMatchObject([{ metric: 'throughput.tokens_per_s', verdict: 'worse', fails: true }]);
  const faster = compareBaseline(baseline, [cost({ ...before, 'time.total_s': 50 })], [], all);
  expect(faster.moves).toMatchObject([{ verdict: 'better', fails: false }]);
  expect(faster.fails).toBe(false);
});

test('a worsening of exactly the limit passes', () => {
  const baseline = makeBaseline([cost(before)], []);
  expect(compareBaseline(baseline, [cost({ ...before, 'time.total_s': 102 })], [], all).fails).toBe(false);
});

test('a metric that vanished fails, and so does a case', () => {
  const baseline = makeBaseline([cost(before), cost(before, 'other')], []);
  const { moves, fails } = compareBaseline(baseline, [cost({ 'time.total_s': 100 })], [], all);
  expect(fails).toBe(true);
  expect(moves.map((move) => `${move.key} ${move.metric} ${move.verdict}`)).toEqual([
    'sys/one/base throughput.tokens_per_s vanished',
    'sys/one/other throughput.tokens_per_s vanished',
    'sys/one/other time.total_s vanished',
  ]);
});

test('studies that were not asked for are left alone', () => {
  const baseline = makeBaseline([cost(before)], [row(0.1)]);
  expect(compareBaseline(baseline, [], [], { maxIncrease: 0.02, covers: () => false })).toMatchObject({
    moves: [],
    compared: 0,
  });
});

test('the error of a claim may shrink, never grow', () => {
  const baseline = makeBaseline([cost(before)], [row(-0.05)]);
  expect(compareBaseline(baseline, [cost(before)], [row(0.06)], all).fails).toBe(true);
  expect(compareBaseline(baseline, [cost(before)], [row(0.04)], all)).toMatchObject({
    fails: false,
    moves: [{ verdict: 'better' }],
  });
});

test('the streams that moved most say why', () => {
  const baseline = makeBaseline([cost(before)], []);
  const after = cost({ ...before, 'time.total_s': 120, 'time.decode.kv_read_s': 70, 'time.decode.compute_s': 1 });
  const { reasons } = compareBaseline(baseline, [after], [], all);
  expect(reasons.get('sys/one/base')).toEqual([
    { stream: 'time.decode.kv_read_s', before_s: 50, after_s: 70 },
    { stream: 'time.decode.compute_s', before_s: 0, after_s: 1 },
  ]);
});

test('an update keeps the cases that did not run', () => {
  const old = makeBaseline([cost(before), cost(before, 'other')], [row(0.05)]);
  const updated = makeBaseline([cost({ 'time.total_s': 90 })], [row(0.01)], old);
  expect(updated.studies).toEqual({
    'sys/one/base': { 'time.total_s': 90 },
    'sys/one/other': { 'throughput.tokens_per_s': 10, 'time.total_s': 100 },
  });
  expect(updated.claims).toEqual({ 'sys/one/base/c1': 0.01 });
});

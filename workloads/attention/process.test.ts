import { expect, test } from 'vitest';
import { chooserOf, retention } from '../../policies/kv/identities.ts';
import { resolvePreset } from '../../policies/kv/index.ts';
import { readPreset } from '../../policies/presets/load.ts';
import { replicationInterval } from '../../sim/kernel/confidence.ts';
import { randomStreams } from '../../sim/kernel/random.ts';
import { AttentionProcess, type ProcessFields, PUBLISHED_FIT } from './process.ts';
import { readAttentionTrace } from './trace.ts';

const TOKENS = 4096;
const SEEDS = 20;
const processOf = (seed: number, over: Partial<ProcessFields> = {}, tokens = TOKENS): AttentionProcess =>
  new AttentionProcess(tokens, { ...PUBLISHED_FIT, ...over }, randomStreams(seed).stream('attention'));

/** Share of a row's entries below 1 % of its largest. */
function sparsity(seed: number): number {
  const row = processOf(seed).next();
  const dense = new Float64Array(row.tokens);
  for (let i = 0; i < row.count; i++) dense[row.positions[i]!]! += row.mass[i]!;
  const most = Math.max(...dense);
  return dense.filter((mass) => mass < most / 100).length / dense.length;
}

/** Of the tokens that are pivotal (above the mean) in a later row, the share that was so in one of the first 32. */
function persistence(seed: number): number {
  const source = processOf(seed);
  const pivotal = (): Set<number> => {
    const { positions, mass, count, tokens } = source.next();
    const found = new Set<number>();
    for (let i = 0; i < count; i++) if (mass[i]! > 1 / tokens && positions[i]! < TOKENS) found.add(positions[i]!);
    return found;
  };
  const seen = new Set<number>();
  for (let step = 0; step < 32; step++) for (const token of pivotal()) seen.add(token);
  const later = [...pivotal()];
  return later.filter((token) => seen.has(token)).length / later.length;
}

test('masses of a row add to 1', () => {
  const row = processOf(1, {}, 6000).next();
  const sum = row.mass.slice(0, row.count).reduce((total, mass) => total + mass, row.rest_mass);
  expect(sum).toBeCloseTo(1, 9);
});

test('both published bounds hold over 20 seeds, with 95 % confidence', () => {
  for (const statistic of [sparsity, persistence]) {
    const observed = Array.from({ length: SEEDS }, (_, seed) => statistic(seed));
    const { mean, halfWidth } = replicationInterval(observed);
    expect(mean - halfWidth, statistic.name).toBeGreaterThan(0.95);
  }
});

const retained = (preset: string, budget: number, over: Partial<ProcessFields>, seed = 3): number => {
  const { fields } = resolvePreset(readPreset(preset), { preset }, () => undefined, readPreset);
  return retention(chooserOf(fields, budget, TOKENS)!, processOf(seed, over), 48).mass;
};

test('a larger budget retains more, and everything retains all', () => {
  const masses = [128, 256, 512, 1024].map((budget) => retained('h2o', budget, {}));
  expect(masses).toEqual([...masses].sort((a, b) => a - b));
  expect(retained('quest', 2 * TOKENS, {})).toBeCloseTo(1, 6);
});

test('importance beats position, and a needle that jumps makes retrieval beat eviction', () => {
  expect(retained('h2o', 400, {})).toBeGreaterThan(retained('streaming-llm', 400, {}));
  const needle = { jumps_per_step: 0.5 };
  const gap = (over: Partial<ProcessFields>): number => retained('quest', 400, over) - retained('h2o', 400, over);
  expect(gap(needle)).toBeGreaterThan(gap({}) + 0.02);
});

test('recorded rows are read back, and a bad line is named', () => {
  const lines = [
    '{"layer": 0, "head": 1, "step": 1, "scores": [3, 1]}',
    '{"layer": 0, "head": 1, "step": 2, "scores": [2, 1, 1]}',
  ];
  const head = readAttentionTrace(lines, 'rows.jsonl').get('0/1')!;
  expect(head.prompt_tokens).toBe(1);
  expect([...head.next()!.mass]).toEqual([0.75, 0.25]);
  expect(head.next()!.tokens).toBe(3);
  expect(head.next()).toBeNull();
  expect(() => readAttentionTrace(['{"layer": 0}'], 'rows.jsonl')).toThrow('rows.jsonl:1');
});

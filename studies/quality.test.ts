import { expect, test } from 'vitest';
import { resolvePreset } from '../policies/kv/index.ts';
import { listPresets, readPreset } from '../policies/presets/load.ts';
import { readQuality } from './load.ts';
import { qualityOf, scoreAt } from './quality.ts';

const series = readQuality();
const spec = (fields: { preset: string; [key: string]: unknown }) =>
  resolvePreset(readPreset(fields.preset), fields, () => undefined, readPreset);
const CHECKPOINT = 'LLaMA-3-8B-Instruct';

test('every series is of a preset and has a source', () => {
  for (const { preset } of series) expect(listPresets()).toContain(preset);
});

test('a score is read at a measured budget, between two by the logarithm, and nowhere else', () => {
  const points: [number, number][] = [
    [100, 10],
    [400, 20],
  ];
  expect(scoreAt({ points }, 400)).toBe(20);
  expect(scoreAt({ points }, 200)).toBeCloseTo(15, 12);
  expect(scoreAt({ points }, 50)).toBeNull();
  expect(scoreAt({ points }, 500)).toBeNull();
});

test('only the same policy and checkpoint have one, tables apart', () => {
  const [snap] = qualityOf(series, spec({ preset: 'snapkv', tokens: 2048 }), CHECKPOINT);
  expect(snap).toMatchObject({ score: 41.35, reason: null });
  expect(qualityOf(series, spec({ preset: 'snapkv', tokens: 4096 }), CHECKPOINT)[0]!.reason).toContain('128 to 2048');
  expect(qualityOf(series, spec({ preset: 'cake' }), CHECKPOINT)).toEqual([]);
  expect(qualityOf(series, spec({ preset: 'snapkv' }), undefined)).toEqual([]);
  const full = qualityOf(series, null, CHECKPOINT);
  expect(full.map(({ score }) => score)).toEqual([41.46]);
});

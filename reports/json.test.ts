import { describe, expect, it } from 'vitest';
import { CLAIMS, result } from '../tests/golden/figures/fixtures.ts';
import { runDocument, stableJson, validationDocument } from './json.ts';

describe('stableJson', () => {
  it('keeps keys in order and numbers as they are', () => {
    expect(stableJson({ b: 1, a: [0.1 + 0.2, -0, 1e21] }, 0)).toBe('{"b":1,"a":[0.30000000000000004,0,1e+21]}\n');
  });

  it('refuses what JSON cannot hold, by its path', () => {
    expect(() => stableJson({ metrics: { 'time.total_s': Number.NaN } })).toThrow('$.metrics.time.total_s is NaN');
    expect(() => stableJson([1, Number.POSITIVE_INFINITY])).toThrow('$[1] is Infinity');
    expect(() => stableJson({ n: 1n })).toThrow('$.n is a bigint');
  });
});

it('orders the fields of a run and sorts its metrics', () => {
  const run = result({ metrics: { b: 2, a: 1 } });
  const { claims, schema, ...others } = run;
  const shuffled = runDocument({ claims, ...others, schema });
  expect(Object.keys(shuffled)).toEqual([
    'schema',
    'study',
    'case',
    'seed',
    'resolved',
    'metrics',
    'claims',
    'warnings',
    'provenance',
  ]);
  expect(Object.keys(shuffled.metrics)).toEqual(['a', 'b']);
  expect(stableJson(shuffled)).toBe(stableJson(runDocument(run)));
});

it('gives a validation the fields of its contract', () => {
  const document = validationDocument(CLAIMS);
  expect(Object.keys(document.claims[0]!)).toEqual([
    'study',
    'case',
    'id',
    'metric',
    'published',
    'simulated',
    'error',
    'tolerance',
    'use',
    'pass',
    'skipped',
    'source',
  ]);
  expect(document.summary).toMatchObject({ count: 3, passed: 2, skipped: 0 });
  expect(validationDocument([{ ...CLAIMS[0]!, op: 'ratio' }]).claims[0]).toMatchObject({ op: 'ratio' });
});

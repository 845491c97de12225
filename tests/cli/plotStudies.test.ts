import { readdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { scratch, tierflow } from './harness.ts';

const files = scratch();

test('a figure that cannot be drawn is named, and the others are drawn all the same', async () => {
  const study = files.path('study.yaml');
  writeFileSync(
    study,
    `title: Two figures
machine: t4-gcp
workload: { kind: generate, model: opt-1.3b, prompt: 8, output: 4, batch: 1, batches: 1 }
figures:
  - { kind: bars, name: nothing-claimed }
  - { kind: breakdown, name: streams }
`,
  );
  const { code, err } = await tierflow('validate', study, '--plot', files.path('figures'));
  expect(code).toBe(0);
  expect(err).toContain('nothing-claimed');
  expect(err).toContain('1 figures in');
  const drawn = readdirSync(files.path('figures'), { recursive: true }).map(String);
  expect(drawn.filter((path) => path.endsWith('.svg')).map((path) => basename(path))).toEqual(['streams.svg']);
});

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { build, PROGRAM } from './built.ts';
import { scratch, tierflow } from './harness.ts';

const { path, write } = scratch();
const study = (output: number): string =>
  write(
    'study.yaml',
    `title: A small study
machine: t4-gcp
workload: {kind: generate, model: opt-1.3b, prompt: 64, output: ${output}, batch: 2}
claims:
  - {id: shown, metric: time.total_s, value: 1 h, use: reference, source: test}
cases:
  - {id: longer, set: {workload.prompt: 128}}
`,
  );
const validate = (file: string) => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [PROGRAM, 'validate', file, '--json', '--results', path('results')],
    { encoding: 'utf8' },
  );
  return { stdout, stderr, status };
};

beforeAll(build);

test('what is known is taken, the same to the byte, and what a study changes is simulated anew', () => {
  const first = validate(study(4));
  expect(first.status).toBe(0);
  expect(first.stderr).not.toContain('are known');
  const second = validate(study(4));
  expect(second.stderr).toContain('2 cases are known');
  expect(second.stdout).toBe(first.stdout);
  const changed = validate(study(5));
  expect(changed.stderr).not.toContain('are known');
  expect(changed.stdout).not.toBe(first.stdout);
});

test('a kept result is what the claims are judged by, and one that is none is refused', () => {
  const file = study(6);
  const before = new Set(readdirSync(path('.')).includes('results') ? readdirSync(path('results')) : []);
  validate(file);
  const [kept] = readdirSync(path('results')).filter((name) => !before.has(name));
  const outcome = JSON.parse(readFileSync(path(`results/${kept}`), 'utf8'));
  expect(outcome.metrics['time.total_s']).toBeGreaterThan(0);
  writeFileSync(path(`results/${kept}`), '{}');
  const { status, stderr } = validate(file);
  expect(status).toBe(2);
  expect(stderr).toContain('no result of a case');
});

test('a program that runs from its sources keeps none', async () => {
  const { code, err } = await tierflow('validate', study(4), '--results', path('results'));
  expect(code).toBe(2);
  expect(err).toContain('built program');
});

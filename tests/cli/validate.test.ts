import { expect, test } from 'vitest';
import type { ClaimRow } from '../../sim/types/index.ts';
import { scratch, tierflow } from './harness.ts';

const { write } = scratch();
const STUDY = `title: A small study
machine: t4-gcp
workload: {kind: generate, model: opt-1.3b, prompt: 64, output: 4, batch: 2}
`;

test('validate counts validate rows and exits 1 on a miss', async () => {
  const wrong = write(
    'wrong.yaml',
    `${STUDY}claims:
  - {id: hit, metric: throughput.tokens_per_s, at_least: 0.001, use: validate, source: test}
  - {id: miss, metric: time.total_s, value: 1 h, use: validate, source: test}
  - {id: shown, metric: time.total_s, value: 1 h, use: reference, source: test}
`,
  );
  const { code, out } = await tierflow('validate', wrong, '--json');
  const { claims, summary } = JSON.parse(out) as { claims: ClaimRow[]; summary: unknown };
  expect(code).toBe(1);
  expect(claims.map(({ id, pass }) => [id, pass])).toEqual([
    ['hit', true],
    ['miss', false],
    ['shown', false],
  ]);
  expect(summary).toMatchObject({ count: 2, passed: 1, skipped: 0 });
  expect((await tierflow('validate', wrong, '--report-only')).code).toBe(0);
  expect(
    (
      await tierflow(
        'validate',
        write(
          'right.yaml',
          `${STUDY}claims:
  - {id: hit, metric: throughput.tokens_per_s, at_least: 0.001, use: validate, source: test}
`,
        ),
      )
    ).code,
  ).toBe(0);
});

test('a miss of a row that only calibrates or is shown does not fail', async () => {
  const shown = write(
    'shown.yaml',
    `${STUDY}claims:
  - {id: shown, metric: time.total_s, value: 1 h, use: calibrate, source: test}
`,
  );
  expect((await tierflow('validate', shown)).code).toBe(0);
});

test('a study whose outside data is not here is skipped and says how to get it', async () => {
  const lacking = write(
    'lacking.yaml',
    `${STUDY}claims:
  - {id: a, metric: time.total_s, at_least: 0, use: validate, source: test}
  - {id: b, metric: time.total_s, at_least: 0, use: reference, source: test}
data: [{file: trace.jsonl, get: "download it from its publisher"}]\n`,
  );
  const { code, out, err } = await tierflow('validate', lacking, '--json');
  expect(code).toBe(0);
  expect(err).toContain('trace.jsonl is not here; download it from its publisher');
  expect(JSON.parse(out)).toMatchObject({ summary: { count: 1, passed: 0, skipped: 1 } });
  expect((await tierflow('run', lacking)).code).toBe(2);
});

test('a verdict is met by work that does not fit', async () => {
  const verdict = write(
    'verdict.yaml',
    `title: T
machine: t4-gcp
workload: {kind: generate, model: opt-13b, prompt: 64, output: 2, batch: 1}
claims:
  - {id: no, verdict: does_not_fit, use: validate, source: test}
  - {id: time, metric: time.total_s, value: 1, use: reference, source: test}
`,
  );
  const { code, out } = await tierflow('validate', verdict, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out).claims).toMatchObject([
    { id: 'no', published: 'does_not_fit', simulated: 'does_not_fit', pass: true, error: null },
    { id: 'time', simulated: null, pass: false },
  ]);
});

test('a table of measured rows is a case a row', async () => {
  write('rows.csv', 'name,b,measured,kind\none,1,0.5 s,validate\ntwo,2,,validate\nthree,4,700 ms,reference\n');
  const grid = write(
    'grid.yaml',
    `title: T
machine: t4-gcp
workload: {kind: generate, model: opt-1.3b, prompt: 64, output: 2, batch: 1}
cases:
  - from: rows.csv
    id: name
    set: {workload.batch: b}
    claim: {metric: time.total_s, column: measured, use: kind, source: test}
`,
  );
  const { out } = await tierflow('validate', grid, '--json');
  expect(JSON.parse(out).claims).toMatchObject([
    { case: 'one', id: 'one', published: 0.5, use: 'validate' },
    { case: 'three', id: 'three', published: 0.7, use: 'reference' },
  ]);
  expect(JSON.parse((await tierflow('run', grid, '--case', 'three', '--json')).out).resolved).toMatchObject({
    workload: { batch: 4 },
  });
});

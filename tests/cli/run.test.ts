import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ClaimRow, StudyResult } from '../../sim/types/index.ts';
import { scratch, tierflow } from './harness.ts';

const { path, write } = scratch();

const STUDY = `title: A small study
machine: t4-gcp
workload: {kind: generate, model: opt-1.3b, prompt: 64, output: 4, batch: 2}
claims:
  - {id: always, metric: throughput.tokens_per_s, at_least: 0.001, use: validate, source: test}
  - {id: twice, metric: time.total_s, op: ratio, over: quarter, value: 2, use: reference, source: test}
cases:
  - {id: quarter, title: A quarter of the prompt, set: {workload.prompt: 16}}
  - id: other-disk
    set: {machine: t4-gcp/slow-disk}
    claims: [{id: same, metric: time.total_s, op: ratio, over: base, value: 1, use: validate, source: test}]
  - id: what-if
    set: {machine.memories.gpu.read_bytes_per_s: 1 TB/s}
    claims: [{id: faster, metric: time.total_s, op: ratio, over: base, at_most: 1, use: validate, source: test}]
`;
const file = write('study.yaml', STUDY);
const runJson = async (...args: readonly string[]): Promise<StudyResult> => {
  const { code, out, err } = await tierflow('run', ...args, '--json');
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
};
const claimIds = (result: StudyResult): string[] => result.claims.map((claim) => claim.id);

test('run --json prints one document of the stated shape', async () => {
  const result = await runJson(file);
  expect(Object.keys(result)).toEqual([
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
  expect(result).toMatchObject({ schema: 'tierflow/run/1', case: 'base', seed: 0 });
  expect(result.resolved).toMatchObject({
    title: 'A small study',
    machine: 't4-gcp',
    workload: { batch: 2, batches: 1 },
  });
  expect(Object.values(result.metrics).every(Number.isFinite)).toBe(true);
  expect(result.metrics['time.total_s']).toBeGreaterThan(0);
  expect(Object.keys(result.provenance).sort()).toEqual([
    'machine_sha256',
    'models_sha256',
    'node_major',
    'seed',
    'study_sha256',
    'tierflow',
  ]);
});

test('the same study gives the same bytes', async () => {
  const [first, second] = [await tierflow('run', file, '--json'), await tierflow('run', file, '--json')];
  expect(second.out).toBe(first.out);
});

test('hashes follow the content: defaults written out change nothing, a machine field changes the machine', async () => {
  const [plain, explicit] = [await runJson(file), await runJson(file, '--set', 'workload.batches=1')];
  const faster = await runJson(file, '--set', 'machine.memories.gpu.read_bytes_per_s=1 TB/s');
  expect(explicit.provenance).toEqual(plain.provenance);
  expect(faster.provenance['machine_sha256']).not.toBe(plain.provenance['machine_sha256']);
});

test('assignments apply in order, the last one wins', async () => {
  const result = await runJson(
    file,
    '--batch',
    '3',
    '--set',
    'workload.batch=4',
    '--set',
    'workload={kind: generate, model: opt-1.3b, prompt: 8, output: 2, batch: 5}',
  );
  expect(result.resolved).toMatchObject({ workload: { batch: 5, prompt: 8 } });
  const reverse = await runJson(file, '--set', 'workload.batch=4', '--set', 'workload.batch=6');
  expect(reverse.resolved).toMatchObject({ workload: { batch: 6 } });
});

test('a set may add a part', async () => {
  const result = await runJson(
    file,
    '--set',
    'policy.placement={kind: percent, weights: [50, 50], kv: [100, 0], activations: [100, 0]}',
  );
  expect(result.resolved).toMatchObject({ policy: { placement: { kind: 'percent' } } });
  expect(result.metrics['traffic.pcie.h2d_bytes']).toBeGreaterThan(0);
});

test('a set into the machine takes quantities and moves the result', async () => {
  const [before, after] = [
    await runJson(file),
    await runJson(file, '--set', 'machine.memories.gpu.read_bytes_per_s=1 TB/s'),
  ];
  expect(after.resolved).toMatchObject({
    machine: { id: 't4-gcp', memories: { gpu: { read_bytes_per_s: '1 TB/s' } } },
  });
  expect(after.metrics['time.total_s']).toBeLessThan(before.metrics['time.total_s']!);
});

test('a relative claim is measured against its case', async () => {
  const [base, quarter] = [await runJson(file), await runJson(file, '--case', 'quarter')];
  const ratio = base.metrics['time.total_s']! / quarter.metrics['time.total_s']!;
  expect(base.claims.find(({ id }) => id === 'twice')?.simulated).toBeCloseTo(ratio, 12);
});

test('claims hold for the machine, a variant chosen by the study, and an assignment that changes nothing', async () => {
  expect(claimIds(await runJson(file))).toEqual(['always', 'twice']);
  expect(claimIds(await runJson(file, '--case', 'other-disk'))).toEqual(['same']);
  expect(claimIds(await runJson(file, '--set', 'workload.batch=2'))).toEqual(['always', 'twice']);
});

test('claims are left out, with a warning, when hardware or what was published changes', async () => {
  for (const args of [
    ['--case', 'what-if'],
    ['--set', 'machine.memories.gpu.read_bytes_per_s=1 TB/s'],
    ['--machine', 'a100-80g'],
    ['--batch', '4'],
  ]) {
    const result = await runJson(file, ...args);
    expect({ args, claims: result.claims }).toEqual({ args, claims: [] });
    expect(result.warnings.join()).toContain('claims of this case are left out');
  }
});

test('without a study the flags say all', async () => {
  const result = await runJson(
    '--machine',
    't4-gcp',
    '--model',
    'opt-1.3b',
    '--prompt',
    '32',
    '--output',
    '2',
    '--seed',
    '7',
  );
  expect(result).toMatchObject({
    study: 'command-line',
    seed: 7,
    resolved: { workload: { prompt: 32, output: 2, batch: 1 } },
  });
});

test('a person gets a summary, the folder gets the document', async () => {
  const { code, out } = await tierflow('run', file, '--out', path('results'));
  expect(code).toBe(0);
  expect(out).toContain('A small study');
  expect(out).toContain('token/s');
  expect(JSON.parse(readFileSync(path('results/result.json'), 'utf8'))).toEqual(await runJson(file));
});

test('a trace is one JSON document with spans', async () => {
  const { out } = await tierflow('run', file, '--trace', '-');
  expect(JSON.parse(out).traceEvents.some((event: { ph: string }) => event.ph === 'X')).toBe(true);
});

test('what does not fit exits 3 and says what, by how much, what holds the space and what fits', async () => {
  const { code, out, err } = await tierflow('run', '--machine', 't4-gcp', '--model', 'opt-13b', '--json');
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toMatch(/does not fit in "gpu".*GiB are missing/);
  expect(err).toMatch(/weights: .* GiB/);
  expect(err).toMatch(/it fits with\n/);
});

test('the changes that fit are true: pasted back, they run', async () => {
  const { code, out } = await tierflow('fit', '--machine', 't4-gcp', '--model', 'opt-6.7b', '--batch', '16', '--json');
  expect(code).toBe(3);
  const { fits, changes } = JSON.parse(out) as { fits: boolean; changes: { set: Record<string, unknown> }[] };
  expect(fits).toBe(false);
  expect(changes.length).toBeGreaterThan(1);
  for (const { set } of changes) {
    const sets = Object.entries(set).flatMap(([at, value]) => ['--set', `${at}=${JSON.stringify(value)}`]);
    const again = await tierflow(
      'fit',
      '--machine',
      't4-gcp',
      '--model',
      'opt-6.7b',
      '--batch',
      '16',
      ...sets,
      '--json',
    );
    expect({ set, code: again.code, fits: JSON.parse(again.out).fits }).toEqual({ set, code: 0, fits: true });
  }
});

test('the smaller batch that fits is the largest one that does', async () => {
  const tryBatch = (batch: number) =>
    tierflow('fit', '--machine', 't4-gcp', '--model', 'opt-6.7b', '--batch', String(batch), '--json');
  const { changes } = JSON.parse((await tryBatch(16)).out) as { changes: { set: Record<string, number> }[] };
  const batch = changes.map(({ set }) => set['workload.batch']).find((value) => value !== undefined)!;
  expect((await tryBatch(batch)).code).toBe(0);
  expect((await tryBatch(batch + 1)).code).toBe(3);
});

test('fit says what holds the memory, in whole bytes', async () => {
  const { code, out } = await tierflow('fit', file, '--json');
  const { fits, misfit, memories } = JSON.parse(out);
  expect({ code, fits, misfit }).toEqual({ code: 0, fits: true, misfit: null });
  const { metrics } = await runJson(file);
  expect(memories[0]).toMatchObject({ id: 'gpu', peak_bytes: metrics['memory.gpu.peak_bytes'] });
  expect(memories[0].kinds.weight).toBe(metrics['memory.gpu.weight.peak_bytes']);
});

test('validate counts validate rows and exits 1 on a miss', async () => {
  const wrong = write(
    'wrong.yaml',
    `${STUDY.slice(0, STUDY.indexOf('claims:'))}claims:
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
  expect((await tierflow('validate', file)).code).toBe(0);
});

test('a miss of a row that only calibrates or is shown does not fail', async () => {
  const shown = write(
    'shown.yaml',
    `${STUDY.slice(0, STUDY.indexOf('claims:'))}claims:
  - {id: shown, metric: time.total_s, value: 1 h, use: calibrate, source: test}
`,
  );
  expect((await tierflow('validate', shown)).code).toBe(0);
});

test('a study whose outside data is not here is skipped and says how to get it', async () => {
  const lacking = write('lacking.yaml', `${STUDY}data: [{file: trace.jsonl, get: "download it from its publisher"}]\n`);
  const { code, out, err } = await tierflow('validate', lacking, '--json');
  expect(code).toBe(0);
  expect(err).toContain('trace.jsonl is not here; download it from its publisher');
  expect(JSON.parse(out)).toMatchObject({ summary: { count: 3, passed: 0, skipped: 3 } });
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
  expect((await runJson(grid, '--case', 'three')).resolved).toMatchObject({ workload: { batch: 4 } });
});

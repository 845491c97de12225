import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { StudyResult } from '../../sim/types/index.ts';
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

test('hashes follow the files that a workload names', async () => {
  const program = (bytes: number): string =>
    JSON.stringify({
      buffers: [
        { id: 'x', bytes, input: true },
        { id: 'y', bytes: 64 },
      ],
      ops: [{ name: 'op', reads: ['x'], writes: ['y'], flops: 1000 }],
    });
  const hashOf = async (name: string, text: string) => {
    write('program.json', text);
    const study = write(name, 'title: Files\nmachine: u280\nworkload: {kind: mapping, program: program.json}\n');
    return (await runJson(study)).provenance['files_sha256'];
  };
  const first = await hashOf('files.yaml', program(64));
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await hashOf('files.yaml', program(64))).toBe(first);
  expect(await hashOf('files.yaml', program(128))).not.toBe(first);
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

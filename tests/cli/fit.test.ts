import { expect, test } from 'vitest';
import { scratch, tierflow } from './harness.ts';

const { write } = scratch();
const STUDY = `title: A small study
machine: t4-gcp
workload: {kind: generate, model: opt-1.3b, prompt: 64, output: 4, batch: 2}
`;
const file = write('study.yaml', STUDY);

test('what does not fit exits 3 and says what, by how much, what holds the space and what fits', async () => {
  const { code, out, err } = await tierflow('run', '--machine', 't4-gcp', '--model', 'opt-13b', '--json');
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toMatch(/memory "gpu" has .* GiB are missing/);
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

test('a long prompt with score matrices fits with fused attention, and what holds the space is told once', async () => {
  const ask = ['fit', '--machine', 'a100-80g', '--model', 'llama3-8b', '--prompt', '100000', '--json'];
  const { code, out } = await tierflow(...ask);
  expect(code).toBe(3);
  const { misfit, changes } = JSON.parse(out) as {
    misfit: { holders: { what: string }[] };
    changes: { set: Record<string, unknown> }[];
  };
  expect(misfit.holders.map(({ what }) => what)).toEqual(['weights', 'KV cache', 'activation']);
  expect(changes.map(({ set }) => set)).toContainEqual({ 'workload.attention_kernel': 'flash' });
});

test('a training step that does not fit is told what to recompute or move, and each change is true', async () => {
  const step = ['litgpt/lora-a100-40g', '--case', 'llama2-13b-none-mb4', '--json'];
  const { code, out } = await tierflow('fit', ...step);
  expect(code).toBe(3);
  const { changes } = JSON.parse(out) as { changes: { set: Record<string, unknown> }[] };
  const kinds = changes.map(({ set }) => (set['policy.activations'] as { kind: string } | undefined)?.kind);
  expect(kinds).toEqual(expect.arrayContaining(['optimal', 'full', 'offload', 'token-swap']));
  expect(kinds).not.toContain('selective');
  for (const { set } of changes) {
    const sets = Object.entries(set).flatMap(([at, value]) => ['--set', `${at}=${JSON.stringify(value)}`]);
    expect({ set, code: (await tierflow('fit', ...step, ...sets)).code }).toEqual({ set, code: 0 });
  }
});

test('states that do not fit by any recomputation are shared or moved', async () => {
  const train = '{kind: train, model: llama2-7b, seq: 2048, batch: 8, microbatch: 1, gpus: 8}';
  const study = write('states.yaml', `title: States\nmachine: a800x8\nworkload: ${train}\n`);
  const { code, out } = await tierflow('fit', study, '--json');
  expect(code).toBe(3);
  const { changes } = JSON.parse(out) as { changes: { set: Record<string, unknown> }[] };
  const optimizers = changes.flatMap(({ set }) => set['policy.optimizer'] ?? []);
  expect(optimizers).toContainEqual(expect.objectContaining({ zero: expect.any(Number) }));
  expect(optimizers).toContainEqual(expect.objectContaining({ offload: 'optimizer' }));
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
  const { metrics } = JSON.parse((await tierflow('run', file, '--json')).out);
  expect(memories[0]).toMatchObject({ id: 'gpu', peak_bytes: metrics['memory.gpu.peak_bytes'] });
  expect(memories[0].kinds.weight).toBe(metrics['memory.gpu.weight.peak_bytes']);
});

test('across machines it gives each a verdict, and exits 3 where none has room', async () => {
  const ask = (machines: string) =>
    tierflow('fit', file, '--set', 'workload.model=opt-13b', '--across', machines, '--json');
  const { code, out } = await ask('t4-gcp,a100-80g');
  expect(code).toBe(0);
  const { verdicts } = JSON.parse(out) as { verdicts: { machine: string; verdict: string; needed_bytes: number }[] };
  expect(verdicts.map(({ machine, verdict }) => [machine, verdict])).toEqual([
    ['t4-gcp', 'does not fit'],
    ['a100-80g', 'fits'],
  ]);
  // 13 billion weights of two bytes.
  for (const { needed_bytes } of verdicts) expect(needed_bytes).toBeGreaterThan(24e9);
  expect((await ask('t4-gcp')).code).toBe(3);
  const wrong = await ask('t4-gpc');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('did you mean "t4-gcp"')]);
});

test('across machines from flags alone names no other machine', async () => {
  const { code, out } = await tierflow('fit', '--across', 't4-gcp,a100-40g', '--model', 'opt-1.3b', '--json');
  expect(code).toBe(0);
  const { verdicts } = JSON.parse(out) as { verdicts: { machine: string; verdict: string }[] };
  expect(verdicts.map(({ machine, verdict }) => [machine, verdict])).toEqual([
    ['t4-gcp', 'fits'],
    ['a100-40g', 'fits'],
  ]);
});

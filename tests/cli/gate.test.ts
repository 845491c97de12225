import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Baseline } from '../../studies/baseline.ts';
import { scratch, tierflow } from './harness.ts';

const { path, write } = scratch();

const STUDY = `title: A small study
machine: t4-gcp
workload: {kind: generate, model: opt-1.3b, prompt: 64, output: 4, batch: 2}
claims:
  - {id: c, metric: time.total_s, value: 1 ms, use: reference, source: test}
cases:
  - {id: more, set: {workload.batch: 4}}
`;
const study = write('study.yaml', STUDY);
const name = study.replace(/\.yaml$/, '');

async function baselineOf(file: string, change: (baseline: Baseline) => void = () => {}): Promise<string> {
  const { code } = await tierflow('check', study, '--baseline', path(file), '--update');
  if (code !== 0) throw new Error('no baseline was written');
  const baseline = JSON.parse(readFileSync(path(file), 'utf8')) as Baseline;
  change(baseline);
  writeFileSync(path(file), JSON.stringify(baseline));
  return path(file);
}

test('a baseline of today passes, and holds costs by study and case', async () => {
  const file = await baselineOf('same.json');
  const baseline = JSON.parse(readFileSync(file, 'utf8')) as Baseline;
  expect(Object.keys(baseline.studies)).toEqual([`${name}/base`, `${name}/more`]);
  expect(baseline.studies[`${name}/base`]).toHaveProperty(['time.total_s']);
  expect(baseline.studies[`${name}/base`]).not.toHaveProperty(['sim.events']);
  const { code, out } = await tierflow('check', study, '--baseline', file);
  expect(code).toBe(0);
  expect(out).toContain('none moved');
});

test('a cost beyond the limit fails with a Markdown row, within it passes', async () => {
  const file = await baselineOf('worse.json', (baseline) => {
    baseline.studies[`${name}/base`]!['time.total_s']! /= 1.05;
  });
  const failed = await tierflow('check', study, '--baseline', file);
  expect(failed.code).toBe(1);
  expect(failed.out).toMatch(/\/base +\| time\.total_s +\| .* \+5\.0% \| \*\*worse\*\* +\|/);
  expect((await tierflow('check', study, '--baseline', file, '--max-increase', '6%')).code).toBe(0);
});

test('a better figure passes, a vanished one fails', async () => {
  const better = await baselineOf('better.json', (baseline) => {
    baseline.studies[`${name}/base`]!['throughput.tokens_per_s']! *= 0.5;
  });
  expect((await tierflow('check', study, '--baseline', better)).code).toBe(0);
  const gone = await baselineOf('gone.json', (baseline) => {
    baseline.studies[`${name}/base`]!['traffic.nvme.read_bytes'] = 1;
  });
  const { code, out } = await tierflow('check', study, '--baseline', gone, '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out).moves).toMatchObject([
    { metric: 'traffic.nvme.read_bytes', after: null, verdict: 'vanished' },
  ]);
});

test('an error of a claim that grew fails', async () => {
  const file = await baselineOf('error.json', (baseline) => {
    baseline.claims![`${name}/base/c`]! -= 0.01;
  });
  expect((await tierflow('check', study, '--baseline', file)).code).toBe(1);
});

test('the streams that moved say why', async () => {
  const file = await baselineOf('why.json', (baseline) => {
    baseline.studies[`${name}/base`]!['time.total_s']! /= 2;
    baseline.streams![`${name}/base`]!['time.decode.compute_s']! /= 2;
  });
  expect((await tierflow('check', study, '--baseline', file)).out).toMatch(/time\.total_s .*decode compute \+/);
});

test('a baseline written by hand needs only studies', async () => {
  const file = write(
    'hand.json',
    JSON.stringify({ schema: 'tierflow/baseline/1', studies: { [`${name}/base`]: { 'time.total_s': 1e6 } } }),
  );
  expect((await tierflow('check', study, '--baseline', file)).code).toBe(0);
});

test('compare divides by the first and marks the front', async () => {
  const { code, out } = await tierflow('compare', study, '--json');
  const { reference, runs, metrics, objectives } = JSON.parse(out);
  expect({ code, reference }).toEqual({ code: 0, reference: name });
  expect(objectives).toEqual(['throughput.tokens_per_s', 'memory.gpu.peak_bytes']);
  expect(runs).toEqual([
    { label: name, ended: true, pareto: true },
    { label: `${name} · more`, ended: true, pareto: true },
  ]);
  const time = metrics.find((row: { metric: string }) => row.metric === 'time.total_s');
  expect(time.ratios[0]).toBe(1);
  expect(time.ratios[1]).toBeCloseTo(time.values[1] / time.values[0], 12);
});

test('compare reads stored results beside studies', async () => {
  await tierflow('run', study, '--set', 'workload.prompt=128', '--out', path('stored'));
  const { code, out } = await tierflow('compare', study, path('stored/result.json'), '--metric', 'time.prefill_s');
  expect(code).toBe(0);
  expect(out).toMatch(/^\| metric +\|/);
  expect(out).toMatch(/\| time\.prefill_s +\| .*\| +[12]\.\d+ +\|/);
});

test('compare runs one case under presets, from flags alone, against the full cache', async () => {
  const flags = [
    '--machine',
    'a100-80g',
    '--model',
    'llama3-8b',
    '--prompt',
    '4096',
    '--set',
    'workload.attention_kernel=flash',
  ];
  const presets = ['--presets', 'quest,{preset: snapkv, tokens: 256}'];
  const { code, out } = await tierflow('compare', ...flags, ...presets, '--json');
  const { reference, runs, metrics } = JSON.parse(out);
  expect({ code, reference }).toEqual({ code: 0, reference: 'full' });
  expect(runs.map(({ label }: { label: string }) => label)).toEqual(['full', 'quest', 'snapkv tokens=256']);
  const kept = metrics.find((row: { metric: string }) => row.metric === 'memory.gpu.kv.end_bytes');
  expect(kept.ratios[1]).toBe(1);
  expect(kept.ratios[2]).toBeLessThan(0.1);
});

test('compare tells runs that do not fit apart, has no ratios without the reference, and leaves out what cannot be', async () => {
  const flags = ['--machine', 'a100-80g', '--model', 'llama3-8b', '--prompt', '32768', '--output', '2'];
  const { code, out, err } = await tierflow('compare', ...flags, '--presets', 'all');
  expect(code).toBe(0);
  expect(out).toMatch(/^\| full \(does not run\) +\| +– \|/m);
  expect(out).toMatch(/^\| locret +\| +[\d.]+ m?s \|/m);
  expect(out).toContain('The reference is full, which does not run here, so there are no ratios.');
  expect(err).toContain('kvswap is left out');
  expect(err).toMatch(/^full: memory "gpu" has/m);
});

test('plot writes four files a figure and prints their paths', async () => {
  const { code, out } = await tierflow('plot', study, path('figures'), '--figure', '{kind: breakdown, name: where}');
  expect(code).toBe(0);
  const files = out.trim().split('\n');
  expect(files).toEqual(['svg', 'pdf', 'png', 'csv', 'vl.json'].map((ending) => path(`figures/where.${ending}`)));
  expect(readFileSync(files[0]!, 'utf8')).toMatch(/^<svg/);
});

test('plot gives a chart of the timeline its timeline', async () => {
  const { code, out } = await tierflow('plot', study, path('figures'), '--figure', 'timeline');
  expect({ code, files: out.trim().split('\n').length }).toEqual({ code: 0, files: 5 });
});

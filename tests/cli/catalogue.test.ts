import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LIST_KINDS } from '../../cli/list.ts';
import { filesBeside, listStudies, readStudy } from '../../studies/load.ts';
import { resolveCase } from '../../studies/resolve.ts';
import { scratch, tierflow } from './harness.ts';

const { path, write } = scratch();

test.each(LIST_KINDS)('list %s --json is an array of objects with different ids', async (kind) => {
  const { code, out } = await tierflow('list', kind, '--json');
  const entries = JSON.parse(out) as { id: string }[];
  expect(code).toBe(0);
  expect(entries.length).toBeGreaterThan(0);
  const ids = entries.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => typeof id === 'string' && id !== '')).toBe(true);
});

test('every system of the mission has a row with a status', async () => {
  const systems = JSON.parse((await tierflow('list', 'systems', '--json')).out);
  expect(systems).toHaveLength(74);
  expect(systems.map(({ n }: { n: number }) => n)).toEqual(Array.from({ length: 74 }, (_, i) => i + 1));
  const status = /^(reproduced|within tolerance|off \(.+\)|identity|no claim|mechanism only)$/;
  for (const system of systems) expect(system.status, system.id).toMatch(status);
  const presets = new Set(
    JSON.parse((await tierflow('list', 'presets', '--json')).out).map(({ id }: { id: string }) => id),
  );
  for (const { preset } of systems) expect(preset === '' || presets.has(preset), preset).toBe(true);
});

test('a list for people has a row an entry', async () => {
  const { out } = await tierflow('list', 'models');
  expect(out.split('\n')[0]).toMatch(/^id +title/);
  expect(out).toMatch(/^opt-30b +OPT-30B$/m);
});

test.each(listStudies())('every case of %s is a valid study', (id) => {
  const study = readStudy(id);
  const { catalogue } = filesBeside(study.source.file);
  for (const item of study.cases) expect(resolveCase(study, item.id, { catalogue }).warnings).toEqual([]);
});

test.each(['t4-gcp', 'opt-30b', 'flexgen/opt-30b-t4'])(
  'show %s prints its file and says where it stands',
  async (id) => {
    const { code, out, err } = await tierflow('show', id);
    const file = err.trim().split(' ').at(-1)!;
    expect(code).toBe(0);
    expect(out).toBe(readFileSync(file, 'utf8'));
  },
);

test('the study that init writes runs, and its editor finds the schema', async () => {
  expect((await tierflow('init', path('new/study.yaml'))).code).toBe(0);
  const text = readFileSync(path('new/study.yaml'), 'utf8');
  const schema = /\$schema=(\S+)/.exec(text)![1]!;
  expect(JSON.parse(readFileSync(path(`new/${schema}`), 'utf8')).title).toBe('Tierflow study');
  const { code, err } = await tierflow('validate', path('new/study.yaml'));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect((await tierflow('init', '-')).out).toContain('machine: t4-gcp');
});

test.each(['bash', 'zsh', 'fish'])('the %s completion names every command and option', async (shell) => {
  const { code, out } = await tierflow('completion', shell);
  expect(code).toBe(0);
  for (const word of ['run', 'sweep', 'completion', 'flexgen/opt-30b-t4', 'machines']) expect(out).toContain(word);
  expect(out).toMatch(/(--|-l )max-increase/);
});

test('bash reads its completion and completes a command', async () => {
  const script = write('completion.bash', (await tierflow('completion', 'bash')).out);
  const ask = `source ${script}; COMP_WORDS=(tierflow va); COMP_CWORD=1; _tierflow; echo "\${COMPREPLY[@]}"`;
  expect(execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).trim()).toBe('validate');
});

test('help lists every command and exits 0', async () => {
  const { code, out } = await tierflow('--help');
  expect(code).toBe(0);
  for (const name of [
    'run',
    'fit',
    'sweep',
    'validate',
    'check',
    'compare',
    'plot',
    'import',
    'list',
    'show',
    'init',
    'schema',
    'completion',
  ]) {
    expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  }
  expect((await tierflow('run', '--help')).code).toBe(0);
  expect((await tierflow('--version')).out).toMatch(/^\d+\.\d+\.\d+/);
});

test('without a command the help is an error', async () => {
  const { code, out, err } = await tierflow();
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('Usage: tierflow');
});

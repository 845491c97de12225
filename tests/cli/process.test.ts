import { execFile, spawn } from 'node:child_process';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { parseYaml } from '../../input/index.ts';
import { build, PROGRAM } from './built.ts';
import { scratch } from './harness.ts';

// What only the built program shows: threads, pipes, signals, and which modules are loaded.

const { path, write } = scratch();
beforeAll(build, 60_000);

const STUDY = `title: A small study
machine: t4-gcp
workload: {kind: generate, model: opt-1.3b, prompt: 64, output: 4, batch: 2}
`;
const study = write('study.yaml', STUDY);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function node(args: readonly string[], input?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...args], { maxBuffer: 1 << 26 }, (_error, out, err) => {
      resolve({ code: child.exitCode, out, err });
    });
    child.stdin?.end(input ?? '');
  });
}
const tierflow = (...args: readonly string[]): Promise<Ended> => node([PROGRAM, ...args]);

const sweep = ['sweep', study, '--vary', 'workload.batch=1,2,3,99999', '--vary', 'workload.prompt=16,32,16', '--json'];

test('a sweep gives the same bytes on one thread and on four', async () => {
  const [one, four] = [await tierflow(...sweep, '--workers', '1'), await tierflow(...sweep, '--workers', '4')];
  expect(one.code).toBe(0);
  expect(four.out).toBe(one.out);
  const { points, summary } = JSON.parse(one.out);
  expect(points.map((point: { index: number }) => point.index)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect(summary).toEqual({
    combinations: 12,
    points: 12,
    distinct: 8,
    duplicate_fraction: 1 / 3,
    does_not_fit: 3,
    cannot_proceed: 0,
    complete: true,
  });
  expect(points.at(-1)).toMatchObject({ status: 'does_not_fit', metrics: {} });
});

test('validate gives the same bytes on one thread and on two', async () => {
  const all = ['validate', 'flexgen/opt-6.7b-t4', 'mcunet', 'snapkv', '--json', '--report-only'];
  const [one, two] = [await tierflow(...all, '--workers', '1'), await tierflow(...all, '--workers', '2')];
  expect(one.code).toBe(0);
  expect(two).toEqual(one);
}, 60_000);

test('bad input that only a run finds is said as such from a thread too', async () => {
  const unknown = write('unknown.yaml', STUDY.replace('opt-1.3b', 'opt-1.4b'));
  const [here, there] = [
    await tierflow('validate', unknown, '--workers', '1'),
    await tierflow('validate', unknown, '--workers', '2'),
  ];
  expect(here.err).toMatch(/unknown model "opt-1.4b".*did you mean "opt-1.3b"/);
  expect(there).toEqual(here);
  expect(there.code).toBe(2);
});

test('a sweep goes on where it was, and shards add up', async () => {
  const whole = await tierflow(...sweep, '--out', path('whole'));
  const again = await tierflow(...sweep, '--out', path('whole'));
  expect(again.out).toBe(whole.out);
  expect(again.err).toContain('8 known before');
  await tierflow(...sweep, '--out', path('shared'), '--shard', '1/2');
  await tierflow(...sweep, '--out', path('shared'), '--shard', '2/2');
  const joined = await tierflow(...sweep, '--out', path('shared'));
  expect(joined.err).toContain('8 known before');
  expect(joined.out).toBe(whole.out);
  const lines = (folder: string): string[] =>
    readFileSync(path(`${folder}/results.jsonl`), 'utf8')
      .trim()
      .split('\n')
      .sort();
  expect(lines('shared')).toEqual(lines('whole'));
  expect(readFileSync(path('shared/results.csv'), 'utf8')).toBe(readFileSync(path('whole/results.csv'), 'utf8'));
});

test('a line that a crash cut short is simulated again', async () => {
  const whole = await tierflow(...sweep, '--out', path('torn'));
  const file = path('torn/results.jsonl');
  const text = readFileSync(file, 'utf8');
  write('torn/results.jsonl', text.slice(0, -40));
  const again = await tierflow(...sweep, '--out', path('torn'));
  expect(again.err).toContain('7 known before');
  expect(again.out).toBe(whole.out);
  expect((await tierflow(...sweep, '--out', path('torn'))).err).toContain('8 known before');
  appendFileSync(file, 'something else\n');
  expect((await tierflow(...sweep, '--out', path('torn'))).code).toBe(2);
});

test('Ctrl-C keeps what a sweep has', async () => {
  const batches = Array.from({ length: 1500 }, (_, i) => i + 1).join(',');
  const args = [
    PROGRAM,
    'sweep',
    study,
    '--vary',
    `workload.batch=${batches}`,
    '--out',
    path('stopped'),
    '--workers',
    '1',
    '--json',
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  const rows = (): number => {
    try {
      return readFileSync(path('stopped/results.jsonl'), 'utf8').split('\n').length - 1;
    } catch {
      return 0;
    }
  };
  while (rows() < 5) await promisify(setTimeout)(20);
  child.kill('SIGINT');
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(130);
  const { points, summary } = JSON.parse(out);
  expect(summary).toMatchObject({ points: 1500, complete: false });
  expect(points.length).toBe(rows());
  expect(points.length).toBeLessThan(1500);
});

test('a study comes from standard input', async () => {
  const { code, out } = await node([PROGRAM, 'run', '-', '--json'], STUDY);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ study: 'stdin', resolved: { title: 'A small study' } });
});

test('a reader that leaves early is no error', async () => {
  const shell = `"${process.execPath}" "${PROGRAM}" list metrics --json | head -c 10; echo " \${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', shell]);
  expect({ stdout: stdout.replace(/\s+/g, ' '), stderr }).toEqual({ stdout: '[ { 0 ', stderr: '' });
});

test('colour comes only when asked for, and never against NO_COLOR', async () => {
  const said = (env: Record<string, string>) =>
    promisify(execFile)(process.execPath, [PROGRAM, 'run', study], { env: { ...process.env, ...env } });
  const colour = String.fromCharCode(27);
  expect((await said({ NO_COLOR: '', FORCE_COLOR: '1' })).stdout).toContain(colour);
  expect((await said({ NO_COLOR: '1', FORCE_COLOR: '1' })).stdout).not.toContain(colour);
  expect((await said({ NO_COLOR: '', FORCE_COLOR: '' })).stdout).not.toContain(colour);
});

test('run --json loads no chart, document or image library, and help next to nothing', async () => {
  const hooks = write(
    'hooks.mjs',
    `import { appendFileSync } from 'node:fs';
export async function resolve(name, context, next) {
  const found = await next(name, context);
  appendFileSync(process.env.LOADED, found.url + '\\n');
  return found;
}
`,
  );
  const register = write(
    'register.mjs',
    `import { register } from 'node:module';\nregister(${JSON.stringify(`file://${hooks}`)});\n`,
  );
  const loadedBy = async (name: string, ...args: string[]) => {
    const env = { ...process.env, LOADED: path(name) };
    await promisify(execFile)(process.execPath, ['--import', register, PROGRAM, ...args], { env });
    const urls = [...new Set(readFileSync(path(name), 'utf8').split('\n'))];
    const own = urls.filter((url) => url.startsWith(pathToFileURL(dirname(PROGRAM)).href));
    return {
      packages: urls.filter((url) => url.includes('/node_modules/')).join(' '),
      files: own.length,
      bytes: own.reduce((sum, url) => sum + statSync(fileURLToPath(url)).size, 0),
    };
  };
  const run = await loadedBy('run.txt', 'run', study, '--json');
  expect(run.packages).not.toMatch(/d3|jsdom|resvg|pdfkit|to-json-schema|highs|yalps/);
  // What is read is parsed: 0.1 ms a kilobyte, and a file more costs a millisecond.
  expect(run.bytes).toBeLessThan(1e6);
  expect(run.files).toBeLessThan(25);
  const help = await loadedBy('help.txt', '--help');
  expect(help.packages).toBe('');
  expect(help.bytes).toBeLessThan(120e3);
});

test('what the build keeps of the YAML files is what they say, and their lines are still known', async () => {
  const kept = join(dirname(PROGRAM), 'yaml', 'studies.flexgen.opt-30b-t4.yaml.json');
  const { text, value } = JSON.parse(readFileSync(kept, 'utf8'));
  expect(text).toBe(readFileSync('studies/flexgen/opt-30b-t4.yaml', 'utf8'));
  expect(value).toEqual(parseYaml(text, 'study').value);
  const wrong = await promisify(execFile)(process.execPath, [
    PROGRAM,
    ...['run', 'flexgen/opt-30b-t4', '--set', 'workload.kind=train'],
  ]).catch((error: { stderr: string }) => error);
  const line = text.split('\n').findIndex((row: string) => row.startsWith('  batches:')) + 1;
  expect(wrong.stderr).toContain(`studies/flexgen/opt-30b-t4.yaml:${line}:3: unknown key "batches"`);
});

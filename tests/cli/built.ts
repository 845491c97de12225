import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClaimRow } from '../../sim/types/index.ts';

/** Folder of results that another run of the same program may have left; read and added to where it is set. */
const { TIERFLOW_RESULTS: results } = process.env;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** The built program. */
export const PROGRAM = join(root, 'dist', 'cli.js');
const SOURCES = ['cli', 'sim', 'input', 'hardware', 'workloads', 'policies', 'studies', 'reports'];

/** Builds the program where it is older than its sources. */
export function build(): void {
  const rules = ['build.mjs', 'package.json'].map((file) => statSync(join(root, file)).mtimeMs);
  const newest = Math.max(...rules, ...SOURCES.flatMap((folder) => sourceTimes(join(root, folder))));
  if (existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs >= newest) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The judged claims of studies, from one run of the built program. */
export function judgedClaims(studies: readonly string[]): readonly ClaimRow[] {
  build();
  const known = results === undefined ? [] : ['--results', resolve(root, results)];
  const printed = execFileSync(
    process.execPath,
    [PROGRAM, 'validate', '--json', '--report-only', ...known, ...studies],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 26,
    },
  );
  return (JSON.parse(printed) as { readonly claims: readonly ClaimRow[] }).claims;
}

function sourceTimes(folder: string): number[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => statSync(join(folder, name)).mtimeMs);
}

import { createHash, type Hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, isMap } from '../input/index.ts';
import { packageFolder } from '../input/packageFiles.ts';
import { contentHash } from '../studies/canonical.ts';
import { filesBeside } from '../studies/load.ts';
import type { Outcome } from '../studies/outcome.ts';
import { inputHashes } from '../studies/run.ts';
import type { CaseJob } from './caseWorker.ts';
import { makeFolder } from './folder.ts';

type Ran = Extract<Outcome, { status: 'ran' }>;

/**
 * How cases ended, on disk, one file each under the hash of all that it follows from: the built program, the package's own
 * data, the packages installed beside it, Node's version, and the case's inputs. What any of them changes is simulated anew.
 */
export interface ResultStore {
  readonly find: (job: CaseJob) => Promise<Ran | undefined>;
  readonly keep: (job: CaseJob, outcome: Outcome) => Promise<void>;
}

/** @throws InputError where the program runs from its sources, which have no hash of their own. */
export function openResults(folder: string): ResultStore {
  const program = programHash();
  makeFolder(folder);
  const files = new WeakMap<CaseJob, string>();
  const fileOf = async (job: CaseJob): Promise<string> => {
    const file = files.get(job) ?? join(folder, `${await hashOf(program, job)}.json`);
    files.set(job, file);
    return file;
  };
  return {
    async find(job) {
      const file = await fileOf(job);
      if (!existsSync(file)) return undefined;
      const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (!isMap(kept) || kept['status'] !== 'ran' || !isMap(kept['metrics'])) throw notAResult(file);
      return kept as unknown as Ran;
    },
    async keep(job, outcome) {
      // What did not fit is found out quickly; JSON has no numbers but finite ones.
      if (outcome.status !== 'ran' || !Object.values(outcome.metrics).every(Number.isFinite)) return;
      const file = await fileOf(job);
      // In one go, so that a run beside this one never reads half of it.
      const part = `${file}.${process.pid}`;
      writeFileSync(part, JSON.stringify(outcome));
      renameSync(part, file);
    },
  };
}

async function hashOf(program: string, { studyFile, resolved }: CaseJob): Promise<string> {
  const { machine, parts, kv, seed } = resolved;
  const inputs = await inputHashes(resolved, filesBeside(studyFile));
  return contentHash({ program, inputs, machine, parts, kv, seed });
}

/** Folders of the package whose files runs read, whether or not they were built in. */
const DATA = ['hardware', 'workloads', 'policies', 'studies'];

/** Hash of all code that a run may load, and of all data of the package that it may read. */
function programHash(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const installed = join(packageFolder(), 'node_modules', '.package-lock.json');
  if (import.meta.url.endsWith('.ts') || !existsSync(installed)) {
    throw new InputError({
      code: 'bad_value',
      problem: 'results are kept by the built program beside its installed packages, which these are not',
      expected: 'no --results here',
      place: { file: '--results' },
    });
  }
  const hash = createHash('sha256').update(process.version).update(readFileSync(installed));
  addFiles(hash, here, /\.js$/);
  for (const folder of DATA) addFiles(hash, join(packageFolder(), folder), /\.(ya?ml|csv|json|jsonl)$/);
  return hash.digest('hex');
}

function addFiles(hash: Hash, folder: string, which: RegExp): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (which.test(name)) hash.update(`\n${name}\n`).update(readFileSync(join(folder, name)));
  }
}

function notAResult(file: string): InputError {
  return new InputError({
    code: 'bad_value',
    problem: 'this file is no result of a case',
    expected: 'a folder of its own for --results',
    place: { file },
  });
}

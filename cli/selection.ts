import { type Assignment, dataSource, InputError, parseAssignment } from '../input/index.ts';
import { readDocument, type StudyDocument } from '../studies/cases.ts';
import { filesBeside, readStudy, type StudyFiles } from '../studies/load.ts';
import { type ResolvedCase, resolveCase, withFrameSets } from '../studies/resolve.ts';
import { isNetwork } from '../workloads/load.ts';
import { readDims } from './dims.ts';
import type { CaseOptions } from './options.ts';

/** Flags that are short for a `--set`. */
const FLAG_PATHS = {
  machine: ['machine'],
  model: ['workload', 'model'],
  prompt: ['workload', 'prompt'],
  output: ['workload', 'output'],
  batch: ['workload', 'batch'],
  batches: ['workload', 'batches'],
} as const;

/** What a command was asked to simulate. */
export interface Selection {
  readonly study: StudyDocument;
  readonly files: StudyFiles;
  /** Flags and `--set`s, in that order. */
  readonly sets: readonly Assignment[];
  readonly seed: number | undefined;
}

/**
 * The study with what the flags change about it; without a study, one made of the flags alone.
 * @throws InputError where there is neither a study nor a machine and a model.
 */
export function selectStudy(ref: string | undefined, options: CaseOptions): Selection {
  const flags = Object.entries(FLAG_PATHS).flatMap(([flag, path]): Assignment[] => {
    const value = options[flag as keyof typeof FLAG_PATHS];
    return value === undefined ? [] : [{ path, value, from: `--${flag}` }];
  });
  const dims = Object.entries(readDims(options.dim ?? [])).map(([name, value]): Assignment => {
    return { path: ['workload', 'dims', name], value, from: '--dim' };
  });
  const sets = [...flags, ...dims, ...(options.set ?? []).map((text) => parseAssignment(text))];
  const plain = ref === undefined ? studyOfFlags(options, sets) : readStudy(ref);
  const files = filesBeside(plain.source.file);
  return { study: withFrameSets(plain, sets, files.readRows), files, sets, seed: options.seed };
}

/** Refuses a study whose outside data is not here, saying how to get it. */
export function checkData({ study, files }: Selection): void {
  const missing = files.missingData(study);
  if (missing === null) return;
  throw new InputError({ code: 'file_missing', problem: missing, place: { file: study.source.file } });
}

/** One case of the selection, ready to run. */
export function resolveSelected(selection: Selection, caseId = 'base'): ResolvedCase {
  checkData(selection);
  const { study, files, sets, seed } = selection;
  const options = { catalogue: files.catalogue, sets, ...(seed === undefined ? {} : { seed }) };
  return resolveCase(study, caseId, options);
}

/** What is simulated when only a machine and a model are named: one batch of one sequence. */
const WITHOUT_STUDY = { kind: 'generate', prompt: 512, output: 32, batch: 1 } as const;
/** The same for a network: one image. */
const NETWORK_WITHOUT_STUDY = { kind: 'cnn', batch: 1 } as const;

function studyOfFlags(options: CaseOptions, sets: readonly Assignment[]): StudyDocument {
  const given = (head: string, field?: string): boolean =>
    sets.some(({ path }) => path[0] === head && (field === undefined || path.length === 1 || path[1] === field));
  if (!given('machine') || !given('workload', 'model')) {
    throw new InputError({
      code: 'missing_key',
      problem: 'there is nothing to run',
      expected: 'a study (tierflow list studies), or --machine and --model',
    });
  }
  const title = [options.model, options.machine].filter(Boolean).join(' on ') || 'From the command line';
  const model = sets.find(({ path }) => path.join('.') === 'workload.model')?.value;
  const workload = isNetwork(String(model)) ? NETWORK_WITHOUT_STUDY : WITHOUT_STUDY;
  return readDocument('command-line', dataSource({ title, workload }, 'the command line'), () => []);
}

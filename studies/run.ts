import { InputError } from '../input/index.ts';
import { kvMaker, loadPlacement, loadReplay, loadTraining, precisionOf } from '../policies/index.ts';
import { DeadlockError, DoesNotFitError, MissingFactError } from '../sim/executor/errors.ts';
import { simulate } from '../sim/executor/index.ts';
import { simulateDtr, simulateTraining } from '../sim/training/index.ts';
import type { Placement, Program, RunResult, StudyResult } from '../sim/types/index.ts';
import { type AnyModel, buildProgram, readTrace } from '../workloads/index.ts';
import { contentHash, sharedHash } from './canonical.ts';
import { judge, type OutcomeOf } from './claims.ts';
import type { Outcome } from './outcome.ts';
import type { ResolvedCase } from './resolve.ts';
import type { ToleranceRule } from './tolerances.ts';

/**
 * Runs one case.
 * @module
 */

/** Where models are looked up. */
export type ReadModel = (ref: string) => AnyModel;

/** Simulates a resolved case. The command line's runs for real; tests may give one of their own. */
export type RunCase = (resolved: ResolvedCase, options?: { readonly timeline?: boolean }) => Promise<Outcome>;

/** The text of a file that a workload names. */
export type ReadText = (file: string) => string;

export interface InputHashes {
  readonly study_sha256: string;
  readonly machine_sha256: string;
  readonly models_sha256: string;
}

/** The workload and the policy of a case, built for its machine. */
export interface Prepared {
  readonly program: Program;
  readonly placement: Placement;
}

/** Builds the program and loads the placement. Throws InputError where a part cannot be used. */
export async function prepare({ parts, machine, kv }: ResolvedCase, readModel: ReadModel): Promise<Prepared> {
  const { workload, policy } = parts;
  const maker = kv === null ? null : kvMaker(kv);
  const precision = precisionOf(policy);
  const program = buildProgram(workload, precision, readModel, maker);
  const programFor = (batch: number, batches: number): Program =>
    buildProgram(
      workload.kind === 'generate' ? { ...workload, batch, batches } : workload,
      precision,
      readModel,
      maker,
    );
  return { program, placement: await loadPlacement(policy, { machine, program, precision, programFor }) };
}

/**
 * A runner over one source of models. What does not fit or cannot proceed is an outcome; anything else is thrown.
 */
export function makeRunner(readModel: ReadModel, readText: ReadText = noFiles): RunCase {
  return async (resolved, options = {}): Promise<Outcome> => {
    try {
      return { status: 'ran', ...(await simulateCase(resolved, readModel, readText, options.timeline ?? false)) };
    } catch (error) {
      if (error instanceof DoesNotFitError) return { status: 'does_not_fit', error };
      if (error instanceof DeadlockError || error instanceof MissingFactError) {
        return { status: 'cannot_proceed', error };
      }
      throw error;
    }
  };
}

const noFiles: ReadText = (file) => {
  throw new InputError({ code: 'file_missing', problem: `${file} cannot be read here`, place: { file } });
};

async function simulateCase(
  resolved: ResolvedCase,
  readModel: ReadModel,
  readText: ReadText,
  timeline: boolean,
): Promise<RunResult> {
  const { machine, parts } = resolved;
  if (parts.workload.kind === 'trace') {
    return simulateDtr(machine, readTrace(parts.workload, readText(parts.workload.file)), loadReplay(parts.policy));
  }
  if (parts.workload.kind === 'train') {
    const program = buildProgram(parts.workload, precisionOf(parts.policy), readModel);
    const { training } = program;
    if (training === undefined) throw new Error('a train workload builds a training step');
    const { activations, optimizer } = loadTraining(parts.policy, machine, training);
    return simulateTraining(machine, { ...program, training }, activations, optimizer, { timeline });
  }
  const { program, placement } = await prepare(resolved, readModel);
  return simulate(machine, program, placement, { timeline });
}

/**
 * Hashes of everything a result depends on: the study's parts, the machine's numbers and the models that the workload
 * reads. Throws as building the workload does.
 */
export async function inputHashes({ parts, machine, kv }: ResolvedCase, readModel: ReadModel): Promise<InputHashes> {
  const models = new Map<string, AnyModel>();
  if (parts.workload.kind !== 'trace') {
    buildProgram(parts.workload, precisionOf(parts.policy), (ref) => {
      const model = readModel(ref);
      models.set(ref, model);
      return model;
    });
  }
  const hashed = await Promise.all([...models].map(async ([ref, model]) => [ref, await sharedHash(model)] as const));
  return {
    study_sha256: await contentHash(kv === null ? parts : { ...parts, kv }),
    machine_sha256: await sharedHash(machine),
    models_sha256: await contentHash(Object.fromEntries(hashed)),
  };
}

/**
 * The document `run --json` prints. `outcomeOf` gives the cases that relative claims refer to.
 */
export async function studyResult(
  resolved: ResolvedCase,
  outcome: Extract<Outcome, { status: 'ran' }>,
  context: {
    readonly version: string;
    readonly nodeMajor: number;
    readonly readModel: ReadModel;
    readonly outcomeOf: OutcomeOf;
    readonly tolerances: readonly ToleranceRule[];
  },
): Promise<StudyResult> {
  const at = { study: resolved.study, case: resolved.case };
  return {
    schema: 'tierflow/run/1',
    ...at,
    seed: resolved.seed,
    resolved: { title: resolved.title, ...resolved.parts },
    metrics: outcome.metrics,
    claims: resolved.claims.map((claim) => judge(claim, at, context.outcomeOf, context.tolerances)),
    warnings: [...resolved.warnings, ...outcome.warnings],
    provenance: {
      tierflow: context.version,
      node_major: context.nodeMajor,
      seed: resolved.seed,
      ...(await inputHashes(resolved, context.readModel)),
    },
  };
}

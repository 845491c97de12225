import { InputError } from '../input/index.ts';
import { loadPlacement, precisionOf, runMapping } from '../policies/index.ts';
import { DeadlockError, DoesNotFitError, MissingFactError } from '../sim/errors.ts';
import { simulate } from '../sim/executor/index.ts';
import type { Metrics, Placement, Program, RunResult, StudyResult } from '../sim/types/index.ts';
import { agentModels } from '../workloads/agent/schema.ts';
import { loadBuilder } from '../workloads/builder.ts';
import { namesFile, namesNetwork } from '../workloads/mapping/schema.ts';
import type { AnyModel } from '../workloads/models/any.ts';
import { isDeviceWorkload, type Workload } from '../workloads/schema.ts';
import { contentHash, sharedHash } from './canonical.ts';
import { judge, type OutcomeOf } from './claims.ts';
import { kvReads } from './kvReads.ts';
import type { Outcome } from './outcome.ts';
import { type QualitySeries, qualityOf } from './quality.ts';
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

/** What a run reads beside its study. */
export interface RunFiles {
  readonly readModel: ReadModel;
  /** The text of a file that a workload names. */
  readonly readText: (file: string) => string;
  /** Scores that were measured for policies. */
  readonly readQuality: () => readonly QualitySeries[];
}

export interface InputHashes {
  readonly study_sha256: string;
  readonly machine_sha256: string;
  readonly models_sha256: string;
  /** Of the traces and programs that the workload names; absent where it names none. */
  readonly files_sha256?: string;
}

/** The workload and the policy of a case, built for its machine. */
export interface Prepared {
  readonly program: Program;
  readonly placement: Placement;
}

/** Builds the program and loads the placement. Throws InputError where a part cannot be used. */
export async function prepare({ parts, machine, kv }: ResolvedCase, readModel: ReadModel): Promise<Prepared> {
  const { workload, policy } = parts;
  const maker = kv === null ? null : (await import('../policies/kv/maker.ts')).kvMaker(kv);
  const precision = precisionOf(policy);
  const buildProgram = await loadBuilder(workload);
  const program = buildProgram(workload, precision, readModel, maker);
  const programFor = (batch: number, batches: number): Program =>
    buildProgram(
      { ...workload, batch, ...('batches' in workload && { batches }) } as Workload,
      precision,
      readModel,
      maker,
    );
  return { program, placement: await loadPlacement(policy, { machine, program, precision, programFor }) };
}

/**
 * A runner over one source of models, texts and scores. What does not fit or cannot proceed is an outcome; anything else is thrown.
 */
export function makeRunner(files: RunFiles): RunCase {
  return async (resolved, options = {}): Promise<Outcome> => {
    try {
      return { status: 'ran', ...(await simulateCase(resolved, files, options.timeline ?? false)) };
    } catch (error) {
      if (error instanceof DoesNotFitError) return { status: 'does_not_fit', error };
      if (error instanceof DeadlockError || error instanceof MissingFactError) {
        return { status: 'cannot_proceed', error };
      }
      throw error;
    }
  };
}

async function simulateCase(resolved: ResolvedCase, files: RunFiles, timeline: boolean): Promise<RunResult> {
  const { machine, parts, kv, seed } = resolved;
  const { workload, policy } = parts;
  if (isDeviceWorkload(workload)) {
    if (policy !== undefined) throw unusedPolicy(workload.kind);
    const { runDevice } = await import('../workloads/device.ts');
    return runDevice(workload, machine, seed);
  }
  if (workload.kind === 'mapping') {
    const { mappingProgram } = await import('../workloads/mapping/index.ts');
    const program = mappingProgram(workload, files.readModel, files.readText, seed);
    return runMapping(policy, machine, program, seed, workload.fast_bytes);
  }
  if (workload.kind === 'trace') {
    const { readTrace } = await import('../workloads/trace/read.ts');
    const { simulateDtr } = await import('../sim/training/index.ts');
    const { loadReplay } = await import('../policies/training.ts');
    return simulateDtr(machine, readTrace(workload, files.readText(workload.file)), loadReplay(policy));
  }
  if (workload.kind === 'train' || (workload.kind === 'cnn' && workload.mode === 'train')) {
    const buildProgram = await loadBuilder(workload);
    const program = buildProgram(workload, precisionOf(policy), files.readModel);
    const { training } = program;
    if (training === undefined) throw new Error('a train workload builds a training step');
    const { simulateTraining } = await import('../sim/training/index.ts');
    const { loadTraining, solverFor } = await import('../policies/training.ts');
    const solver = await solverFor(policy);
    const { activations, optimizer, training: planned } = loadTraining(policy, machine, training, solver);
    return simulateTraining(machine, { ...program, training: planned }, activations, optimizer, { timeline });
  }
  if (workload.kind === 'agent') {
    const { runAgent } = await import('./agent.ts');
    return runAgent(resolved, workload, (call) => simulateCase(call, files, false));
  }
  let { program, placement } = await prepare(resolved, files.readModel);
  let retained: Metrics = {};
  if (workload.kind === 'generate' && workload.attention !== undefined && kv !== null) {
    const { retainedMass, withProcessHits } = await import('./proxy.ts');
    retained = retainedMass(workload, kv, program, seed, files.readText);
    const measured = withProcessHits(kv, retained);
    if (measured !== null) ({ program, placement } = await prepare({ ...resolved, kv: measured }, files.readModel));
  }
  const result = simulate(machine, program, placement, { timeline });
  const metrics = { ...result.metrics, ...kvReads(program), ...retained };
  return withQuality({ ...result, metrics }, resolved, files.readQuality);
}

function unusedPolicy(kind: string): InputError {
  return new InputError({
    code: 'bad_value',
    problem: `the workload kind ${kind} exercises one device, so no policy has a part in it`,
    expected: 'a study without the key policy',
  });
}

/** The result with the scores that were measured for its policy and checkpoint, and why others are absent. */
function withQuality(
  result: RunResult,
  { parts, kv }: ResolvedCase,
  readQuality: () => readonly QualitySeries[],
): RunResult {
  const checkpoint = parts.workload.kind === 'generate' ? parts.workload.checkpoint : undefined;
  if (checkpoint === undefined) return result;
  const metrics: Record<string, number> = { ...result.metrics };
  const warnings = [...result.warnings];
  const found = qualityOf(readQuality(), kv, checkpoint);
  for (const { benchmark, score, reason } of found) {
    if (score === null) warnings.push(`quality.${benchmark} is absent: ${reason}`);
    else metrics[`quality.${benchmark}`] = score;
  }
  if (found.length === 0) warnings.push(`no score was measured for this policy with ${checkpoint}`);
  return { ...result, metrics, warnings };
}

/**
 * The parts as what they compute: a policy part that is left out and one written at its default, a preset and its values,
 * are the same input (functional hashing, Gillard et al., arXiv:2302.05433).
 */
function functionalParts({ parts, kv }: Pick<ResolvedCase, 'parts' | 'kv'>): unknown {
  const { workload, policy } = parts;
  if (workload.kind !== 'generate' && workload.kind !== 'agent') return kv === null ? parts : { ...parts, kv };
  const placement = policy?.placement ?? { kind: 'resident' };
  const cache = kv === null ? null : kv.fields;
  return { ...parts, policy: { ...policy, placement, precision: precisionOf(policy), kv: cache } };
}

/** Ids or paths of the models that a workload reads. */
function modelsOf(workload: Workload): readonly string[] {
  switch (workload.kind) {
    case 'agent':
      return agentModels(workload);
    case 'generate':
    case 'train':
    case 'cnn':
      return [workload.model];
    case 'mapping':
      return namesNetwork(workload.program) ? [workload.program] : [];
    default:
      return [];
  }
}

/** Files beside the study, other than models, that the workload reads. */
function filesOf(workload: Workload): readonly string[] {
  switch (workload.kind) {
    case 'trace':
      return [workload.file];
    case 'mapping':
      return namesFile(workload.program) ? [workload.program] : [];
    case 'generate':
      return workload.attention?.trace === undefined ? [] : [workload.attention.trace];
    default:
      return [];
  }
}

/**
 * Hashes of everything a result depends on: the study's parts, the machine's numbers, and the models and files that the
 * workload reads. Throws as reading them does.
 */
export async function inputHashes(
  { parts, machine, kv }: ResolvedCase,
  { readModel, readText }: Pick<RunFiles, 'readModel' | 'readText'>,
): Promise<InputHashes> {
  const models = modelsOf(parts.workload).map((ref) => [ref, readModel(ref)] as const);
  const files = filesOf(parts.workload);
  const hashed = await Promise.all(models.map(async ([ref, model]) => [ref, await sharedHash(model)] as const));
  return {
    study_sha256: await contentHash(functionalParts({ parts, kv })),
    machine_sha256: await sharedHash(machine),
    models_sha256: await contentHash(Object.fromEntries(hashed)),
    ...(files.length > 0 && { files_sha256: await contentHash(files.map(readText)) }),
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
    readonly files: Pick<RunFiles, 'readModel' | 'readText'>;
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
      ...(await inputHashes(resolved, context.files)),
    },
  };
}

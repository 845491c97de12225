import * as v from 'valibot';
import { InputError } from '../input/index.ts';
import { withFlops } from '../sim/training/leftFlops.ts';
import type { ActivationPlan, Machine, OptimizerPlan, Training } from '../sim/types/index.ts';
import type { DtrFields } from './activations/dtr.ts';
import { activationsOf } from './activations/registry.ts';
import { loadSolver, type Solver } from './linearProgram.ts';
import { adapted } from './optimizer/adapters.ts';
import { clustered } from './optimizer/clustering.ts';
import { optimizerPlan } from './optimizer/plan.ts';
import { checkMethod, methodOf, optimizerSchema } from './optimizer/schema.ts';
import { withTrunk } from './optimizer/trunk.ts';
import type { trainingParts } from './trainingParts.ts';

export interface TrainingPolicy {
  /** The step with adapters in place and frozen layers set apart. */
  readonly training: Training;
  readonly activations: ActivationPlan;
  readonly optimizer: OptimizerPlan;
}

type Parts = { readonly [part in 'placement' | 'kv' | keyof typeof trainingParts]?: unknown };

/**
 * The plans of a training step; without parts, everything is kept and Adam updates in mixed precision.
 * @throws InputError for a part that a training step cannot use.
 */
export function loadTraining(
  policy: Parts | undefined,
  machine: Machine,
  base: Training,
  solver: Solver | null = null,
): TrainingPolicy {
  refuse(policy, ['placement', 'kv'], 'train');
  const update =
    (policy?.optimizer as v.InferOutput<typeof optimizerSchema> | undefined) ??
    v.parse(optimizerSchema, { kind: 'adam' });
  const fields = (policy?.activations as { kind: string } | undefined) ?? { kind: 'keep' };
  const definition = activationsOf(fields.kind);
  const method = methodOf(update);
  checkMethod(update, method, base);
  const kept = withTrunk(clustered(adapted(base, method), update.clustering), update.trained_layers);
  const training = withFlops(definition.rewrite?.(fields, kept) ?? kept, base);
  const optimizer = optimizerPlan(update, training);
  if (training.encoder !== undefined && definition.one_stack === true) throw notBesideEncoder(fields.kind);
  const activations = definition.create(fields, { machine, training, optimizer, solver });
  if (training.encoder !== undefined && Object.values(activations.saved).some(({ host }) => host > 0)) {
    throw notBesideEncoder(`${fields.kind} that moves activations`);
  }
  return { training, activations, optimizer };
}

const notBesideEncoder = (kind: string): InputError =>
  new InputError({
    code: 'bad_value',
    problem: `policy.activations of kind ${kind} plans for layers of one kind, and the model has an encoder beside its decoder`,
    expected: 'keep, full, selective, ops, saved or thin',
  });

/** The solver that the policy's activations ask for, or null. */
export async function solverFor(policy: Parts | undefined): Promise<Solver | null> {
  const fields = policy?.activations as { kind: string } | undefined;
  return fields !== undefined && activationsOf(fields.kind).solves === true ? loadSolver('highs') : null;
}

/**
 * How a recorded step is replayed; without an `activations` part it keeps everything.
 * @throws InputError for parts a trace cannot use.
 */
export function loadReplay(policy: Parts | undefined): Omit<DtrFields, 'kind'> {
  refuse(policy, ['placement', 'kv', 'optimizer'], 'trace');
  const fields = policy?.activations as { readonly kind: string } | undefined;
  if (fields === undefined || fields.kind === 'keep') {
    return { budget_bytes: Number.POSITIVE_INFINITY, order: 'union-find' };
  }
  if (fields.kind === 'dtr') return fields as DtrFields;
  throw new InputError({
    code: 'bad_value',
    problem: `activations of kind ${JSON.stringify(fields.kind)} need the layers of a model, which a trace does not have`,
    expected: 'keep or dtr',
  });
}

function refuse(policy: Parts | undefined, parts: readonly (keyof Parts)[], kind: string): void {
  for (const part of parts) {
    if (policy?.[part] === undefined) continue;
    throw new InputError({
      code: 'bad_value',
      problem: `policy.${part} has no use in the workload kind "${kind}"`,
      expected: 'a policy without it',
    });
  }
}

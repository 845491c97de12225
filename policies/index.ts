import * as v from 'valibot';
import { InputError } from '../input/index.ts';
import type { Machine, MappingProgram, Placement, RunResult } from '../sim/types/index.ts';
import { ACTIVATIONS } from './activations/registry.ts';
import { OPTIMIZERS } from './optimizer/methods.ts';
import type { PlacementContext } from './placement/placement.ts';
import { PLACEMENTS, placementOf } from './placement/registry.ts';
import { PLANNER_KINDS, plannerSchema, twoTierOf } from './planner/kinds.ts';
import { precisionSchema, precisionOf as readPrecision } from './precision.ts';
import { refuseParts } from './refuseParts.ts';
import { SCHEDULES, scheduleSchema } from './schedule/schema.ts';
import { trainingParts } from './trainingParts.ts';

const [first, ...others] = PLACEMENTS.map((definition) => definition.schema);

const kvSchema = v.looseObject({
  preset: v.pipe(
    v.string(),
    v.minLength(1),
    v.description(
      "What of the KV cache is kept: `full` (everything), a preset's id, or the path of one. Its parameters stand beside.",
    ),
  ),
});

/** A policy: independent parts, each chosen by `kind` or `preset`. An absent part is the plain one. */
export const policySchema = v.strictObject({
  placement: v.optional(v.variant('kind', [first!, ...others])),
  precision: v.optional(precisionSchema),
  kv: v.optional(kvSchema),
  ...trainingParts,
  schedule: v.optional(scheduleSchema),
  planner: v.optional(plannerSchema),
});
export type Policy = v.InferOutput<typeof policySchema>;

/** The precision a policy asks for; without one, the model's own 16 bits. */
export function precisionOf(policy: Policy | undefined): ReturnType<typeof readPrecision> {
  return readPrecision(policy?.precision, policy?.placement?.kind ?? 'resident');
}

/** The placement a policy asks for; without one, everything is resident. */
export async function loadPlacement(policy: Policy | undefined, context: PlacementContext): Promise<Placement> {
  const { network, kind } = context.program;
  if (network !== undefined) {
    refuseParts(kind, policy ?? {}, ['schedule', 'planner']);
    const { networkPlacement } = await import('./network/create.ts');
    return networkPlacement(policy ?? {}, network, context);
  }
  refuseParts(kind, policy ?? {}, ['placement', 'precision', 'kv']);
  const fields = policy?.placement ?? { kind: 'resident' as const };
  const { devices = 1 } = context.program;
  if (devices > 1 && fields.kind !== 'resident') {
    throw new InputError({
      code: 'bad_value',
      problem: `placement ${fields.kind} moves tensors between the memories of one device, and ${devices} share the model`,
      expected: 'placement resident, or workload.tensor_parallel 1',
    });
  }
  return placementOf(fields.kind).create(fields, context);
}

/**
 * Runs a mapping program under the planner that a policy asks for.
 * @throws InputError for a part that such a workload cannot use
 */
export async function runMapping(
  policy: Policy | undefined,
  machine: Machine,
  program: MappingProgram,
  seed: number,
  fast_bytes?: number,
): Promise<RunResult> {
  refuseParts('mapping', policy ?? {}, ['planner']);
  const { runTwoTier } = await import('./planner/levels/run.ts');
  return runTwoTier(machine, program, twoTierOf(policy?.planner), seed, fast_bytes);
}

/** Kinds of every part, for `list policies`. */
export function listPolicies(): { id: string; part: string; description: string }[] {
  const listed = (part: string, kinds: readonly { readonly kind: string; readonly description: string }[]) =>
    kinds.map(({ kind, description }) => ({ id: kind, part, description }));
  return [
    ...listed('placement', PLACEMENTS),
    ...listed('activations', ACTIVATIONS),
    ...listed('optimizer', OPTIMIZERS),
    ...listed('schedule', SCHEDULES),
    ...listed('planner', PLANNER_KINDS),
  ];
}

export {
  checkKv,
  type KvFields,
  type KvSpec,
  type Preset,
  resolvePreset,
  withStoredPrefix,
} from './kv/index.ts';
export type { PlacementContext } from './placement/placement.ts';

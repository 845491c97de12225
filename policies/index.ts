import * as v from 'valibot';
import type { Placement } from '../sim/types/index.ts';
import { ACTIVATIONS } from './activations/registry.ts';
import { OPTIMIZERS } from './optimizer/plan.ts';
import type { PlacementContext } from './placement/placement.ts';
import { PLACEMENTS, placementOf } from './placement/registry.ts';
import { precisionSchema, precisionOf as readPrecision } from './precision.ts';
import { refuseTraining, trainingParts } from './training.ts';

const [first, ...others] = PLACEMENTS.map((definition) => definition.schema);

const kvSchema = v.strictObject({
  preset: v.pipe(v.picklist(['full']), v.description('What of the KV cache is kept. `full`: everything.')),
});

/** A policy: independent parts, each chosen by `kind` or `preset`. An absent part is the plain one. */
export const policySchema = v.strictObject({
  placement: v.optional(v.variant('kind', [first!, ...others])),
  precision: v.optional(precisionSchema),
  kv: v.optional(kvSchema),
  ...trainingParts,
});
export type Policy = v.InferOutput<typeof policySchema>;

/** The precision a policy asks for; without one, the model's own 16 bits. */
export function precisionOf(policy: Policy | undefined): ReturnType<typeof readPrecision> {
  return readPrecision(policy?.precision);
}

/** The placement a policy asks for; without one, everything is resident. */
export async function loadPlacement(policy: Policy | undefined, context: PlacementContext): Promise<Placement> {
  refuseTraining(policy, context.program.kind);
  const fields = policy?.placement ?? { kind: 'resident' as const };
  return placementOf(fields.kind).create(fields, context);
}

/** Kinds of every part, for `list policies`. */
export function listPolicies(): { id: string; part: string; description: string }[] {
  const listed = (part: string, kinds: readonly { readonly kind: string; readonly description: string }[]) =>
    kinds.map(({ kind, description }) => ({ id: kind, part, description }));
  return [
    ...listed('placement', PLACEMENTS),
    ...listed('activations', ACTIVATIONS),
    ...listed('optimizer', OPTIMIZERS),
  ];
}

export type { PlacementContext } from './placement/placement.ts';
export { loadReplay, loadTraining, type TrainingPolicy } from './training.ts';

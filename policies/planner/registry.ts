import * as v from 'valibot';
import { InputError } from '../../input/errors.ts';
import { bestFit, exact, linear, tflmGreedy } from './addressed.ts';
import { fusedBlocks, mcunetAct, mcunetV2, strictLiveness } from './conventions.ts';
import { type TwoTierFields, twoTierSchema } from './levels/run.ts';
import type { Planner } from './planner.ts';
import { tinyEngineCompat, tinyEngineStrict } from './tinyengine.ts';

/** Every planner kind, one line each. */
export const PLANNERS: readonly Planner[] = [
  strictLiveness,
  mcunetAct,
  mcunetV2,
  fusedBlocks,
  tflmGreedy,
  linear,
  bestFit,
  exact,
  tinyEngineCompat,
  tinyEngineStrict,
];

/** Kinds for `list policies`: those above and the one of `mapping` workloads. */
export const PLANNER_KINDS: readonly { readonly kind: string; readonly description: string }[] = [
  ...PLANNERS,
  { kind: 'two-tier', description: 'A fast and a slow memory with copies between them, for `mapping` workloads' },
];

const addressedSchema = v.strictObject({
  kind: v.pipe(
    v.picklist(PLANNERS.map(({ kind }) => kind)),
    v.description('How static memory is counted or addressed; `list policies` says what each does.'),
  ),
});

export const plannerSchema = v.variant('kind', [addressedSchema, twoTierSchema]);

/** The planner of networks of this kind. @throws InputError for `two-tier`, which places programs. */
export function plannerOf(kind: string): Planner {
  const found = PLANNERS.find((planner) => planner.kind === kind);
  if (found) return found;
  throw new InputError({
    code: 'bad_value',
    problem: `the planner ${kind} places the programs of mapping workloads`,
    found: kind,
    expected: `for a network one of ${PLANNERS.map((planner) => planner.kind).join(', ')}`,
  });
}

/** The two-tier planner that a policy asks for; without one, the best search. @throws InputError for another planner */
export function twoTierOf(planner: v.InferOutput<typeof plannerSchema> | undefined): TwoTierFields {
  if (planner === undefined) return v.parse(twoTierSchema, { kind: 'two-tier' });
  if (planner.kind === 'two-tier') return planner as TwoTierFields;
  const problem = `the planner ${planner.kind} has no second memory`;
  throw new InputError({ code: 'bad_value', problem, found: planner.kind, expected: 'two-tier' });
}

import * as v from 'valibot';
import { InputError } from '../../input/errors.ts';
import { type TwoTierFields, twoTierSchema } from './levels/schema.ts';

/** Planners of networks: how static memory is counted or addressed. */
export const NETWORK_PLANNERS = [
  { kind: 'live', description: 'Every tensor that is still needed, at every step' },
  { kind: 'mcunet-act', description: 'Input plus output of every convolution, as MCUNet tables count' },
  { kind: 'mcunetv2', description: 'As mcunet-act, depthwise convolutions in place' },
  { kind: 'fused-blocks', description: 'Input plus output of every block, as if it were one operator' },
  { kind: 'tflm-greedy', description: "TensorFlow Lite Micro's greedy planner, the head of its arena" },
  { kind: 'linear', description: 'Nothing shares memory' },
  { kind: 'best-fit', description: 'By falling size, each into the tightest gap' },
  { kind: 'exact', description: 'As low as an exact search finds, most often the least there is' },
  {
    kind: 'tinyengine',
    description:
      "TinyEngine's first fit with im2col and kernel buffers and in-place depthwise convolutions, as published",
  },
  { kind: 'tinyengine-strict', description: 'The same, tensors of the very same lifetime kept apart' },
  {
    kind: 'tinyengine-2020',
    description: 'TinyEngine before 2022: the input of a block stays until the block is done',
  },
] as const;
export type NetworkPlannerKind = (typeof NETWORK_PLANNERS)[number]['kind'];

/** Kinds for `list policies`: those above and the one of `mapping` workloads. */
export const PLANNER_KINDS: readonly { readonly kind: string; readonly description: string }[] = [
  ...NETWORK_PLANNERS,
  { kind: 'two-tier', description: 'A fast and a slow memory with copies between them, for `mapping` workloads' },
];

const addressedSchema = v.strictObject({
  kind: v.pipe(
    v.picklist(NETWORK_PLANNERS.map(({ kind }) => kind)),
    v.description('How static memory is counted or addressed; `list policies` says what each does.'),
  ),
});

export const plannerSchema = v.variant('kind', [addressedSchema, twoTierSchema]);

/** The two-tier planner that a policy asks for; without one, the best search. @throws InputError for another planner */
export function twoTierOf(planner: v.InferOutput<typeof plannerSchema> | undefined): TwoTierFields {
  if (planner === undefined) return v.parse(twoTierSchema, { kind: 'two-tier' });
  if (planner.kind === 'two-tier') return planner;
  const problem = `the planner ${planner.kind} has no second memory`;
  throw new InputError({ code: 'bad_value', problem, found: planner.kind, expected: 'two-tier' });
}

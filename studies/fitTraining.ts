import type { Change, Try } from './fitNetwork.ts';
import type { Parts } from './resolve.ts';

/**
 * Changes after which a training step fits: what is kept for backward, and where the optimizer's state lives.
 * @module
 */

type Train = Extract<Parts['workload'], { kind: 'train' }>;

/** Ways to hold fewer activations, from the least recomputation to the most traffic; each that fits is told, with its speed. */
const ACTIVATIONS: readonly (readonly [what: string, fields: Readonly<Record<string, unknown>>])[] = [
  ['attention computed again', { kind: 'selective' }],
  ['the cheapest recomputation', { kind: 'optimal' }],
  ['layers computed again', { kind: 'full' }],
  ['activations on the host', { kind: 'offload' }],
  ['a share of the tokens on the host, the rest computed again', { kind: 'token-swap' }],
  ['layers computed again, their inputs on the host', { kind: 'full', offload_input: true }],
];

const ZERO_STAGES = [1, 2, 3] as const;
const HOMES = [
  ['the optimizer on the host', 'optimizer'],
  ['the optimizer and the weights on the host', 'optimizer-and-weights'],
] as const;

/** The last resort that recomputes and moves most, tried with each home of the state. */
const LEAST = ACTIVATIONS.at(-1)!;

/**
 * Every way of holding fewer activations that fits, the lowest ZeRO stage, the nearest home of the state; where none of
 * them does alone, those of the state with layers computed again.
 */
export async function trainingFits({ workload, policy }: Parts, attempt: Try): Promise<NonNullable<Change>[]> {
  if (workload.kind !== 'train') return [];
  const optimizer = policy?.optimizer ?? { kind: 'adam' };
  const states: (readonly [what: string, fields: Readonly<Record<string, unknown>>])[][] = [
    copiesOf(workload) > 1
      ? ZERO_STAGES.filter((zero) => zero > (policy?.optimizer?.zero ?? 0)).map(
          (zero) => [`ZeRO stage ${zero}`, { ...optimizer, zero }] as const,
        )
      : [],
    HOMES.map(([what, offload]) => [what, { ...optimizer, offload }] as const),
  ];
  const found: NonNullable<Change>[] = [];
  for (const [what, fields] of ACTIVATIONS) {
    const change = await attempt(what, [[['policy', 'activations'], fields]]);
    if (change) found.push(change);
  }
  for (const choices of states) {
    const change = await first(choices, ([what, fields]) => attempt(what, [[['policy', 'optimizer'], fields]]));
    if (change) found.push(change);
  }
  if (found.length > 0) return found;
  for (const choices of states) {
    const change = await first(choices, ([what, fields]) =>
      attempt(`${what}, ${LEAST[0]}`, [
        [['policy', 'optimizer'], fields],
        [['policy', 'activations'], LEAST[1]],
      ]),
    );
    if (change) found.push(change);
  }
  return found;
}

/** Ranks that hold the same weights. */
function copiesOf({ gpus = 1, tensor_parallel = 1, pipeline_parallel = 1 }: Train): number {
  return gpus / (tensor_parallel * pipeline_parallel);
}

async function first<T>(choices: readonly T[], attempt: (choice: T) => Promise<Change>): Promise<Change> {
  for (const choice of choices) {
    const change = await attempt(choice);
    if (change) return change;
  }
  return undefined;
}

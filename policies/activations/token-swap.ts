import * as v from 'valibot';
import { MissingFactError } from '../../sim/errors.ts';
import { layerForwardSeconds } from '../../sim/training/chunk.ts';
import { plannedPeakBytes } from './layerBlocks.ts';
import { type ActivationContext, type ActivationDefinition, layerInput, planOf, savedOf, sharesOf } from './part.ts';

const schema = v.strictObject({
  kind: v.literal('token-swap'),
  fraction: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(1),
      v.description(
        'Share of the tokens whose activations move; the others are computed again. Default: the largest that hides behind a layer and fits the host.',
      ),
    ),
  ),
});

/** Layers at the end that never leave, and buffers that the rest pass through in turns. */
const ROUND = 2;

/** What always moves whole beside the layer's input: the output of attention, which is dear to compute again. */
const ATTENTION_OUTPUT: readonly string[] = ['projection_input', 'log_sum_exp'];
/** Ops after which nothing of a layer is needed in its backward. */
const NOT_AGAIN: readonly string[] = [
  'attention',
  'scores',
  'softmax',
  'scores_dropout',
  'values',
  'down',
  'residual2',
];

/**
 * Token-wise swapping and recomputation, with addresses planned by layers (Zhao et al., MEMO, SIGMOD 2025, section 4).
 */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'token-swap',
  description:
    'A share of the tokens moves to the host, the rest is computed again; inputs and attention outputs move whole',
  schema,
  one_stack: true,
  create: ({ fraction }, context) => {
    const { training } = context;
    const whole = new Set([layerInput(training), ...ATTENTION_OUTPUT]);
    const bytes = (moves: boolean): number =>
      savedOf(training).reduce((sum, saved) => sum + (whole.has(saved.name) === moves ? saved.bytes : 0), 0);
    const chosen = fraction ?? largestFraction(context, bytes(true), bytes(false));
    const plan = planOf('token-swap', {
      saved: sharesOf(training, ({ name }) => ({ keep: 0, host: whole.has(name) ? 1 : chosen })),
      again: Object.fromEntries(
        training.layer.ops.filter(({ name }) => !NOT_AGAIN.includes(name)).map(({ name }) => [name, 1 - chosen]),
      ),
      stay_layers: Math.min(ROUND, training.layers),
      buffers: ROUND,
      choices: { token_fraction: chosen },
    });
    return { ...plan, planned_peak_bytes: plannedPeakBytes(training, plan, context.optimizer) };
  },
};

/**
 * max a subject to (whole + a others) / bandwidth <= time of a layer's forward, (layers - 2) (whole + a others) <= host
 * memory, 0 <= a <= 1. The program has one variable, so its tightest constraint is its optimum; 0 where even what must
 * move does not hide.
 */
function largestFraction({ machine, training, optimizer }: ActivationContext, whole: number, others: number): number {
  const host = machine.memories.find(({ id }) => id === machine.roles.host);
  const link = machine.links.find(({ from, to }) => from === host?.id && to === machine.roles.fast);
  if (host === undefined || link === undefined) {
    throw new MissingFactError(
      `machine "${machine.id}" has no host memory joined to its fast one, which token-swap needs`,
    );
  }
  const plan = planOf('keep');
  const time_s = layerForwardSeconds({ machine, training, activations: plan, optimizer });
  const bandwidth = link.backward.bytes_per_s ?? host.write_bytes_per_s;
  const perStage = training.layers / training.layout.pipeline;
  const leaving = Math.max(1, perStage - ROUND);
  const hidden = bandwidth * time_s;
  const room = (host.capacity_bytes - host.reserved_bytes) / leaving;
  return Math.max(0, Math.min(1, (Math.min(hidden, room) - whole) / others));
}

import * as v from 'valibot';
import { unknownName } from '../../input/index.ts';
import { type ActivationDefinition, MOVED, planOf, savedOf, sharesOf } from './part.ts';

const schema = v.strictObject({
  kind: v.literal('offload'),
  tensors: v.optional(
    v.pipe(v.array(v.string()), v.minLength(1), v.description('Saved tensors that move. Default: all of them.')),
  ),
  buffers: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(64),
      v.description('Device buffers that activations pass through on their way. Default 2.'),
    ),
    2,
  ),
});

/** Activations leave for the host while the next layer computes and come back before they are needed. */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'offload',
  description: 'Saved tensors move to the host and back over the copy engines, through device buffers',
  schema,
  one_stack: true,
  create: ({ tensors, buffers }, { training }) => {
    const known = savedOf(training).map(({ name }) => name);
    for (const name of tensors ?? []) if (!known.includes(name)) throw unknownName('saved tensor', name, known);
    const moves = new Set(tensors ?? known);
    const saved = sharesOf(training, ({ name }) => (moves.has(name) ? MOVED : { keep: 1, host: 0 }));
    return planOf('offload', { saved, buffers, stay_layers: Math.min(buffers, training.layers) });
  },
};

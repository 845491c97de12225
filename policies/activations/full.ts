import * as v from 'valibot';
import { type ActivationDefinition, DROPPED, KEPT, layerInput, planOf, sharesOf } from './part.ts';

const schema = v.strictObject({
  kind: v.literal('full'),
  spare_last_chunk: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'The layers before the loss keep everything, since their backward follows at once: no micro-batch waits there.',
      ),
    ),
    false,
  ),
});

/** Chen et al. (arXiv:1604.06174) at layer granularity: only the input of a layer is kept, and all of it runs again. */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'full',
  description: 'Each layer keeps its input alone and runs again before its backward',
  schema,
  create: ({ spare_last_chunk }, { training }) => {
    const input = layerInput(training);
    return planOf('full', {
      saved: sharesOf(training, ({ name }) => (name === input ? KEPT : DROPPED)),
      again: Object.fromEntries(training.layer.ops.map(({ name }) => [name, 1])),
      spares_last_chunk: spare_last_chunk,
    });
  },
};

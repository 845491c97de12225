import * as v from 'valibot';
import { type ActivationDefinition, DROPPED, KEPT, layerInput, planOf, sharesOf } from './part.ts';

const schema = v.strictObject({ kind: v.literal('full') });

/** Chen et al. (arXiv:1604.06174) at layer granularity: only the input of a layer is kept, and all of it runs again. */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'full',
  description: 'Each layer keeps its input alone and runs again before its backward',
  schema,
  create: (_fields, { training }) => {
    const input = layerInput(training);
    return planOf('full', {
      saved: sharesOf(training, ({ name }) => (name === input ? KEPT : DROPPED)),
      again: Object.fromEntries(training.layer.ops.map(({ name }) => [name, 1])),
    });
  },
};

import * as v from 'valibot';
import { type ActivationDefinition, DROPPED, KEPT, layerInput, MOVED, planOf, sharesOf } from './part.ts';

const schema = v.strictObject({
  kind: v.literal('full'),
  offload_input: v.exactOptional(
    v.pipe(v.boolean(), v.description('The layers’ inputs wait in host memory. Default: on the device.')),
  ),
});

/** Layers whose inputs are on their way at a time, and layers at the end that keep them. */
const BUFFERS = 2;

/** Chen et al. (arXiv:1604.06174) at layer granularity: only the input of a layer is kept, and all of it runs again. */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'full',
  description: 'Each layer keeps its input alone, on the device or the host, and runs again before its backward',
  schema,
  create: ({ offload_input = false }, { training }) => {
    const input = layerInput(training);
    return planOf('full', {
      saved: sharesOf(training, ({ name }) => (name !== input ? DROPPED : offload_input ? MOVED : KEPT)),
      again: Object.fromEntries(training.layer.ops.map(({ name }) => [name, 1])),
      ...(offload_input && { stay_layers: Math.min(BUFFERS, training.layers), buffers: BUFFERS }),
    });
  },
};

import * as v from 'valibot';
import { InputError, quantity } from '../../input/index.ts';
import type { ActivationDefinition } from './part.ts';

const schema = v.strictObject({
  kind: v.literal('dtr'),
  budget_bytes: quantity('bytes', { description: 'Device memory that tensors may take', exclusiveMin: 0 }),
  order: v.optional(
    v.pipe(
      v.picklist(['union-find', 'exact', 'local', 'lru']),
      v.description(
        'What is evicted first: least cost / (bytes x staleness) with the cost of evicted neighbours by `union-find` sets, exactly, or not at all (`local`); or `lru`.',
      ),
    ),
    'union-find',
  ),
});
export type DtrFields = v.InferOutput<typeof schema>;

/** Online eviction and recomputation (Kirisame et al., ICLR 2021). It needs a recorded step: a workload of kind `trace`. */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'dtr',
  description: 'Tensors of a recorded step are evicted when memory runs short and made again when needed',
  schema,
  create: () => {
    throw new InputError({
      code: 'bad_value',
      problem: 'activations of kind "dtr" work on a recorded step',
      expected: 'a workload of kind trace',
    });
  },
};

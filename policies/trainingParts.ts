import * as v from 'valibot';
import { ACTIVATIONS } from './activations/registry.ts';
import { optimizerSchema } from './optimizer/schema.ts';

const [first, ...others] = ACTIVATIONS.map((definition) => definition.schema);

/** The parts that only a training step can use. */
export const trainingParts = {
  activations: v.optional(v.variant('kind', [first!, ...others])),
  optimizer: v.optional(optimizerSchema),
};

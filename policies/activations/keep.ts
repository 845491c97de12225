import * as v from 'valibot';
import { type ActivationDefinition, planOf } from './part.ts';

const schema = v.strictObject({ kind: v.literal('keep') });

export const activations: ActivationDefinition<typeof schema> = {
  kind: 'keep',
  description: 'Everything backward needs stays in device memory',
  schema,
  create: () => planOf('keep'),
};

import * as v from 'valibot';
import { type ActivationDefinition, DROPPED, planOf } from './part.ts';

const schema = v.strictObject({ kind: v.literal('selective') });

/** What inner attention takes in stays; what it makes is dropped and made again. */
const INPUTS: readonly string[] = ['query', 'key', 'value'];

/** Korthikanti et al. (arXiv:2205.05198, section 5): scores, softmax, its dropout and the values run again. */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'selective',
  description: 'Inner attention runs again; everything else is kept',
  schema,
  create: (_fields, { training }) => {
    const core = training.layer.ops.filter((op) => op.core === true);
    const dropped = core.flatMap(({ saves }) => saves).filter(({ name }) => !INPUTS.includes(name));
    return planOf('selective', {
      saved: Object.fromEntries(dropped.map(({ name }) => [name, DROPPED])),
      again: Object.fromEntries(core.map(({ name }) => [name, 1])),
    });
  },
};

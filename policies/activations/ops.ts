import * as v from 'valibot';
import { unknownName } from '../../input/index.ts';
import { type ActivationDefinition, DROPPED, planOf, savedOf } from './part.ts';

const names = (description: string) => v.pipe(v.array(v.string()), v.minLength(1), v.description(description));

const schema = v.strictObject({
  kind: v.literal('ops'),
  recompute: names('Ops of a layer whose forward runs again.'),
  drop: names('Saved tensors that are not kept.'),
});

/** A list of ops to run again and of tensors to drop, as selective checkpointing by operator does. */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'ops',
  description: 'Named ops run again and named tensors are dropped',
  schema,
  create: ({ recompute, drop }, { training }) => {
    const ops = training.layer.ops.map(({ name }) => name);
    const tensors = savedOf(training).map(({ name }) => name);
    for (const name of recompute) if (!ops.includes(name)) throw unknownName('op', name, ops);
    for (const name of drop) if (!tensors.includes(name)) throw unknownName('saved tensor', name, tensors);
    return planOf('ops', {
      saved: Object.fromEntries(drop.map((name) => [name, DROPPED])),
      again: Object.fromEntries(recompute.map((name) => [name, 1])),
    });
  },
};

import * as v from 'valibot';
import { unknownName } from '../../input/index.ts';
import { type ActivationDefinition, DROPPED, planOf, savedOf } from './part.ts';

const share = v.pipe(v.number(), v.gtValue(0), v.maxValue(1));

const schema = v.strictObject({
  kind: v.literal('ops'),
  recompute: v.pipe(
    v.record(v.string(), share),
    v.description('Ops of a layer that run again, each with the share of its forward that does (`up: 0.5`).'),
  ),
  drop: v.pipe(v.array(v.string()), v.description('Saved tensors that are not kept.')),
  keep_outputs: v.optional(
    v.pipe(
      v.array(v.string()),
      v.description('Ops whose output is kept although backward does not need it, as lists by operator name do.'),
    ),
    [],
  ),
});

/** Selective checkpointing by operator: named ops run again and named tensors are dropped (torchtitan, `parallelize_llama.py`). */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'ops',
  description: 'Named ops run again and named tensors are dropped',
  schema,
  create: ({ recompute, drop, keep_outputs }, { training }) => {
    const { ops } = training.layer;
    const names = ops.map(({ name }) => name);
    const tensors = savedOf(training).map(({ name }) => name);
    for (const name of [...Object.keys(recompute), ...keep_outputs]) {
      if (!names.includes(name)) throw unknownName('op', name, names);
    }
    for (const name of drop) if (!tensors.includes(name)) throw unknownName('saved tensor', name, tensors);
    const extra_bytes = ops
      .filter(({ name }) => keep_outputs.includes(name))
      .flatMap(({ forward }) => forward)
      .reduce((sum, { gemm }) => sum + (gemm ? 2 * gemm.m * gemm.n * gemm.count : 0), 0);
    return planOf('ops', {
      saved: Object.fromEntries(drop.map((name) => [name, DROPPED])),
      again: recompute,
      extra_bytes,
    });
  },
};

import * as v from 'valibot';
import { MissingFactError } from '../../sim/errors.ts';
import { measure } from '../../sim/executor/index.ts';
import { type Kernel, type Machine, NONE, type RunResult } from '../../sim/types/index.ts';
import {
  hyperKernels,
  linearKernel,
  linearStateElements,
  type MixingShape,
  softmaxKernel,
  taylorFeatures,
} from './kernels.ts';

const count = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31), v.description(description));

const flag = (description: string, unset: boolean) =>
  v.optional(v.pipe(v.boolean(), v.description(description)), unset);

const softmaxSchema = v.strictObject({ kind: v.literal('softmax'), causal: flag('Keys up to the query alone.', true) });
const linearSchema = v.strictObject({
  kind: v.literal('linear'),
  feature_width: count('Width of projected queries and keys; the map has 1 + d + d² features.'),
  reads: v.optional(count('Times the prompt is read.'), 1),
});
const hyperSchema = v.strictObject({
  kind: v.literal('hyper'),
  causal: flag('Keys up to the query alone.', true),
  block: v.optional(count('Keys of a block in hash order.'), 256),
  sample: v.optional(count('Sampled columns.'), 256),
  min_tokens: v.optional(count('Shorter squares are computed exactly.'), 4096),
});

/** One layer's mixing of tokens by itself, forward, as kernels are benchmarked. */
export const mixerSchema = v.strictObject({
  kind: v.literal('mixer'),
  mixer: v.pipe(
    v.variant('kind', [softmaxSchema, linearSchema, hyperSchema]),
    v.description('`softmax`: fused attention; `linear`: fused linear attention; `hyper`: HyperAttention.'),
  ),
  batch: count('Sequences.'),
  heads: count('Heads of the layer.'),
  head_width: count('Width of a value of one head, and of a query and key where the mixer has no features.'),
  tokens: count('Tokens of a sequence.'),
});
export type MixerFields = v.InferOutput<typeof mixerSchema>;

/**
 * Runs the kernels on the unit of the fast memory.
 * @throws MissingFactError when the machine has no such unit.
 */
export function runMixer(fields: MixerFields, machine: Machine): RunResult {
  const unit = machine.compute.find(({ memory }) => memory === machine.roles.fast);
  if (unit === undefined) throw new MissingFactError(`machine "${machine.id}" has no compute unit on its fast memory`);
  const { metrics, warnings } = measure(machine, (actions) => {
    actions.run(unit.id, kernelsOf(fields), 'compute', NONE);
  });
  const state = stateBytes(fields);
  return { metrics: state === 0 ? metrics : { ...metrics, [`memory.${unit.memory}.kv.end_bytes`]: state }, warnings };
}

const ELEMENT_BYTES = 2;

function shapeOf({ batch, heads, head_width, mixer }: MixerFields): MixingShape {
  const key_width = mixer.kind === 'linear' ? mixer.feature_width : head_width;
  return { dtype: 'bf16', batch, heads, key_width, value_width: head_width, element_bytes: ELEMENT_BYTES };
}

function kernelsOf(fields: MixerFields): readonly Kernel[] {
  const { mixer, tokens } = fields;
  const shape = shapeOf(fields);
  switch (mixer.kind) {
    case 'softmax':
      return [softmaxKernel(shape, tokens, tokens, mixer.causal)];
    case 'linear':
      return [linearKernel(shape, mixer.reads * tokens, taylorFeatures(mixer.feature_width), false)];
    case 'hyper':
      return hyperKernels(shape, tokens, mixer.causal, mixer);
  }
}

/** What stays when the tokens have been read: keys and values of all, or a state of fixed size. */
function stateBytes(fields: MixerFields): number {
  const { mixer, batch, heads, head_width, tokens } = fields;
  const elements =
    mixer.kind === 'linear'
      ? linearStateElements(taylorFeatures(mixer.feature_width), head_width)
      : 2 * tokens * head_width;
  return batch * heads * elements * ELEMENT_BYTES;
}

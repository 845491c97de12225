import * as v from 'valibot';
import { processSchema } from '../attention/schema.ts';

/** Beyond any model's context and any batch that runs; what is larger is a slip of the keyboard. */
const LARGEST = 10_000_000;

/** Kernels of attention: un-fused ones, and fused ones by how they serve grouped heads. */
export const ATTENTION_KERNELS = ['eager', 'fused_softmax', 'flash', 'paged', 'flash_expanded'] as const;

/** Kernels of norms and rotary positions. */
export const POINTWISE_KERNELS = ['fused', 'unfused'] as const;

const count = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LARGEST), v.description(description));

/** One offline generation: `batches` batches of `batch` sequences through the whole model, token by token. */
export const generateSchema = v.strictObject({
  kind: v.literal('generate'),
  model: v.pipe(
    v.string(),
    v.minLength(1),
    v.description('Id of a model in the catalogue, or the path of a model file.'),
  ),
  prompt: count('Prompt tokens of each sequence.'),
  output: count('Output tokens of each sequence; the first comes from the prefill.'),
  batch: count('Sequences computed together.'),
  batches: v.optional(count('Batches that take turns in one block, sharing each load of weights.'), 1),
  tensor_parallel: v.optional(count('Devices that share each layer.'), 1),
  pipeline_parallel: v.optional(count('Devices that share the layers.'), 1),
  attention_kernel: v.optional(
    v.pipe(
      v.picklist(ATTENTION_KERNELS),
      v.description(
        '`eager`: un-fused, score matrices go through device memory; `fused_softmax`: so too, scale, mask and softmax in one kernel; `flash`: fused, they never exist; `paged`: so too, and in decode keys and values of grouped heads are read once a query head; `flash_expanded`: they are copied out to one a query head before the fused kernel.',
      ),
    ),
    'eager',
  ),
  pointwise_kernels: v.optional(
    v.pipe(
      v.picklist(POINTWISE_KERNELS),
      v.description(
        '`fused`: one kernel for a norm and one for the rotary positions of a tensor; `unfused`: one an operation, as Hugging Face runs them beside a fused attention kernel. Default: as attention.',
      ),
    ),
  ),
  softmax_bits: v.optional(
    v.pipe(
      v.picklist([8, 16, 32]),
      v.description('Bits of one element of the score matrices (eager only). Default: those of the model.'),
    ),
  ),
  activation_sparsity: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.ltValue(1),
      v.description('Share of MLP neurons that are zero for a token and skipped (0 = dense).'),
    ),
    0,
  ),
  measured_as: v.optional(
    v.pipe(
      v.picklist(['full', 'projected']),
      v.description(
        '`projected`: the prefill and a few sub-layers of decode, extrapolated, as some figures were taken.',
      ),
    ),
    'full',
  ),
  measured_tokens: v.exactOptional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(4),
      v.description(
        'Output tokens that are run, where a figure was taken from the first ones: the mean of the steps after the third token stands for the rest (FlexGen, `--cut-gen-len`). Absent: all.',
      ),
    ),
  ),
  attention: v.optional(
    v.pipe(
      processSchema,
      v.description('A seeded process of attention, from which the mass that a KV policy retains follows.'),
    ),
  ),
  checkpoint: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.description('Trained weights by the name papers use, for scores they measured; it changes no time or memory.'),
    ),
  ),
  logits: v.optional(
    v.pipe(
      v.picklist(['all', 'last']),
      v.description('Prompt positions whose logits are computed. Default: `all` un-fused, `last` with a fused kernel.'),
    ),
  ),
});

export type GenerateFields = v.InferOutput<typeof generateSchema>;

/** A generation with every field that is not given at its default. @throws ValiError for fields that contradict themselves. */
export function generateFields(fields: Omit<v.InferInput<typeof generateSchema>, 'kind'>): GenerateFields {
  return v.parse(generateSchema, { kind: 'generate', ...fields });
}

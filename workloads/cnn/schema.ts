import * as v from 'valibot';

const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8192));

/** A fixed memory for what class-incremental learning keeps: models in fp32 and images in bytes. */
const exemplarSchema = v.strictObject({
  budget_bytes: v.pipe(v.number(), v.minValue(0), v.description('Bytes of models and images together.')),
  copies: v.optional(
    v.pipe(
      v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0))),
      v.description('Copies of a block of the network, by its name; 1 otherwise.'),
    ),
    {},
  ),
});

/** One pass or step of a convolutional network. */
export const cnnSchema = v.strictObject({
  kind: v.literal('cnn'),
  model: v.pipe(
    v.string(),
    v.minLength(1),
    v.description('Id of a network in the catalogue, or the path of a layer table, a .tflite or an .onnx file.'),
  ),
  resolution: v.optional(
    v.pipe(
      v.union([side, v.tuple([side, side])]),
      v.description("Side of the image, or its height and width. Default: the network's own."),
    ),
  ),
  batch: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000), v.description('Images computed together.')),
    1,
  ),
  width: v.optional(
    v.pipe(
      v.number(),
      v.gtValue(0),
      v.maxValue(16),
      v.description("Factor of every channel count, rounded to eights. Default: the table's own channels."),
    ),
  ),
  kernels: v.optional(
    v.pipe(
      v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(31))),
      v.description(
        'Other kernel sizes by layer or block, such as `{b1: 1, b16: 7}`: receptive fields moved out of a patch stage.',
      ),
    ),
  ),
  dtype: v.optional(
    v.pipe(
      v.picklist(['int4', 'int8', 'fp16', 'fp32']),
      v.description(
        'What feature maps and weights are stored in. `int4` takes as many instructions as `int8`, which it is unpacked to.',
      ),
    ),
    'int8',
  ),
  runtime: v.optional(
    v.pipe(
      v.picklist(['fused', 'eager']),
      v.description(
        '`fused`: biases, activations and the steps of attention run within the kernels before them; `eager`: as kernels of their own, as PyTorch runs them.',
      ),
    ),
    'fused',
  ),
  layout: v.optional(
    v.pipe(
      v.picklist(['channels-first', 'channels-last']),
      v.description(
        'Order of feature maps under `eager`: convolutions in 16 bits on tensor cores want channels last, and copy maps that have them first. Default: channels-first.',
      ),
    ),
  ),
  dims: v.optional(
    v.pipe(
      v.record(v.string(), side),
      v.description('Values of the named dimensions that a model file leaves open, such as `{height: 224}`.'),
    ),
  ),
  mode: v.optional(
    v.pipe(v.picklist(['infer', 'train']), v.description('`infer`: one forward pass; `train`: one step of training.')),
    'infer',
  ),
  exemplars: v.optional(
    v.pipe(exemplarSchema, v.description('A byte budget that stored images share with copies of blocks.')),
  ),
});
export type CnnWorkload = v.InferOutput<typeof cnnSchema>;

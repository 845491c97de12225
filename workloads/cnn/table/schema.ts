import * as v from 'valibot';

const text = (description: string) => v.pipe(v.string(), v.minLength(1), v.description(description));
const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_536));

const published = v.strictObject({
  macs: v.optional(v.pipe(v.number(), v.minValue(1), v.description('Multiply-adds of one image.'))),
  parameters: v.optional(v.pipe(v.number(), v.minValue(1), v.description('Parameters as trained.'))),
  source: text('Where the count is published.'),
});

/** A count as other layer tables write it. */
const publishedElsewhere = v.strictObject({ what: v.string(), value: v.number(), source: v.string() });

/** A row as a map, as layer tables of other tools write it; shapes, multiply-adds and weights are checked where given. */
export const rowSchema = v.strictObject({
  id: v.optional(v.number()),
  name: v.optional(v.string()),
  op: text('Operator.'),
  block: v.optional(v.union([v.number(), v.string()])),
  inputs: v.optional(v.array(v.union([v.number(), v.string()]))),
  in: v.optional(v.array(side)),
  out: v.optional(v.union([side, v.array(side)])),
  k: v.optional(v.union([side, v.tuple([side, side])])),
  s: v.optional(side),
  p: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  pad: v.optional(v.picklist(['same', 'valid', 'explicit'])),
  g: v.optional(side),
  act: v.optional(v.string()),
  macs: v.optional(v.number()),
  w: v.optional(v.number()),
  b: v.optional(v.number()),
  bn: v.optional(v.number()),
  extra_params: v.optional(v.number()),
  tokens: v.optional(side),
  windows: v.optional(side),
});
export type TableRow = v.InferOutput<typeof rowSchema>;

/** The YAML form of a convolutional network: its layers in the order in which they run. */
export const networkSchema = v.strictObject({
  id: v.optional(text('The file name without its ending.')),
  name: v.optional(text('The same, as other layer tables call it.')),
  title: v.optional(text('The name as its authors write it.')),
  source: text('The configuration, file or paper the layers come from.'),
  notes: v.optional(text('What a reader should know.')),
  input: v.pipe(v.tuple([side, side, side]), v.description('Channels, height and width of one image.')),
  norm: v.optional(
    v.pipe(
      v.picklist(['batch', 'none']),
      v.description('Whether convolutions are followed by a batch normalisation that folds into them. Default: batch.'),
    ),
    'batch',
  ),
  padding: v.optional(
    v.pipe(
      v.picklist(['half', 'same', 'valid']),
      v.description(
        "Padding of convolutions that say nothing: half the kernel on each side (default), or TensorFlow's.",
      ),
    ),
    'half',
  ),
  published: v.optional(v.array(v.union([published, publishedElsewhere]))),
  layers: v.pipe(
    v.array(v.union([v.string(), rowSchema])),
    v.minLength(1),
    v.maxLength(20_000),
    v.description(
      'Layers, one a line: "name operator words… < inputs"; a map in the form of other tables is read too.',
    ),
  ),
  totals: v.optional(v.record(v.string(), v.number())),
  file_bytes: v.optional(v.number()),
  input_type: v.optional(v.string()),
});

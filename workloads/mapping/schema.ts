import * as v from 'valibot';

/** Names of the programs made by rule (generators.ts). */
export const GENERATOR_IDS = ['transformer', 'decoder', 'residual-cnn', 'strassen', 'random', 'planted'] as const;

/** Whether a program is a file of its own, or a network of the catalogue or a model file. */
export const namesFile = (program: string): boolean => /\.json$/.test(program) || program === '-';
export const namesNetwork = (program: string): boolean =>
  !namesFile(program) && !(GENERATOR_IDS as readonly string[]).includes(program);

const whole = v.pipe(v.number(), v.integer(), v.minValue(1));

/** A program to place in two memories: made by rule, read from a file, or a network. */
export const mappingSchema = v.strictObject({
  kind: v.literal('mapping'),
  program: v.pipe(
    v.string(),
    v.minLength(1),
    v.description(
      `${GENERATOR_IDS.map((id) => `\`${id}\``).join(', ')}, a network of the catalogue, a \`.tflite\` or \`.onnx\` file, or a program as JSON beside the study (\`.json\`).`,
    ),
  ),
  size: v.optional(
    v.pipe(whole, v.description('What repeats in a program made by rule: blocks, levels, ops, buffers.')),
  ),
  width: v.optional(v.pipe(whole, v.description('Size of one: channels, side of a block, bytes.'))),
  dims: v.optional(
    v.pipe(
      v.record(v.string(), whole),
      v.description('Values of the named dimensions that a model file leaves open, such as `{height: 224}`.'),
    ),
  ),
  fast_bytes: v.optional(
    v.pipe(whole, v.description('Bytes of the fast memory that the program may use. Default: all of it.')),
  ),
});
export type MappingFields = v.InferOutput<typeof mappingSchema>;

import { InputError, validate, type YamlSource } from '../../input/index.ts';
import { type ModelFile, modelSchema } from './schema.ts';
import { elementsOf, mixingWeights, type WeightShape, weightShapes } from './weights.ts';

type Defaulted = 'kv_heads' | 'head_dim' | 'bias';

/** Where a projection has a bias. */
export interface Bias {
  readonly qkv: boolean;
  readonly out: boolean;
  readonly mlp: boolean;
  readonly head: boolean;
}

/** The shape of a transformer, every default filled in. */
export interface Model extends Readonly<Omit<ModelFile, Defaulted>> {
  readonly kv_heads: number;
  readonly head_dim: number;
  readonly bias: Bias;
}

/**
 * The model of a YAML source.
 * @throws InputError on an invalid file and on shapes that contradict themselves (heads that do not divide the width,
 * more active experts than experts, a learned position embedding without rows).
 */
export function parseModel(source: YamlSource): Model {
  const file = validate(modelSchema, source);
  const head_dim = file.head_dim ?? file.hidden / file.heads;
  const kv_heads = file.kv_heads ?? file.heads;
  const refuse = (key: string, problem: string, expected: string): never => {
    throw new InputError({ code: 'bad_value', problem, expected, place: source.place([key]) });
  };
  if (!Number.isInteger(head_dim)) {
    refuse('heads', `${file.heads} heads do not divide a width of ${file.hidden}`, 'a divisor, or a `head_dim`');
  }
  if (file.heads % kv_heads !== 0) {
    refuse('kv_heads', `${kv_heads} key heads do not divide ${file.heads} query heads`, 'a divisor of `heads`');
  }
  if ((file.position === 'learned') !== file.positions > 0) {
    refuse('positions', `${file.positions} rows of ${file.position} positions`, 'rows above 0 only with `learned`');
  }
  if ((file.position === 'relative') !== file.position_buckets > 0) {
    refuse(
      'position_buckets',
      `${file.position_buckets} buckets of ${file.position} positions`,
      'buckets above 0 only with `relative`',
    );
  }
  if (file.encoder && (file.mixers.length > 0 || file.tables || file.norms === 1)) {
    refuse(
      'encoder',
      'an encoder beside mixers, tables or a shared norm',
      'attention, an MLP and their norms in each layer',
    );
  }
  if (file.norms === 1 && !file.parallel) {
    refuse('norms', 'one norm in a sequential block', '2, or `parallel: true`');
  }
  if (file.moe && file.moe.active > file.moe.experts) {
    refuse('moe', `${file.moe.active} active experts of ${file.moe.experts}`, 'at most `experts`');
  }
  const placed = file.mixers.flatMap(({ layers }) => layers);
  const wrong = placed.find((layer, i) => layer >= file.layers || placed.indexOf(layer) !== i);
  if (wrong !== undefined) {
    refuse('mixers', `layer ${wrong} has two mixers or is none of ${file.layers}`, 'each layer once, counted from 0');
  }
  if (file.tables && file.tables.count * file.tables.bits !== file.hidden) {
    const { count, bits } = file.tables;
    refuse('tables', `${count} pieces of ${bits} bits are no width of ${file.hidden}`, 'count x bits = hidden');
  }
  const bias =
    typeof file.bias === 'boolean' ? { qkv: file.bias, out: file.bias, mlp: file.bias, head: false } : file.bias;
  return { ...file, kv_heads, head_dim, bias };
}

const total = (shapes: readonly WeightShape[]): number =>
  shapes.reduce((sum, { shape, tied }) => sum + (tied ? 0 : elementsOf(shape)), 0);

/** Parameters of the whole model, encoder included; a tied vocabulary projection counts once. */
export function parameterCount(model: Model): number {
  const shapes = weightShapes(model);
  let mixing = 0;
  for (let layer = 0; layer < model.layers; layer++) mixing += total(mixingWeights(shapes, model, layer));
  const encoder = model.encoder ? model.encoder.layers * (total(shapes.attention) + total(shapes.mlp)) : 0;
  const cross = model.layers * total(shapes.cross) + encoder + total(shapes.encoder_end);
  return total(shapes.embed) + mixing + model.layers * total(shapes.mlp) + cross + total(shapes.head);
}

/** Bytes of one element as computed: both formats of a model file have 16 bits. */
export const COMPUTE_BYTES = 2;

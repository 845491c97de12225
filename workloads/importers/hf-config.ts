import { stringify } from 'yaml';
import { parseYaml } from '../../input/index.ts';
import type { Imported, ImportOptions, TextImporter } from '../importer.ts';
import { type Model, parseModel } from '../models/model.ts';
import type { ModelFile } from '../models/schema.ts';
import { ARCHITECTURES } from './hf/architectures.ts';
import { Config } from './hf/config.ts';

export interface ImportedModel extends Imported {
  readonly kind: 'model';
  readonly model: Model;
}

const DTYPES = { float16: 'fp16', bfloat16: 'bf16', float32: 'fp16' } as const;

/**
 * The model file of a Hugging Face `config.json`. Weights stored in 32 bits, or in a precision the configuration does
 * not name, are taken to be run in fp16, and the text says so.
 * @throws InputError at the place of an unknown architecture, a missing or unusable field.
 */
export function convertHfConfig(text: string, options: ImportOptions): ImportedModel {
  const config = new Config(parseYaml(text, options.file));
  const read = config.choice(ARCHITECTURES, 'architecture', null, 'model_type');
  const shape = read(config);
  const named = config.textOr('', 'torch_dtype', 'dtype').replace(/^torch\./, '');
  const dtype = named === '' ? 'fp16' : config.choice(prefixed(DTYPES), 'precision', null, 'torch_dtype', 'dtype');
  const origin = config.textOr('', '_name_or_path');
  const title = options.id ?? (lastPart(origin) || withoutEnding(lastPart(options.file)));
  const file = {
    id: (options.id ?? title).toLowerCase(),
    title,
    source: origin ? `Hugging Face, ${origin}, config.json` : `Hugging Face configuration ${lastPart(options.file)}`,
    ...shape,
    dtype,
  } satisfies Partial<ModelFile>;
  const notes = [
    ...(named === '' || named === 'float32'
      ? [`# The configuration names ${named || 'no precision'}; fp16 is taken.`]
      : []),
    ...(config.has('sliding_window') && config.flagOr(true, 'use_sliding_window')
      ? ['# The sliding window is not part of the shape; attention sees all tokens.']
      : []),
  ];
  const yaml = [...notes, stringify(file)].join('\n');
  return { kind: 'model', text: yaml, model: parseModel(parseYaml(yaml, options.file)) };
}

/** Older configurations write `torch.float16`. */
const prefixed = <T>(names: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(
    Object.entries(names).flatMap(([name, value]) => [
      [name, value],
      [`torch.${name}`, value],
    ]),
  );

const lastPart = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? '';
const withoutEnding = (name: string): string => name.replace(/\.[^.]*$/, '');

export const importer: TextImporter = {
  format: 'hf-config',
  description: 'config.json of a Hugging Face model: its shape as a model file',
  convert: convertHfConfig,
};

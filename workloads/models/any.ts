import { InputError } from '../../input/errors.ts';
import type { Network } from '../../sim/types/index.ts';
import type { NetworkTable } from '../cnn/table/read.ts';
import type { Model } from './model.ts';

/** A network read from a model file of another framework: its shapes are the file's own. */
export interface ModelFile {
  readonly kind: 'file';
  readonly id: string;
  readonly title: string;
  /** What the file holds, in a few words. */
  readonly source: string;
  /** SHA-256 or other digest of the file's bytes, so that results name what they were made from. */
  readonly digest: string;
  /** The network at a batch and at values of the dimensions that the file leaves open. */
  network(options: { readonly batch: number; readonly dims: Readonly<Record<string, number>> }): Network;
}

/** What a model's id or path may name. */
export type AnyModel = Model | NetworkTable | ModelFile;

/** The model as one of language. @throws InputError for a network, which has no tokens. */
export function languageModel(model: AnyModel): Model {
  if (!('kind' in model)) return model;
  throw new InputError({
    code: 'bad_value',
    problem: `the model ${JSON.stringify(model.id)} is a network without tokens`,
    found: model.id,
    expected: 'a language model, or the workload kind `cnn`',
  });
}

/** The refusal of a value for a dimension of a network whose dimensions are all fixed. */
export function noDims(name: string, file: string): InputError {
  return new InputError({
    code: 'bad_value',
    problem: `it leaves no dimension open, and ${JSON.stringify(name)} is given a value`,
    expected: 'dims with an .onnx file that leaves some open',
    place: { file },
  });
}

import * as v from 'valibot';
import { InputError } from '../input/index.ts';
import type { KvPolicyMaker, Precision, Program } from '../sim/types/index.ts';
import { cnnProgram } from './cnn/build.ts';
import { cnnSchema } from './cnn/schema.ts';
import { generateProgram, generateSchema } from './generate/index.ts';
import type { AnyModel } from './models/any.ts';
import type { Model } from './models/model.ts';
import { traceSchema } from './trace/schema.ts';
import { trainProgram, trainSchema } from './train/index.ts';

/** Any workload; `kind` says which. A new kind is a folder, its schema here and its line in `buildProgram`. */
export const workloadSchema = v.variant('kind', [generateSchema, trainSchema, cnnSchema, traceSchema]);
export type Workload = v.InferOutput<typeof workloadSchema>;

/**
 * The program of a workload at a precision and under a KV policy (`null` keeps everything). `readModel` gives the model
 * for an id or path.
 * @throws InputError for an unknown model and for fields that contradict each other.
 */
export function buildProgram(
  workload: Workload,
  precision: Precision,
  readModel: (idOrPath: string) => AnyModel,
  kv: KvPolicyMaker | null = null,
): Program {
  switch (workload.kind) {
    case 'trace':
      throw new InputError({
        code: 'bad_value',
        problem: 'a trace has no program; it is replayed',
        expected: 'a policy that replays it',
      });
    case 'train':
      return trainProgram(workload, languageModel(readModel(workload.model)));
    case 'generate':
      return generateProgram(workload, languageModel(readModel(workload.model)), precision, kv);
    case 'cnn':
      return cnnProgram(workload, readModel(workload.model));
  }
}

/** @throws InputError for a network, which generates nothing. */
function languageModel(model: AnyModel): Model {
  if (!('kind' in model)) return model;
  throw new InputError({
    code: 'bad_value',
    problem: `the model ${JSON.stringify(model.id)} is a network without tokens`,
    found: model.id,
    expected: 'a language model, or the workload kind `cnn`',
  });
}

export type { AnyModel } from './models/any.ts';
export { type Model, parameterCount, parseModel } from './models/model.ts';
export { readTrace } from './trace/read.ts';

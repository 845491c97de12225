import * as v from 'valibot';
import { InputError } from '../input/index.ts';
import type { Precision, Program } from '../sim/types/index.ts';
import { generateProgram, generateSchema } from './generate/index.ts';
import type { Model } from './models/model.ts';
import { traceSchema } from './trace/schema.ts';
import { trainProgram, trainSchema } from './train/index.ts';

/** Any workload; `kind` says which. A new kind is a folder, its schema here and its line in `buildProgram`. */
export const workloadSchema = v.variant('kind', [generateSchema, trainSchema, traceSchema]);
export type Workload = v.InferOutput<typeof workloadSchema>;

/**
 * The program of a workload at a precision. `readModel` gives the model for an id or path.
 * @throws InputError for an unknown model and for fields that contradict each other.
 */
export function buildProgram(
  workload: Workload,
  precision: Precision,
  readModel: (idOrPath: string) => Model,
): Program {
  switch (workload.kind) {
    case 'trace':
      throw new InputError({
        code: 'bad_value',
        problem: 'a trace has no program; it is replayed',
        expected: 'a policy that replays it',
      });
    case 'train':
      return trainProgram(workload, readModel(workload.model));
    case 'generate':
      return generateProgram(workload, readModel(workload.model), precision);
  }
}

export { type Model, parameterCount, parseModel } from './models/model.ts';
export { readTrace } from './trace/read.ts';

import { InputError } from '../input/index.ts';
import type { KvPolicyMaker, Precision, Program } from '../sim/types/index.ts';
import { cnnProgram } from './cnn/build.ts';
import { trainedNetwork } from './cnn/train.ts';
import { generateProgram } from './generate/index.ts';
import { type AnyModel, languageModel } from './models/any.ts';
import type { Workload } from './schema.ts';
import { trainProgram } from './train/index.ts';

/**
 * The program of a workload at a precision and under a KV policy (`null` keeps everything). `readModel` gives the model
 * for an id or path.
 * @throws InputError for an unknown model, for fields that contradict each other and for a device workload.
 */
export function buildProgram(
  workload: Workload,
  precision: Precision,
  readModel: (idOrPath: string) => AnyModel,
  kv: KvPolicyMaker | null = null,
): Program {
  switch (workload.kind) {
    case 'mapping':
      throw new InputError({
        code: 'bad_value',
        problem: 'a mapping workload has buffers in place of tensors',
        expected: 'the planner two-tier',
      });
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
      return trainedNetwork(workload, cnnProgram(workload, readModel(workload.model)));
    default:
      throw new InputError({ code: 'bad_value', problem: `the workload kind ${workload.kind} has no program` });
  }
}

export type { AnyModel } from './models/any.ts';
export { type Model, parameterCount, parseModel } from './models/model.ts';
export { type DeviceWorkload, isDeviceWorkload, type Workload, workloadSchema } from './schema.ts';

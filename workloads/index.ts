import { InputError } from '../input/index.ts';
import type { KvPolicyMaker, Machine, Precision, Program, RunResult } from '../sim/types/index.ts';
import { runAttention } from './attention/index.ts';
import { cnnProgram } from './cnn/build.ts';
import { trainedNetwork } from './cnn/train.ts';
import { runCopy } from './copy/index.ts';
import { generateProgram } from './generate/index.ts';
import { runIo } from './io/index.ts';
import { runMixer } from './mixers/index.ts';
import type { AnyModel } from './models/any.ts';
import type { Model } from './models/model.ts';
import type { DeviceWorkload, Workload } from './schema.ts';
import { runSearch } from './search/index.ts';
import { runStream } from './stream/index.ts';
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

/**
 * Runs a device workload on a machine.
 * @throws MissingFactError when the machine lacks the device or what the workload needs of it.
 */
export function runDevice(workload: DeviceWorkload, machine: Machine, seed: number): RunResult {
  switch (workload.kind) {
    case 'io':
      return runIo(workload, machine, seed);
    case 'copy':
      return runCopy(workload, machine);
    case 'stream':
      return runStream(workload, machine);
    case 'attention':
      return runAttention(workload, machine);
    case 'mixer':
      return runMixer(workload, machine);
    case 'search':
      return runSearch(workload, machine, seed);
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

export { mappingProgram } from './mapping/index.ts';
export type { AnyModel } from './models/any.ts';
export { type Model, parameterCount, parseModel } from './models/model.ts';
export { type DeviceWorkload, isDeviceWorkload, type Workload, workloadSchema } from './schema.ts';
export { readTrace } from './trace/read.ts';

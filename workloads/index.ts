import * as v from 'valibot';
import { InputError } from '../input/index.ts';
import type { KvPolicyMaker, Machine, Precision, Program, RunResult } from '../sim/types/index.ts';
import { type AgentFields, agentSchema } from './agent/schema.ts';
import { attentionSchema, runAttention } from './attention/index.ts';
import { cnnProgram } from './cnn/build.ts';
import { cnnSchema } from './cnn/schema.ts';
import { trainedNetwork } from './cnn/train.ts';
import { copySchema, runCopy } from './copy/index.ts';
import { type GenerateFields, generateProgram, generateSchema } from './generate/index.ts';
import { ioSchema, runIo } from './io/index.ts';
import { mappingSchema } from './mapping/index.ts';
import { mixerSchema, runMixer } from './mixers/index.ts';
import type { AnyModel } from './models/any.ts';
import type { Model } from './models/model.ts';
import { runSearch, searchSchema } from './search/index.ts';
import { runStream, streamSchema } from './stream/index.ts';
import { traceSchema } from './trace/schema.ts';
import { trainProgram, trainSchema } from './train/index.ts';

/** Any workload; `kind` says which. A new kind is a folder, its schema here and its line in `buildProgram` or `runDevice`. */
export const workloadSchema = v.variant('kind', [
  generateSchema,
  agentSchema,
  trainSchema,
  cnnSchema,
  traceSchema,
  ioSchema,
  copySchema,
  streamSchema,
  attentionSchema,
  mixerSchema,
  searchSchema,
  mappingSchema,
]);
export type Workload = v.InferOutput<typeof workloadSchema>;

/** Workloads that exercise one device by itself: they have no program, and no policy has a part in them. */
export type DeviceWorkload = Extract<Workload, { kind: 'io' | 'copy' | 'stream' | 'attention' | 'mixer' | 'search' }>;

const DEVICE_KINDS: readonly string[] = [
  'io',
  'copy',
  'stream',
  'attention',
  'mixer',
  'search',
] satisfies DeviceWorkload['kind'][];

export function isDeviceWorkload(workload: Workload): workload is DeviceWorkload {
  return DEVICE_KINDS.includes(workload.kind);
}

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
/** A generation with every field that is not given at its default. @throws ValiError for fields that contradict themselves. */
export function generateFields(fields: Omit<v.InferInput<typeof generateSchema>, 'kind'>): GenerateFields {
  return v.parse(generateSchema, { kind: 'generate', ...fields });
}

/** Ids and paths of the models that an agent's calls use, each once. */
export function agentModels({ model, calls }: AgentFields): string[] {
  return [...new Set(calls.map((call) => call.model ?? model ?? ''))].filter((ref) => ref !== '');
}

export type { AgentFields } from './agent/schema.ts';
export { type Call, type StoreTraffic, turnsOf } from './agent/turns.ts';
export type { AnyModel } from './models/any.ts';
export { type Model, parameterCount, parseModel } from './models/model.ts';
export { readTrace } from './trace/read.ts';

import type { KvPolicyMaker, Precision, Program } from '../sim/types/index.ts';
import { type AnyModel, languageModel } from './models/any.ts';
import type { Workload } from './schema.ts';

/** Builds the program of a workload, as `buildProgram` does. */
export type ProgramBuilder = (
  workload: Workload,
  precision: Precision,
  readModel: (idOrPath: string) => AnyModel,
  kv?: KvPolicyMaker | null,
) => Program;

/**
 * What builds programs of this workload's kind. Reading the modules of all kinds takes longer than most runs, so the common
 * ones load their own alone.
 */
export async function loadBuilder(workload: Workload): Promise<ProgramBuilder> {
  if (workload.kind === 'cnn' && workload.mode === 'infer') {
    const { cnnProgram } = await import('./cnn/build.ts');
    return (asked, _precision, readModel) => cnnProgram(as(asked, 'cnn'), readModel(as(asked, 'cnn').model));
  }
  if (workload.kind === 'generate') {
    const { generateProgram } = await import('./generate/index.ts');
    return (asked, precision, readModel, kv = null) => {
      const fields = as(asked, 'generate');
      return generateProgram(fields, languageModel(readModel(fields.model)), precision, kv);
    };
  }
  return (await import('./index.ts')).buildProgram;
}

function as<K extends Workload['kind']>(workload: Workload, kind: K): Extract<Workload, { kind: K }> {
  if (workload.kind !== kind) throw new Error(`a builder of ${kind} was asked for ${workload.kind}`);
  return workload as Extract<Workload, { kind: K }>;
}

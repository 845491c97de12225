import type { KvPolicyMaker, Precision, Program } from '../sim/types/index.ts';
import type { AnyModel } from './models/any.ts';
import type { Workload } from './schema.ts';

/** Builds the program of a workload, as `buildProgram` does. */
export type ProgramBuilder = (
  workload: Workload,
  precision: Precision,
  readModel: (idOrPath: string) => AnyModel,
  kv?: KvPolicyMaker | null,
) => Program;

/**
 * What builds programs of this workload's kind. Reading the modules of all kinds takes longer than a network takes to
 * run, so a forward pass of one loads its own alone.
 */
export async function loadBuilder(workload: Workload): Promise<ProgramBuilder> {
  if (workload.kind !== 'cnn' || workload.mode !== 'infer') return (await import('./index.ts')).buildProgram;
  const { cnnProgram } = await import('./cnn/build.ts');
  return (asked, _precision, readModel) => {
    if (asked.kind !== 'cnn') throw new Error(`a builder of networks was asked for ${asked.kind}`);
    return cnnProgram(asked, readModel(asked.model));
  };
}

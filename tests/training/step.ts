import * as v from 'valibot';
import { loadMachine } from '../../hardware/load.ts';
import { policySchema } from '../../policies/index.ts';
import { loadTraining } from '../../policies/training.ts';
import { simulateTraining } from '../../sim/training/index.ts';
import type { Machine, Metrics, Program, Training } from '../../sim/types/index.ts';
import { readModel } from '../../workloads/models/load.ts';
import { trainProgram, trainSchema } from '../../workloads/train/index.ts';

type Fields = Partial<v.InferInput<typeof trainSchema>>;
type PolicyInput = v.InferInput<typeof policySchema>;

const FIELDS = {
  kind: 'train',
  model: 'gpt-22b',
  seq: 2048,
  batch: 4,
  microbatch: 4,
  tensor_parallel: 8,
  measured_as: 'requirement',
} as const;

const selene = loadMachine('selene');

/** GPT-22B on one node of Selene, changed by `more`. */
export function trainingOf(more: Fields): Program & { readonly training: Training } {
  const fields = v.parse(trainSchema, { ...FIELDS, ...more });
  const program = trainProgram(fields, readModel(fields.model));
  return { ...program, training: program.training as Training };
}

/** A policy's plans, its defaults filled in. */
export const plansOf = (policy: PolicyInput, machine: Machine, training: Training) =>
  loadTraining(v.parse(policySchema, policy), machine, training);

/** The metrics of a step of it. */
export function step(more: Fields, policy: PolicyInput = {}, machine: Machine = selene): Metrics {
  const program = trainingOf(more);
  const { training, activations, optimizer } = plansOf(policy, machine, program.training);
  return simulateTraining(machine, { ...program, training }, activations, optimizer).metrics;
}

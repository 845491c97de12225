import { InputError } from '../../input/index.ts';
import type { TrainLayout } from '../../sim/types/index.ts';
import type { Model } from '../models/model.ts';
import type { TrainFields } from './schema.ts';

/**
 * How the devices share the work.
 * @throws InputError where the parallel sizes do not divide what they share, or their product is not `gpus`.
 */
export function layoutOf(fields: TrainFields, model: Model): TrainLayout {
  const tensor = fields.tensor_parallel;
  const pipeline = fields.pipeline_parallel;
  const context = fields.context_parallel;
  const expert = fields.expert_parallel;
  const { interleave, batch, microbatch } = fields;
  const one_copy = tensor * pipeline * context;
  const gpus = fields.gpus ?? one_copy * (fields.data_parallel ?? 1);
  const data = fields.data_parallel ?? gpus / one_copy;
  if (data * one_copy !== gpus) {
    refuse(
      'gpus',
      `${gpus} devices are not tensor ${tensor} x pipeline ${pipeline} x context ${context} x data ${data}`,
      `${one_copy * Math.max(1, Math.floor(data))}`,
    );
  }
  divides('tensor_parallel', tensor, model.heads, 'query heads');
  divides('interleave', pipeline * interleave, model.layers, 'layers (over stages and chunks)');
  divides('microbatch', data * microbatch, batch, 'sequences of the step (over copies and micro-batches)');
  divides('context_parallel', context, fields.seq, 'tokens of a sequence');
  divides('expert_parallel', expert, model.moe?.experts ?? 1, 'experts');
  if (fields.sequence_parallel && tensor === 1) {
    refuse('sequence_parallel', 'sequence_parallel has no effect without a tensor group', 'tensor_parallel above 1');
  }
  if (interleave > 1 && pipeline === 1) {
    refuse('interleave', 'one stage has nothing to interleave with', 'pipeline_parallel above 1');
  }
  const microbatches = batch / (data * microbatch);
  // The schedule deals micro-batches to the stages in turns (Megatron-LM, `schedules.py`).
  if (interleave > 1) divides('interleave', pipeline, microbatches, 'micro-batches (an interleaved schedule)');
  const { sequence_parallel } = fields;
  return { gpus, tensor, pipeline, data, context, expert, interleave, microbatches, sequence_parallel };
}

function divides(field: string, ways: number, whole: number, what: string): void {
  if (whole % ways === 0) return;
  refuse(field, `${ways} does not divide ${whole} ${what}`, `a divisor of ${whole}`);
}

function refuse(field: string, problem: string, expected: string): never {
  throw new InputError({ code: 'bad_value', problem: `workload.${field}: ${problem}`, expected });
}

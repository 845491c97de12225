import { bytesOf } from '../../sim/training/kernels.ts';
import type { OptimizerPlan, Training } from '../../sim/types/index.ts';
import type { Method } from './methods.ts';
import { projectedState } from './projection.ts';
import { methodOf, type OptimizerFields } from './schema.ts';

const FULL_BYTES = 4;

/** Bytes of all moments of one element, their scales included. */
function momentBytes({ moments, moment_bits, block }: Method): number {
  return moments * (moment_bits / 8 + (block === 0 ? 0 : FULL_BYTES / block));
}

/** The plan of an `optimizer` part for a step whose adapters are in place. */
export function optimizerPlan(fields: OptimizerFields, training: Training): OptimizerPlan {
  const method = methodOf(fields);
  const weight = method.weight_bits / 8;
  const gradient = method.gradient_bits / 8;
  const moments = momentBytes(method);
  const state = method.master_bits / 8 + moments;
  return {
    kind: fields.kind,
    weight_bytes: weight,
    gradient_bytes: gradient,
    state_bytes: state,
    update_bytes: updateBytes(weight, gradient, state),
    zero: fields.zero,
    gather_bytes: Math.min(weight, bytesOf(training.dtype)),
    reduce_bytes: (fields.reduce_bits ?? Math.max(16, method.gradient_bits)) / 8,
    offload: fields.offload,
    // Gradient and state read, state and weight written (Ren et al., USENIX ATC 2021, section 5.1).
    host_update_bytes: gradient + 2 * state + weight,
    projected: method.projection && projectedState(training.layer, method.projection, moments, training.dtype),
    per_layer: fields.per_layer,
    // Sums over micro-batches stay while the next one runs forward.
    release_gradients: fields.release_gradients === true && training.layout.microbatches === 1,
    warnings: [],
  };
}

/**
 * Device traffic of an update in passes, as mixed-precision optimizers of Megatron-LM and DeepSpeed make them: gradients of
 * 16 bits become fp32 (read, write), then the norm (read) and the clip (read and write); Adam reads gradient and state and
 * writes state; the weights are written from the master copy; the sums are cleared (write).
 */
function updateBytes(weight: number, gradient: number, state: number): number {
  const widen = gradient < FULL_BYTES ? gradient + FULL_BYTES : 0;
  const clip = (1 + 2) * FULL_BYTES;
  const adam = FULL_BYTES + 2 * state;
  return widen + clip + adam + FULL_BYTES + weight + gradient;
}

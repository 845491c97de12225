import type { OptimizerPlan } from '../../sim/types/index.ts';
import type { OptimizerFields } from './schema.ts';

/** Kinds of the part, for `list policies`. */
export const OPTIMIZERS: readonly { readonly kind: OptimizerFields['kind']; readonly description: string }[] = [
  { kind: 'adam', description: 'Adam with two moments and a master copy, in chosen precisions' },
  { kind: 'adam-8bit', description: 'Adam with both moments in 8 bits and a scale a block' },
  { kind: 'sgd', description: 'Plain gradient descent: no state beside a master copy' },
];

const FULL_BYTES = 4;
/** Weights are computed with in 16 bits. */
const COMPUTED_BYTES = 2;

/** Bytes of both moments of one parameter. */
function momentBytes(fields: OptimizerFields): number {
  switch (fields.kind) {
    case 'adam':
      return (2 * fields.moment_bits) / 8;
    case 'adam-8bit':
      // Dettmers et al. (arXiv:2110.02861, section 2.2): block-wise quantisation with one fp32 constant a block.
      return 2 * (1 + FULL_BYTES / fields.block);
    case 'sgd':
      return 0;
  }
}

/**
 * The plan of an `optimizer` part; without one, mixed-precision Adam with fp32 gradients: 18 bytes a parameter
 * (Korthikanti et al., arXiv:2205.05198, section 5; Rajbhandari et al., SC 2020, section 3.1, with 2-byte gradients: 16).
 */
export function optimizerPlan(fields: OptimizerFields): OptimizerPlan {
  const weight = fields.weight_bits / 8;
  const gradient = fields.gradient_bits / 8;
  const master = fields.master_bits / 8;
  const moments = momentBytes(fields);
  const state = master + moments;
  return {
    kind: fields.kind,
    weight_bytes: weight,
    gradient_bytes: gradient,
    state_bytes: state,
    update_bytes: updateBytes(weight, gradient, state),
    zero: fields.zero,
    gather_bytes: Math.min(weight, COMPUTED_BYTES),
    reduce_bytes: (fields.reduce_bits ?? Math.max(16, fields.gradient_bits)) / 8,
    offload: fields.offload,
    // Gradient and state read, state and weight written (Ren et al., USENIX ATC 2021, section 5.1).
    host_update_bytes: gradient + 2 * state + weight,
    per_layer: fields.per_layer,
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

import type { Kernel, KernelPart, Saved, TrainOp } from '../../sim/types/index.ts';
import { ACCUMULATED, ELEMENT, type TrainSetting } from './setting.ts';

/**
 * Framework ops that one entry of a step stands for, views and casts included: with them a GPT layer has 26 forward and
 * 46 backward, as profiles of Megatron-LM show.
 */
const OPS = { product: 2, input_gradient: 1, weight_gradient: 2, pointwise: 2, pointwise_backward: 3 } as const;

/**
 * Builders of the ops a step is made of. Bytes are device-memory traffic: every tensor that a kernel reads or writes
 * passes once.
 * @module
 */

export interface Product {
  readonly name: string;
  readonly part: KernelPart;
  /** Rows (tokens), outputs and inputs of one product on this rank. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Products launched together; 1 unless said otherwise. */
  readonly count?: number;
  /** Both operands are activations, so there is no weight gradient but a second input gradient. */
  readonly activations_only?: boolean;
  readonly bias?: boolean;
}

const product = (
  { dtype }: TrainSetting,
  { name, part }: Product,
  m: number,
  n: number,
  k: number,
  count: number,
  launches: number,
  row_elements: number,
  extra_bytes = 0,
): Kernel => ({
  name,
  part,
  dtype,
  flops: 2 * m * n * k * count,
  operand_bytes: ELEMENT * n * k * count,
  activation_bytes: ELEMENT * (m * k + m * n) * count + extra_bytes,
  launches,
  gemm: { m, n, k, count, row_elements },
});

/** Forward, input gradient and weight gradient of a matrix product. Gradients of weights are added to fp32 sums. */
export function productKernels(
  setting: TrainSetting,
  spec: Product,
): Pick<TrainOp, 'forward' | 'backward' | 'weight_gradient'> {
  const { m, n, k, count = 1 } = spec;
  // Of the three products' operands, no row runs along the tokens.
  const row = commonDivisor(Math.floor(n), Math.floor(k));
  const named = (suffix: string): Product => ({ ...spec, name: `${spec.name}${suffix}` });
  const forward = product(setting, spec, m, n, k, count, OPS.product, row);
  const input_gradient = product(setting, named(' dX'), m, k, n, count, OPS.input_gradient, row);
  if (spec.activations_only) {
    return {
      forward: [forward],
      backward: [input_gradient, product(setting, named(' dY'), n, k, m, count, OPS.weight_gradient, row)],
      weight_gradient: [],
    };
  }
  if (setting.frozen_bits !== null) return { forward: [forward], backward: [input_gradient], weight_gradient: [] };
  const sums = (2 * ACCUMULATED - ELEMENT) * n * k * count;
  const weight_gradient = product(setting, named(' dW'), n, k, m, count, OPS.weight_gradient, row, sums);
  const bias = spec.bias ? [elementwise(setting, `${spec.name} db`, spec.part, ELEMENT * m * n * count)] : [];
  return { forward: [forward], backward: [input_gradient], weight_gradient: [weight_gradient, ...bias] };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** A kernel bound by the bytes it reads and writes. */
export function elementwise(
  { dtype }: TrainSetting,
  name: string,
  part: KernelPart,
  bytes: number,
  launches = 1,
): Kernel {
  return { name, part, dtype, flops: 0, operand_bytes: 0, activation_bytes: bytes, launches };
}

export const saved = (name: string, bytes: number, rows: number): Saved => ({ name, bytes, rows });

/** An op of element-wise kernels alone: bytes an element moved forward and backward. */
export function pointwise(
  setting: TrainSetting,
  name: string,
  part: KernelPart,
  elements: number,
  forward_bytes: number,
  backward_bytes: number,
  rest: Partial<TrainOp> = {},
): TrainOp {
  return {
    name,
    forward: [elementwise(setting, name, part, elements * forward_bytes, OPS.pointwise)],
    backward: [elementwise(setting, `${name} backward`, part, elements * backward_bytes, OPS.pointwise_backward)],
    weight_gradient: [],
    saves: [],
    scratch_bytes: 0,
    ...rest,
  };
}

import { elementwiseKernel, matrixKernel, OPS } from '../../sim/training/kernels.ts';
import type { Kernel, KernelPart, Saved, TrainOp } from '../../sim/types/index.ts';
import { ACCUMULATED, MASK, type TrainSetting } from './setting.ts';

/**
 * Builders of the ops a step is made of.
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

/** Forward, input gradient and weight gradient of a matrix product. Gradients of weights are added to fp32 sums. */
export function productKernels(
  { dtype, element }: TrainSetting,
  { name, part, m, n, k, count = 1, activations_only = false, bias = false }: Product,
): Pick<TrainOp, 'forward' | 'backward' | 'weight_gradient'> {
  // Forward or backward, no row of a matrix runs along the tokens.
  const row_elements = commonDivisor(Math.floor(n), Math.floor(k));
  const named = (suffix: string) => ({ name: `${name}${suffix}`, part, dtype, row_elements });
  const forward = matrixKernel(named(''), m, n, k, count, OPS.product);
  const input_gradient = matrixKernel(named(' dX'), m, k, n, count, OPS.input_gradient);
  if (activations_only) {
    return {
      forward: [forward],
      backward: [input_gradient, matrixKernel(named(' dY'), n, k, m, count, OPS.weight_gradient)],
      weight_gradient: [],
    };
  }
  const sums = (2 * ACCUMULATED - element) * n * k * count;
  const weight_gradient = matrixKernel(named(' dW'), n, k, m, count, OPS.weight_gradient, sums);
  const bias_gradient = bias ? [elementwiseKernel(named(' db'), element * m * n * count)] : [];
  return { forward: [forward], backward: [input_gradient], weight_gradient: [weight_gradient, ...bias_gradient] };
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
  return elementwiseKernel({ name, part, dtype }, bytes, launches);
}

export const saved = (name: string, bytes: number, rows: number): Saved => ({ name, bytes, rows });

/** What an op makes itself and keeps. */
export const savedResult = (name: string, bytes: number, rows: number): Saved => ({
  ...saved(name, bytes, rows),
  made_here: true,
});

/** The mask of a dropout: a byte an element. */
export const savedMask = (name: string, elements: number, rows: number): Saved => ({
  ...savedResult(name, MASK * elements, rows),
  mask: true,
});

/** What only the gradient of an op's weights needs: the input of a product. */
export const savedForWeights = (name: string, bytes: number, rows: number): Saved => ({
  ...saved(name, bytes, rows),
  weight_only: true,
});

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

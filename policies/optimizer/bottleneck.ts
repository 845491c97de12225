import { bytesOf, elementwiseKernel, matrixKernel, OPS } from '../../sim/training/kernels.ts';
import type { GemmShape, Kernel, TrainOp } from '../../sim/types/index.ts';

/**
 * What a GELU by tanh keeps where each framework op keeps its own: its input, half of it, the tanh, one more than that, and
 * what the next product reads (Hugging Face transformers, `activations.py`, `gelu_new`).
 */
const KEPT = 5;

/**
 * An adapter after a product: down to `width`, an activation, up again and the sum with what went in (Houlsby et al.,
 * arXiv:1902.00751, section 2.1).
 */
export function withBottleneck(
  name: string,
  { part, dtype }: Kernel,
  { m, n, count }: GemmShape,
  width: number,
): { readonly after: TrainOp; readonly parameters: number } {
  const named = (what: string) => ({ name: `${name} bottleneck ${what}`, part, dtype });
  const E = bytesOf(dtype);
  const hidden = m * width * count;
  const outputs = m * n * count;
  const rows = m * count;
  const after: TrainOp = {
    name: `${name}_bottleneck`,
    forward: [
      matrixKernel(named('down'), m, width, n, count, OPS.product),
      elementwiseKernel(named('activation'), 2 * E * hidden, OPS.pointwise),
      matrixKernel(named('up'), m, n, width, count, OPS.product),
      elementwiseKernel(named('sum'), 3 * E * outputs, OPS.pointwise),
    ],
    backward: [
      matrixKernel(named('up dX'), m, width, n, count, OPS.input_gradient),
      elementwiseKernel(named('activation dX'), 3 * E * hidden, OPS.pointwise_backward),
      matrixKernel(named('down dX'), m, n, width, count, OPS.input_gradient),
      elementwiseKernel(named('sum dX'), 3 * E * outputs, OPS.pointwise_backward),
    ],
    weight_gradient: [
      matrixKernel(named('up dW'), n, width, m, count, OPS.weight_gradient),
      matrixKernel(named('down dW'), width, n, m, count, OPS.weight_gradient),
    ],
    saves: [
      { name: `${name}_bottleneck_input`, bytes: E * outputs, rows, weight_only: true },
      { name: `${name}_bottleneck_hidden`, bytes: KEPT * E * hidden, rows, made_here: true },
    ],
    scratch_bytes: 0,
  };
  // Both products have biases.
  return { after, parameters: count * (2 * n * width + width + n) };
}

import { elementwiseKernel, matrixKernel } from '../../sim/training/kernels.ts';
import type { ProjectedState, TrainBody, WeightMatrix } from '../../sim/types/index.ts';
import type { Dtype } from '../../sim/types/units.ts';
import type { Projection } from './methods.ts';

/**
 * State and work of projected gradients. A gradient of m x n is projected along its shorter side to r x max(m, n); moments
 * are of that shape, and the projector is r x min(m, n) (Zhao et al., GaLore, arXiv:2403.03507, section 4;
 * `galore_projector.py`, `std`). Each update projects the gradient and brings the step back: a product each. The singular
 * vectors are made again every few hundred steps, which is not charged.
 *
 * A natural-gradient step keeps `history` projected gradients and multiplies with them twice, to and from the small space
 * they span (Natural GaLore, arXiv:2410.16029, by the Woodbury identity).
 */
export function projectedState(
  { ops }: TrainBody,
  { rank, projector_bits, history }: Projection,
  moment_bytes: number,
  dtype: Dtype,
): ProjectedState {
  const matrices = ops.flatMap(({ weights }) => weights ?? []);
  let layer_state_bytes = 0;
  for (const { rows, columns, count } of matrices) {
    const [long, short] = sides(rows, columns);
    const kept = Math.min(rank, short);
    const past = (history * kept * long * projector_bits) / 8;
    layer_state_bytes += count * (kept * long * moment_bytes + (kept * short * projector_bits) / 8 + past);
  }
  return {
    layer_parameters: matrices.reduce((sum, { rows, columns, count }) => sum + rows * columns * count, 0),
    layer_state_bytes,
    kernels: matrices.flatMap((matrix) => kernelsOf(matrix, rank, history, dtype)),
  };
}

const sides = (rows: number, columns: number): [long: number, short: number] =>
  rows >= columns ? [rows, columns] : [columns, rows];

function kernelsOf({ name, rows, columns, count }: WeightMatrix, rank: number, history: number, dtype: Dtype) {
  const [long, short] = sides(rows, columns);
  const kept = Math.min(rank, short);
  const named = (what: string) => ({ name: `${name} ${what}`, part: 'other' as const, dtype });
  const past = history === 0 ? [] : [matrixKernel(named('history'), 2, history, kept * long, count, 2 * count)];
  return [
    matrixKernel(named('projection'), long, kept, short, count, count),
    ...past,
    matrixKernel(named('step back'), long, short, kept, count, count),
    // The step is added to the weights: read twice, written once.
    elementwiseKernel(named('step'), 3 * 2 * long * short * count, count),
  ];
}

import type { TrainBody, Training } from '../../sim/types/index.ts';

/**
 * The step with the model FLOPs that are left when part of its weights are frozen: backward keeps the share of its kernels'
 * FLOPs that it still does.
 */
export function withFlops(training: Training, whole: Training): Training {
  const ratio = backwardOf(training) / backwardOf(whole);
  if (ratio === 1) return training;
  const forward = whole.model_flops * (1 - whole.backward_share);
  const backward = whole.model_flops * whole.backward_share * Math.min(1, ratio);
  return { ...training, model_flops: forward + backward, backward_share: backward / (forward + backward) };
}

function backwardOf({ layer, head, embed, layers, trunk_layers }: Training): number {
  return (layers - trunk_layers) * flopsOf(layer) + flopsOf(head) + flopsOf(embed);
}

const flopsOf = ({ ops }: TrainBody): number =>
  ops.reduce((sum, { backward, weight_gradient }) => sum + sumOf(backward) + sumOf(weight_gradient), 0);

const sumOf = (kernels: readonly { readonly flops: number }[]): number =>
  kernels.reduce((sum, { flops }) => sum + flops, 0);

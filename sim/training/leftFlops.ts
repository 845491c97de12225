import type { Kernel, TrainBody, Training, TrainOp } from '../types/index.ts';

/**
 * The step with the model FLOPs that are left when weights are frozen or tokens skip a part of it: of each pass, the share of
 * its kernels' FLOPs that is still done.
 */
export function withFlops(training: Training, whole: Training): Training {
  const left = (kernelsOf: (op: TrainOp) => readonly Kernel[], layers: (of: Training) => number): number => {
    const flops = (of: Training): number =>
      layers(of) * flopsOf(of.layer, kernelsOf) +
      flopsOf(of.head, kernelsOf) +
      flopsOf(of.embed, kernelsOf) +
      (of.encoder ? of.encoder.layers * flopsOf(of.encoder.layer, kernelsOf) + flopsOf(of.encoder.end, kernelsOf) : 0);
    return Math.min(1, flops(training) / flops(whole));
  };
  const backwardKernels = ({ backward, weight_gradient }: TrainOp) => [...backward, ...weight_gradient];
  const trained = ({ layers, trunk_layers }: Training) => layers - trunk_layers;
  const forward =
    whole.model_flops *
    (1 - whole.backward_share) *
    left(
      (op) => op.forward,
      ({ layers }) => layers,
    );
  const backward = whole.model_flops * whole.backward_share * left(backwardKernels, trained);
  const all = forward + backward;
  return { ...training, model_flops: all, backward_share: backward / all };
}

const flopsOf = ({ ops }: TrainBody, kernelsOf: (op: TrainOp) => readonly Kernel[]): number =>
  ops.flatMap(kernelsOf).reduce((sum, { flops }) => sum + flops, 0);

import type { Parameters, TrainBody, TrainOp } from '../types/index.ts';

/**
 * Ops and weights that do not train.
 * @module
 */

/** An op that backward never reaches: it keeps nothing. */
export const forwardOnly = (op: TrainOp): TrainOp => ({ ...op, backward: [], weight_gradient: [], saves: [] });

/** An op that gradients pass through and whose weights stay: what only their gradient needs is not kept. */
export const passedThrough = (op: TrainOp): TrainOp => ({
  ...op,
  weight_gradient: [],
  saves: op.saves.filter(({ weight_only }) => weight_only !== true),
});

/** The end of the name of the kernel that makes the gradient of a product's input. */
export const INPUT_GRADIENT = ' dX';

/** A product that reads what nothing trained has made: nobody asks for the gradient of its input. */
export const withoutInputGradient = (op: TrainOp): TrainOp => ({
  ...op,
  backward: op.backward.filter(({ name }) => !name.endsWith(INPUT_GRADIENT)),
});

/** Weights that stay as they are. */
export const frozen = ({ trained, frozen: still, frozen_bits }: Parameters): Parameters => ({
  trained: 0,
  frozen: trained + still,
  frozen_bits,
});

/** A body whose weights stay, its ops as `of` leaves them. */
export const frozenBody = (body: TrainBody, of: (op: TrainOp) => TrainOp): TrainBody => ({
  ...body,
  ops: body.ops.map(of),
  matrices: frozen(body.matrices),
  others: frozen(body.others),
});

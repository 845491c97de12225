import { bytesOf, elementwiseKernel } from '../../sim/training/kernels.ts';
import type { Saved, TrainBody, Training, TrainOp } from '../../sim/types/index.ts';

/** Weights trained toward 2^bits centroids, and how the map between the two is saved for backward. */
export interface Clustering {
  readonly bits: number;
  /** One row for each distinct 16-bit value, and an index a weight, in place of a row a weight. */
  readonly unique: boolean;
  /** Ranks over which the indices are divided. */
  readonly shards: number;
  /** Times the same map is saved: 1 where duplicates are found before they are copied. */
  readonly copies: number;
}

/** Distinct values of a 16-bit weight, and bytes of an index among them. */
const VALUES = 2 ** 16;
const INDEX_BYTES = 2;

/**
 * The step with weight clustering: beside each matrix, backward needs how much each weight belongs to each centroid. That map
 * has a row a weight; weights of 16 bits have at most 2^16 distinct rows, so a table of those and an index list say the same,
 * and the list can be sharded over the ranks (eDKM, arXiv:2309.00964, section 3). The map is a saved tensor like others,
 * named `<matrix>_map`: `offload` moves it to the host.
 */
export function clustered(training: Training, clustering: Clustering | undefined): Training {
  if (clustering === undefined) return training;
  const body = (of: TrainBody): TrainBody => ({ ...of, ops: of.ops.map((op) => clusteredOp(op, clustering)) });
  return { ...training, layer: body(training.layer) };
}

function clusteredOp(op: TrainOp, { bits, unique, shards, copies }: Clustering): TrainOp {
  const product = op.forward.find(({ gemm }) => gemm !== undefined);
  if (op.weights === undefined || product === undefined) return op;
  const { part, dtype } = product;
  const row = bytesOf(dtype) * 2 ** bits;
  const sizes = op.weights.map(({ name, rows, columns, count }) => ({ name, elements: rows * columns * count }));
  const maps = sizes.map(({ name, elements }): Saved => {
    const whole = copies * elements * row;
    const table = Math.min(VALUES, elements) * row + (INDEX_BYTES * elements) / shards;
    return { name: `${name}_map`, bytes: unique ? copies * table : whole, rows: 1 };
  });
  const elements = sizes.reduce((sum, size) => sum + size.elements, 0);
  // Distances to every centroid written once, read for the soft-max, and read again for the weighted sum.
  const passes = 3 * row * elements;
  return {
    ...op,
    forward: [elementwiseKernel({ name: `${op.name} clustering`, part, dtype }, passes, 3), ...op.forward],
    weight_gradient: [
      ...op.weight_gradient,
      elementwiseKernel({ name: `${op.name} clustering dW`, part, dtype }, passes, 3),
    ],
    saves: [...op.saves, ...maps],
  };
}

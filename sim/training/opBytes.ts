import type { TrainOp } from '../types/training.ts';
import { bytesOf } from './kernels.ts';

/** Bytes of a product's output; element-wise ops write what the next op saves, or in place. */
export function outputBytes({ forward }: TrainOp): number {
  return forward.reduce(
    (most, { gemm, dtype }) => Math.max(most, gemm ? bytesOf(dtype) * gemm.m * gemm.n * gemm.count : 0),
    0,
  );
}

/** Bytes of the gradient that an op's backward hands on: of its product's input, of what came before it, or of what it saved. */
export function inputBytes({ forward, saves, handed_bytes }: TrainOp, before: TrainOp | undefined): number {
  if (handed_bytes !== undefined) return handed_bytes;
  const product = forward.reduce(
    (most, { gemm, dtype }) => Math.max(most, gemm ? bytesOf(dtype) * gemm.m * gemm.k * gemm.count : 0),
    0,
  );
  if (product > 0) return product;
  const made = before === undefined ? 0 : outputBytes(before);
  return made > 0 ? made : Math.max(0, ...saves.map(({ bytes }) => bytes));
}

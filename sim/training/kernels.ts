import type { Kernel, KernelPart } from '../types/program.ts';
import type { Dtype } from '../types/units.ts';

/**
 * Kernels that a training step is made of. Bytes are device-memory traffic: every tensor that a kernel reads or writes
 * passes once.
 * @module
 */

/** Bytes of one element as computed in a precision. */
export const bytesOf = (dtype: Dtype): number => ELEMENT_BYTES[dtype];

const ELEMENT_BYTES: Readonly<Record<Dtype, number>> = {
  fp32: 4,
  tf32: 4,
  fp16: 2,
  bf16: 2,
  fp8: 1,
  int8: 1,
  int4: 0.5,
};

/**
 * Framework ops that one entry of a step stands for, views and casts included: with them a GPT layer has 26 forward and
 * 46 backward, as profiles of Megatron-LM show.
 */
export const OPS = { product: 2, input_gradient: 1, weight_gradient: 2, pointwise: 2, pointwise_backward: 3 } as const;

/** What kernels of one op share. */
export interface KernelName {
  readonly name: string;
  readonly part: KernelPart;
  readonly dtype: Dtype;
  /** The largest number of elements that divides the rows of every matrix of the op. */
  readonly row_elements?: number;
}

/** `count` products C(m,n) = A(m,k) B(k,n), B being weights. */
export function matrixKernel(
  { name, part, dtype, row_elements }: KernelName,
  m: number,
  n: number,
  k: number,
  count: number,
  launches: number,
  extra_bytes = 0,
): Kernel {
  return {
    name,
    part,
    dtype,
    flops: 2 * m * n * k * count,
    operand_bytes: bytesOf(dtype) * n * k * count,
    activation_bytes: bytesOf(dtype) * (m * k + m * n) * count + extra_bytes,
    launches,
    gemm: { m, n, k, count, ...(row_elements !== undefined && { row_elements }) },
  };
}

/** A kernel bound by the bytes it reads and writes. */
export function elementwiseKernel({ name, part, dtype }: KernelName, bytes: number, launches = 1): Kernel {
  return { name, part, dtype, flops: 0, operand_bytes: 0, activation_bytes: bytes, launches };
}

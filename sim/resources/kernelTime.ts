import { MissingFactError } from '../errors.ts';
import { ceilNs } from '../kernel/time.ts';
import type { ComputeUnit } from '../types/machine.ts';
import type { Kernel } from '../types/program.ts';
import type { Curve } from '../types/units.ts';
import { curveAt } from './curve.ts';
import { layerSeconds, productSeconds } from './layerKernels/index.ts';
import { shapesEfficiency } from './tiling.ts';

/**
 * Seconds one kernel busies a compute unit: the roofline (Williams, Waterman and Patterson, CACM 2009) with
 * efficiencies by size, its two sides combined as t = (t_compute^p + t_memory^p)^(1/p).
 *
 * @param memoryBytesPerS bandwidth of the unit's memory.
 * @param inPlaceBytesPerS rate at which it reads weights where they stand (flash); they are waited for, byte by byte.
 * @throws MissingFactError when the machine has no peak for the kernel's precision.
 */
export function kernelSeconds(
  unit: ComputeUnit,
  memoryBytesPerS: number,
  kernel: Kernel,
  inPlaceBytesPerS = Number.POSITIVE_INFINITY,
): number {
  if (unit.layer_kernels && kernel.layer && (kernel.dtype === 'int8' || kernel.dtype === 'int4')) {
    return layerSeconds(unit.layer_kernels, kernel, kernel.layer) + kernel.operand_bytes / inPlaceBytesPerS;
  }
  // Launches of one kind are of equal size, and efficiency is that of one.
  const launches = Math.max(1, kernel.launches);
  let computeS = 0;
  if (kernel.flops > 0) {
    const peak = unit.peak_flop_per_s[kernel.dtype];
    if (peak === undefined) {
      throw new MissingFactError(`compute unit "${unit.id}" has no peak_flop_per_s for ${kernel.dtype}`);
    }
    const shape = unit.tiling === undefined ? 1 : shapesEfficiency(kernel, unit.tiling, peak);
    const fused = kernel.fused_attention && unit.fused_attention?.[kernel.fused_attention];
    const efficiency = fused ?? curveAt(unit.efficiency[kernel.dtype] ?? [], kernel.flops / launches, 1);
    const share = kernel.rate_share ?? 1;
    computeS = streamSeconds(unit, kernel, peak) ?? kernel.flops / (peak * shape * efficiency * share);
  }
  if (kernel.head_loaded_bytes !== undefined)
    computeS = Math.max(computeS, headLoadSeconds(unit, kernel.head_loaded_bytes));
  const bytes = kernel.operand_bytes + kernel.activation_bytes;
  let memoryS = 0;
  if (bytes > 0) {
    const bandwidth = unit.memory_bytes_per_s ?? memoryBytesPerS;
    const rate = bandwidth * curveAt(streamed(unit, kernel), bytes / launches, 1);
    memoryS = bytes / (rate * (kernel.memory_share ?? 1));
  }
  if (kernel.copied_elements !== undefined && unit.copy_elements_per_s !== undefined) {
    memoryS = Math.max(memoryS, kernel.copied_elements / unit.copy_elements_per_s);
  }
  return combined(computeS, memoryS, unit.roofline_exponent);
}

/**
 * Fused linear attention: a stream's tokens follow one another, since each needs the state of the one before (Arora et
 * al., BASED, arXiv:2402.18668, algorithm 1), so few streams take as long as one and many share the unit. Undefined for
 * other kernels and units that do not state it.
 */
function streamSeconds(unit: ComputeUnit, { linear_streams, flops }: Kernel, peak: number): number | undefined {
  const { linear_attention, roofline_exponent: p } = unit;
  if (linear_attention === undefined || linear_streams === undefined) return undefined;
  const together = flops / (peak * linear_attention.fraction);
  const alone = flops / linear_streams / linear_attention.stream_flop_per_s;
  return combined(together, alone, linear_attention.exponent ?? p);
}

/**
 * Paged attention: each thread block serves one query head and loads its keys and values itself, so grouped heads load the
 * same bytes several times; the memory gives them once and the cache again (vLLM issue 15351).
 */
function headLoadSeconds(unit: ComputeUnit, bytes: number): number {
  if (unit.head_load_bytes_per_s === undefined) {
    throw new MissingFactError(`compute unit "${unit.id}" has no head_load_bytes_per_s, which paged attention needs`);
  }
  return bytes / unit.head_load_bytes_per_s;
}

/** Bytes of an element of weights. */
const WIDTH: Readonly<Partial<Record<Kernel['dtype'], number>>> = { fp32: 4, fp16: 2, bf16: 2, int8: 1 };

/** The fraction of the bandwidth that a kernel reaches: that of its kind, where the machine states one. */
function streamed(unit: ComputeUnit, { batched, flops, operand_bytes, dtype }: Kernel): Curve {
  if (batched === true) return unit.batched_memory_efficiency ?? unit.memory_efficiency;
  const { matrix_memory_efficiency: matrix } = unit;
  if (matrix === undefined || operand_bytes === 0) return unit.memory_efficiency;
  // A row does a multiply-add, two FLOPs, with each element of the weights.
  const rows = (flops / operand_bytes) * ((WIDTH[dtype] ?? 2) / 2);
  return rows > 1.5 ? matrix : unit.memory_efficiency;
}

/** (a^p + b^p)^(1/p): the sum for p = 1, the larger for an infinite p. */
function combined(a: number, b: number, p: number): number {
  if (p === 1) return a + b;
  const larger = Math.max(a, b);
  if (larger === 0 || p === Number.POSITIVE_INFINITY) return larger;
  return larger * ((a / larger) ** p + (b / larger) ** p) ** (1 / p);
}

/** What kernels that run one after another cost their unit. */
export interface KernelCost {
  readonly ns: number;
  readonly launches: number;
  readonly views: number;
  readonly flops: number;
  /** Of them, those of attention: scores and values. */
  readonly attention_flops: number;
  readonly bytes: number;
  /** Seconds in which an accelerator's array multiplies, where that has a power of its own. */
  readonly product_s: number;
}

export function kernelCost(
  unit: ComputeUnit,
  memoryBytesPerS: number,
  kernels: readonly Kernel[],
  inPlaceBytesPerS?: number,
): KernelCost {
  let seconds = 0;
  let launches = 0;
  let views = 0;
  let flops = 0;
  let attention_flops = 0;
  let bytes = 0;
  let product_s = 0;
  for (const kernel of kernels) {
    seconds += kernelSeconds(unit, memoryBytesPerS, kernel, inPlaceBytesPerS);
    seconds += kernel.launches * (unit.kernel_s ?? 0);
    if (unit.multiplying_w !== undefined && unit.layer_kernels && kernel.layer) {
      product_s += productSeconds(unit.layer_kernels, kernel.layer);
    }
    launches += kernel.launches;
    views += kernel.views ?? 0;
    flops += kernel.flops;
    if (kernel.part === 'attention') attention_flops += kernel.flops;
    bytes += kernel.operand_bytes + kernel.activation_bytes;
  }
  return { ns: ceilNs(seconds * 1e9), launches, views, flops, attention_flops, bytes, product_s };
}

import type { Tiling } from '../types/machine.ts';
import type { GemmShape, Kernel } from '../types/program.ts';

/** Output tiles that vendor libraries choose from (NVIDIA, "Matrix Multiplication Background User's Guide", section 3). */
const TILES: readonly (readonly [rows: number, columns: number])[] = [
  [256, 128],
  [128, 256],
  [128, 128],
  [128, 64],
  [64, 128],
  [64, 64],
];

/** Products are computed in 16 bits. */
const ELEMENT_BYTES = 2;

/** The least that a kernel copies asynchronously into its tile (PTX ISA, `cp.async`: 4, 8 or 16 bytes). */
const ASYNC_COPY_BYTES = 4;

/** A part of a split product is written and read again as 32-bit sums. */
const PARTIAL_BYTES = 2 * 4;

/**
 * Share of its best rate that a matrix product keeps, 0..1: `k / (k + inner_half)` for filling and emptying each tile's
 * pipeline, times the fill of its tiles and waves (the same guide, tile and wave quantisation), for the tile shape and the
 * number of parts of the inner dimension that lose least. A tile of r x c reads (r + c) / (r c) 16-bit values a
 * multiply-add from the cache, which bounds what small tiles reach. Parts of the inner dimension fill a wave that tiles
 * alone do not, and pass their sums through the cache (split-k; CUTLASS, "Efficient GEMM in CUDA"). Rows at odd elements
 * cannot be copied asynchronously, and their product runs on an older path.
 */
export function shapeEfficiency(shape: GemmShape, tiling: Tiling, peakFlopPerS: number): number {
  const { m, n, k, count, row_elements = 0 } = shape;
  const { multiprocessors, inner_half, inner_splits = 1, cache_bytes_per_s, odd_row_efficiency = 1 } = tiling;
  // Of the time at the peak: what a split product's sums take beside its tiles.
  const partial = (PARTIAL_BYTES / cache_bytes_per_s) * (peakFlopPerS / (2 * k));
  let best = 0;
  for (const [rows, columns] of TILES) {
    const tiles = Math.ceil(m / rows) * Math.ceil(n / columns);
    const inside = (m * n) / (tiles * rows * columns);
    const fed = Math.min(1, (cache_bytes_per_s * rows * columns) / (peakFlopPerS * (rows + columns)));
    for (let splits = 1; splits <= inner_splits; splits++) {
      const total = tiles * count * splits;
      const waves = total / (Math.ceil(total / multiprocessors) * multiprocessors);
      const share = (inside * waves * fed * k) / (k + splits * inner_half);
      best = Math.max(best, splits === 1 ? share : share / (1 + share * splits * partial));
    }
  }
  const odd = (row_elements * ELEMENT_BYTES) % ASYNC_COPY_BYTES === 0 ? 1 : odd_row_efficiency;
  return odd * best;
}

/** The same of all matrix products that a kernel stands for; 1 for what is none. */
export function shapesEfficiency({ gemm, products, flops }: Kernel, tiling: Tiling, peakFlopPerS: number): number {
  if (gemm !== undefined) return shapeEfficiency(gemm, tiling, peakFlopPerS);
  if (products === undefined) return 1;
  let lost = 0;
  for (const product of products) {
    lost += product.flops * (1 / shapeEfficiency(product.shape, tiling, peakFlopPerS) - 1);
  }
  return flops / (flops + lost);
}

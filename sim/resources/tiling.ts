import type { Tiling } from '../types/machine.ts';
import type { GemmShape } from '../types/program.ts';

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

/**
 * Share of its best rate that a matrix product keeps, 0..1: `k / (k + inner_half)` for filling and emptying each tile's
 * pipeline, times the best tile shape's fill of its tiles and waves (the same guide, tile and wave quantisation). A tile
 * of r x c reads (r + c) / (r c) 16-bit values a multiply-add from the cache, which bounds what small tiles reach. Rows at odd elements cannot be copied asynchronously, and their product runs on an
 * older path.
 */
export function shapeEfficiency(shape: GemmShape, tiling: Tiling, peakFlopPerS: number): number {
  const { m, n, k, count, row_elements = 0 } = shape;
  const { multiprocessors, inner_half, cache_bytes_per_s, odd_row_efficiency = 1 } = tiling;
  let best = 0;
  for (const [rows, columns] of TILES) {
    const tiles = Math.ceil(m / rows) * Math.ceil(n / columns);
    const inside = (m * n) / (tiles * rows * columns);
    const total = tiles * count;
    const waves = total / (Math.ceil(total / multiprocessors) * multiprocessors);
    const fed = Math.min(1, (cache_bytes_per_s * rows * columns) / (peakFlopPerS * (rows + columns)));
    best = Math.max(best, inside * waves * fed);
  }
  const odd = (row_elements * ELEMENT_BYTES) % ASYNC_COPY_BYTES === 0 ? 1 : odd_row_efficiency;
  return (odd * best * k) / (k + inner_half);
}

/**
 * The static memory mapping problem (dynamic storage allocation): buffers with lifetimes get addresses, so that no two
 * that live at the same time overlap.
 * @module
 */

/** A stretch of a buffer's life in which it uses only part of its bytes, or none. Half-open in time. */
export interface Gap {
  readonly lower: number;
  readonly upper: number;
  /** The bytes still used, counted from the buffer's offset; without it none are. */
  readonly window?: { readonly from_bytes: number; readonly to_bytes: number };
}

/** One buffer. Times are whole numbers without a unit; the life is half-open: `[lower, upper)`. */
export interface MapBuffer {
  readonly id: string;
  readonly lower: number;
  readonly upper: number;
  readonly size_bytes: number;
  /** The offset is a multiple of it. Default: 1. */
  readonly alignment_bytes?: number;
  /** The offset is this one. */
  readonly fixed_offset_bytes?: number;
  readonly gaps?: readonly Gap[];
  /** Buffers of one group get the same offset and may share their bytes. */
  readonly colocation?: string;
}

/** The top of a plan: the largest offset plus size, in bytes. */
export function heightOf(buffers: readonly MapBuffer[], offsets: ArrayLike<number>): number {
  let height = 0;
  for (let i = 0; i < buffers.length; i++) height = Math.max(height, offsets[i]! + buffers[i]!.size_bytes);
  return height;
}

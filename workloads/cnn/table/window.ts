import type { Window } from '../../../sim/types/index.ts';
import type { Padding } from './spec.ts';

/**
 * Where a sliding window comes to rest: one output side is floor((side + padding − kernel) / stride) + 1, and
 * TensorFlow's `same` pads so that it is ceil(side / stride), the odd row or column at the end.
 */
export function slide(
  side: number,
  kernel: number,
  stride: number,
  padding: Padding,
): { readonly out: number; readonly before: number; readonly after: number } {
  if (padding === 'same') {
    const out = Math.ceil(side / stride);
    const added = Math.max(0, (out - 1) * stride + kernel - side);
    return { out, before: Math.floor(added / 2), after: Math.ceil(added / 2) };
  }
  const each = padding === 'valid' ? 0 : padding;
  return { out: Math.floor((side + 2 * each - kernel) / stride) + 1, before: each, after: each };
}

/** The window of an operator that has none: each output reads its own position. */
export const NO_WINDOW: Window = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] };

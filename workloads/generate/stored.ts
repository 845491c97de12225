import type { Precision } from '../../sim/types/index.ts';
import { elementsOf } from '../models/weights.ts';

/** Below this many bits values are quantised in groups; from here on they are plain numbers. */
export const PLAIN_BITS = 16;

/**
 * Bytes of a tensor stored at `bits`. Fewer than 16 bits are quantised in groups along dimension `along`, each group
 * with a scale and a minimum and the last one padded: lines * ceil(n / group) * (group * bits + overhead) / 8. At
 * 4 bits, groups of 64 and two fp16 numbers a group this is 0.5625 bytes an element (FlexGen, ICML 2023, section 5).
 * A group is never longer than the dimension.
 */
export function storedBytes(shape: readonly number[], bits: number, precision: Precision, along: number): number {
  const elements = elementsOf(shape);
  if (bits >= PLAIN_BITS) return (elements * bits) / 8;
  const length = shape[along];
  if (length === undefined) throw new Error(`dimension ${along} of a tensor of ${shape.length}`);
  const group = Math.min(precision.group_size, length);
  const groups = (elements / length) * Math.ceil(length / group);
  return Math.ceil((groups * (group * bits + precision.group_overhead_bits)) / 8);
}

/** Bytes of a weight: matrices are quantised along their rows, vectors stay at 16 bits or more (FlexGen, `init_weight_list`). */
export function weightBytes(shape: readonly number[], precision: Precision): number {
  const bits = shape.length < 2 ? Math.max(PLAIN_BITS, precision.weight_bits) : precision.weight_bits;
  return storedBytes(shape, bits, precision, 0);
}

export const isQuantised = (shape: readonly number[], bits: number): boolean => shape.length >= 2 && bits < PLAIN_BITS;

import type { LayerCosts, LayerLaw } from '../sim/types/machine.ts';

/**
 * Instructions that a library's kernels for 8-bit networks take, counted in its source for a core with 16-bit SIMD
 * multiplies (SMLAD): loads, extensions, multiplies, stores and loop ends of the innermost loops, the rest per output.
 * A core reaches some rate of these instructions, which is fitted; how layer kinds compare is not.
 * @module
 */

/** Rescaling an accumulator to 8 bits: 64-bit multiply, rounding shift, offset, two clamps, its constants, a store. */
const REQUANTISE = 30;
/** Adding two maps rescales both and the sum (`arm_elementwise_add_s8`). */
const ADD = { multiply_add: 0, output: 55, window: 0, input: 0 };
/** A pooled input element: load, add, and its share of loop ends and stores (`arm_avgpool_s8`). */
const POOL = { multiply_add: 0, output: 0, window: 0, input: 6 };
/** Two rows of a matrix times a vector: 14 instructions for 8 multiply-adds, each weight used once (`arm_nn_vec_mat_mult_t_s8`). */
const DENSE = { multiply_add: 1.75, output: REQUANTISE, window: 0, input: 0 };
const MULTIPLY_ADD_ALONE = { multiply_add: 1, output: 0, window: 0, input: 0 };
const NOTHING = { multiply_add: 0, output: 0, window: 0, input: 0 };

const counted = (costs: LayerCosts): LayerLaw => ({ kind: 'counted', costs });

export const LAYER_KERNELS = {
  /**
   * CMSIS-NN 4 to 6. Convolutions gather windows as 16 bits (`arm_q7_to_q15_with_offset`: 9 instructions for 4) and
   * multiply two columns by two rows (`arm_nn_mat_mult_kernel_s8_s16`: 20 for 16 multiply-adds); pointwise ones read
   * 8 bits in place (`arm_nn_mat_mult_nt_t_s8`: 21 for 16); depthwise ones gather, then pair taps of four channels
   * (`arm_depthwise_conv_s8_opt`: 4 × 26 + 16 for 36 with nine taps).
   */
  'cmsis-nn': counted({
    conv: { multiply_add: 1.25, output: REQUANTISE, window: 2.25, input: 0 },
    pointwise: { multiply_add: 1.3, output: REQUANTISE, window: 0, input: 0 },
    depthwise: { multiply_add: 3.3, output: REQUANTISE, window: 2.25, input: 0 },
    dense: DENSE,
    add: ADD,
    pool: POOL,
    other: { ...MULTIPLY_ADD_ALONE, multiply_add: 1.25 },
  }),
  /**
   * CMSIS-NN 7 on a core with vectors of 128 bits (MVE). Products take 11 instructions for 64 multiply-adds of four
   * columns, and 40 for the four outputs they end in (`arm_nn_mat_mult_nt_t_s8`), dense layers 12 for 64
   * (`arm_nn_vec_mat_mult_t_s8`); depthwise ones pair taps of four channels in 32 bits, 16 instructions for 16, and end
   * 16 outputs in 72 (`arm_nn_depthwise_conv_nt_t_s8`). Windows are copied 16 bytes in two instructions.
   */
  'cmsis-nn-mve': counted({
    conv: { multiply_add: 11 / 64, output: 10, window: 1 / 8, input: 0 },
    pointwise: { multiply_add: 11 / 64, output: 10, window: 0, input: 0 },
    depthwise: { multiply_add: 1, output: 4.5, window: 1 / 8, input: 0 },
    dense: { multiply_add: 12 / 64, output: 10, window: 0, input: 0 },
    add: { multiply_add: 0, output: 9, window: 0, input: 0 },
    pool: { multiply_add: 0, output: 0, window: 0, input: 0.5 },
    other: { ...MULTIPLY_ADD_ALONE, multiply_add: 11 / 64 },
  }),
  /**
   * TinyEngine (mit-han-lab/tinyengine 47bb283). Pointwise kernels are unrolled for their channels (38 for 32
   * multiply-adds) after a reordered gather of each input element (6 for 4); depthwise kernels work in place on one
   * channel copied out (5 an element), two outputs at a time in plain multiply-adds (45 for 18).
   */
  tinyengine: counted({
    conv: { multiply_add: 1.25, output: REQUANTISE, window: 1.5, input: 0 },
    pointwise: { multiply_add: 1.2, output: REQUANTISE, window: 0, input: 1.5 },
    depthwise: { multiply_add: 2.5, output: REQUANTISE, window: 0, input: 5 },
    dense: DENSE,
    add: ADD,
    pool: POOL,
    other: { ...MULTIPLY_ADD_ALONE, multiply_add: 1.25 },
  }),
  /** Kernels of which nothing is known: every multiply-add takes the same, all else nothing. */
  uniform: counted({
    conv: MULTIPLY_ADD_ALONE,
    pointwise: MULTIPLY_ADD_ALONE,
    depthwise: MULTIPLY_ADD_ALONE,
    dense: MULTIPLY_ADD_ALONE,
    add: NOTHING,
    pool: MULTIPLY_ADD_ALONE,
    other: MULTIPLY_ADD_ALONE,
  }),
  /** The accelerator of GAP9, in its cycles. */
  ne16: { kind: 'ne16' },
} as const satisfies Readonly<Record<string, LayerLaw>>;

export type LayerKernelsName = keyof typeof LAYER_KERNELS;

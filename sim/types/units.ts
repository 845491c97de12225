/**
 * Number aliases that say what a quantity means. All are SI; the unit is part of every field's name as well.
 * @module
 */

/** Whole nanoseconds held in a float64 (exact up to 2^53 ns, 104 days). */
export type Nanoseconds = number;

/** The precisions a compute unit can have a peak for. */
export type Dtype = 'fp32' | 'tf32' | 'fp16' | 'bf16' | 'fp8' | 'int8' | 'int4';

/** What a tensor is for. Memories report their peak per kind. */
export type TensorKind = 'weight' | 'kv' | 'activation' | 'gradient' | 'optimizer' | 'index' | 'table' | 'workspace';

/** The part of a run a step belongs to; metric names carry it. */
export type Phase = 'prefill' | 'decode' | 'forward' | 'backward' | 'optimizer';

/**
 * A curve as (argument, value) points with arguments ascending, flat outside them; a constant is one point. Efficiencies
 * are linear in the logarithm of the size, times and shares in the argument itself.
 */
export type Curve = readonly (readonly [size: number, value: number])[];

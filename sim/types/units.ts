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
 * A saturating curve as (size, value) points with sizes ascending: linear in log(size) between points, flat outside.
 * A constant is one point.
 */
export type Curve = readonly (readonly [size: number, value: number])[];

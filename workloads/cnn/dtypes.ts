import type { Dtype } from '../../sim/types/index.ts';

/** Bytes of one element. */
export const ELEMENT_BYTES = { int4: 0.5, int8: 1, fp16: 2, fp32: 4 } as const satisfies Partial<Record<Dtype, number>>;
export type NetworkDtype = keyof typeof ELEMENT_BYTES;

/** Whether values are integers with a scale. */
export const isInteger = (dtype: NetworkDtype): boolean => dtype === 'int8' || dtype === 'int4';

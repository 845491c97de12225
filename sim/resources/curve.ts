import type { Curve } from '../types/units.ts';

/**
 * Value of a curve at a size: linear in log(size) between points, flat outside them. An empty curve is `otherwise`.
 */
export function curveAt(curve: Curve, size: number, otherwise: number): number {
  const count = curve.length;
  if (count === 0) return otherwise;
  const first = curve[0]!;
  if (count === 1 || size <= first[0]) return first[1];
  for (let i = 1; i < count; i++) {
    const [size1, value1] = curve[i]!;
    if (size > size1) continue;
    const [size0, value0] = curve[i - 1]!;
    const low = Math.max(size0, Number.MIN_VALUE);
    const share = Math.log(size / low) / Math.log(size1 / low);
    return value0 + (value1 - value0) * share;
  }
  return curve[count - 1]![1];
}

/** The same with linear interpolation in the argument itself, for shares and other quantities that may be 0. */
export function linearCurveAt(curve: Curve, x: number, otherwise: number): number {
  const count = curve.length;
  if (count === 0) return otherwise;
  if (x <= curve[0]![0]) return curve[0]![1];
  for (let i = 1; i < count; i++) {
    const [x1, value1] = curve[i]!;
    if (x > x1) continue;
    const [x0, value0] = curve[i - 1]!;
    return value0 + ((value1 - value0) * (x - x0)) / (x1 - x0);
  }
  return curve[count - 1]![1];
}

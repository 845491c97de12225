/** Where one curve overtakes another. */
export interface Crossing {
  readonly x: number;
  readonly y: number;
  /** The curve that is above beyond the crossing. */
  readonly above: string;
}

/** A curve as points with ascending x, straight between them. */
export interface NamedCurve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/**
 * The crossings of two piecewise linear curves, at the x they share, in order. Curves that only touch do not cross.
 *
 * @example
 * crossings({ name: 'a', points: [[0, 0], [2, 2]] }, { name: 'b', points: [[0, 1], [2, 1]] });
 * // [{ x: 1, y: 1, above: 'a' }]
 */
export function crossings(a: NamedCurve, b: NamedCurve): Crossing[] {
  const shared = a.points.flatMap(([x, y]) => {
    const other = b.points.find(([place]) => place === x);
    return other === undefined ? [] : [{ x, y, gap: y - other[1] }];
  });
  const found: Crossing[] = [];
  let last: (typeof shared)[number] | undefined;
  for (const point of shared) {
    if (point.gap === 0) continue;
    if (last !== undefined && Math.sign(point.gap) !== Math.sign(last.gap)) {
      const share = last.gap / (last.gap - point.gap);
      found.push({
        x: last.x + (point.x - last.x) * share,
        y: last.y + (point.y - last.y) * share,
        above: point.gap > 0 ? a.name : b.name,
      });
    }
    last = point;
  }
  return found;
}

/** Which of two ways is better on an axis. */
type Way = 'lower' | 'higher';

/** Indices of the points that no other is at least as good as on both axes and better than on one. */
export function paretoFront(
  points: readonly { readonly x: number; readonly y: number }[],
  wayX: Way,
  wayY: Way,
): Set<number> {
  const [sx, sy] = [wayX === 'lower' ? 1 : -1, wayY === 'lower' ? 1 : -1];
  const order = points
    .map((_, index) => index)
    .sort((a, b) => sx * (points[a]!.x - points[b]!.x) || sy * (points[a]!.y - points[b]!.y));
  const front = new Set<number>();
  let best = Number.POSITIVE_INFINITY;
  let kept: number | undefined;
  for (const index of order) {
    const y = sy * points[index]!.y;
    const twin = kept !== undefined && points[kept]!.x === points[index]!.x && points[kept]!.y === points[index]!.y;
    if (y >= best && !twin) continue;
    best = y;
    kept = index;
    front.add(index);
  }
  return front;
}

/**
 * Fewer instants of a long curve that still show its peaks: the ends, and of every stretch between them the fullest.
 * @param size how much there is at an instant
 * @param most instants that are kept, at least 3
 * @returns their numbers, rising
 */
export function thinned(count: number, size: (index: number) => number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index);
  const stretch = Math.ceil((count - 2) / (most - 2));
  const kept = [0];
  for (let from = 1; from < count - 1; from += stretch) {
    let best = from;
    for (let index = from + 1; index < Math.min(from + stretch, count - 1); index++) {
      if (size(index) > size(best)) best = index;
    }
    kept.push(best);
  }
  return [...kept, count - 1];
}

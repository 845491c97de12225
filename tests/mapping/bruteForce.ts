import type { MapBuffer } from '../../policies/planner/mapping/problem.ts';

const aligned = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

/** The bytes of `a` in use at a time, as a window from its offset, or null. */
function windowAt(a: MapBuffer, time: number): readonly [number, number] | null {
  if (time < a.lower || time >= a.upper) return null;
  const gap = a.gaps?.find(({ lower, upper }) => time >= lower && time < upper);
  if (!gap) return [0, a.size_bytes];
  return gap.window ? [gap.window.from_bytes, gap.window.to_bytes] : null;
}

/**
 * The least height of any plan, by trying every order and putting each buffer as low as those before it allow. Every
 * plan can be slid down into one that some order gives, for windows that begin at the offset. For a handful of buffers.
 */
export function leastHeight(buffers: readonly MapBuffer[]): number {
  const times = [
    ...new Set(buffers.flatMap(({ lower, gaps = [] }) => [lower, ...gaps.flatMap((g) => [g.lower, g.upper])])),
  ];
  let best = Number.POSITIVE_INFINITY;
  const offsets = new Map<MapBuffer, number>();
  const above = (low: MapBuffer, high: MapBuffer): number => {
    let bytes = 0;
    for (const time of times) {
      const [a, b] = [windowAt(low, time), windowAt(high, time)];
      if (a && b) bytes = Math.max(bytes, a[1]);
    }
    return bytes;
  };
  const place = (rest: readonly MapBuffer[], height: number): void => {
    if (height >= best) return;
    if (rest.length === 0) best = height;
    for (const buffer of rest) {
      let at = 0;
      for (const [other, offset] of offsets) {
        const bytes = above(other, buffer);
        if (bytes > 0) at = Math.max(at, offset + bytes);
      }
      at = aligned(at, buffer.alignment_bytes ?? 1);
      if (buffer.fixed_offset_bytes !== undefined) {
        if (at > buffer.fixed_offset_bytes) continue;
        at = buffer.fixed_offset_bytes;
      }
      offsets.set(buffer, at);
      place(
        rest.filter((other) => other !== buffer),
        Math.max(height, at + buffer.size_bytes),
      );
      offsets.delete(buffer);
    }
  };
  place(buffers, 0);
  return best;
}

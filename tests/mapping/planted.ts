import type { MapBuffer } from '../../policies/planner/mapping/problem.ts';
import type { Rng } from '../../sim/kernel/random.ts';

/** Steps and bytes of the rectangle that is cut. */
export const PLANTED_SIDE = 2 ** 20;
const GRAIN = 1024;

/**
 * A filled rectangle cut by straight cuts from side to side: buffers whose lowest plan is the side of the rectangle, known
 * by construction, with no byte to spare at any time.
 */
export function plantedBuffers(count: number, random: Rng): MapBuffer[] {
  const pieces = [{ x0: 0, x1: PLANTED_SIDE, y0: 0, y1: PLANTED_SIDE }];
  while (pieces.length < count) {
    const areas = pieces.map(({ x0, x1, y0, y1 }) => (x1 - x0) * (y1 - y0));
    const sums: number[] = [];
    for (const area of areas) sums.push((sums.at(-1) ?? 0) + area);
    const k = random.weighted(sums);
    const piece = pieces[k]!;
    const share = random.uniform(0.2, 0.8);
    const [width, height] = [piece.x1 - piece.x0, piece.y1 - piece.y0];
    const upright = width * random.next() > height * random.next();
    const at = (upright ? piece.x0 : piece.y0) + Math.round(((upright ? width : height) * share) / GRAIN) * GRAIN;
    if (upright ? at <= piece.x0 || at >= piece.x1 : at <= piece.y0 || at >= piece.y1) continue;
    pieces[k] = upright ? { ...piece, x1: at } : { ...piece, y1: at };
    pieces.push(upright ? { ...piece, x0: at } : { ...piece, y0: at });
  }
  const shuffled = random.shuffle(pieces);
  return shuffled.map(({ x0, x1, y0, y1 }, i) => ({ id: String(i), lower: x0, upper: x1, size_bytes: y1 - y0 }));
}

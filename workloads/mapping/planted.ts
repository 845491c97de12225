import type { Rng } from '../../sim/kernel/random.ts';
import type { MappingProgram } from '../../sim/types/index.ts';
import { ProgramBuilder } from './build.ts';

/** Steps of time for so many buffers: a column of some five of them at once. */
const STEPS_A_BUFFER = 0.5;

/**
 * A rectangle of ops by `bytes`, cut from side to side into about `count` buffers: each is written by its first op and read
 * by its last, and nothing else lives, so that all of them fit a fast memory of `bytes` exactly, with no byte to spare
 * at any op. The best plan is known: everything fast, in the sum of the ops' times in the fast memory.
 */
export function planted(count: number, bytes: number, random: Rng): MappingProgram {
  const ops = Math.max(Math.round(count * STEPS_A_BUFFER), 2);
  const pieces = [{ x0: 0, x1: ops, y0: 0, y1: bytes }];
  for (let tries = 0; pieces.length < count && tries < 50 * count; tries++) {
    const k = random.integer(pieces.length);
    const piece = pieces[k]!;
    const upright = random.chance(0.5);
    const [low, high] = upright ? [piece.x0, piece.x1] : [piece.y0, piece.y1];
    const at = low + Math.round((high - low) * random.uniform(0.25, 0.75));
    // A buffer lives for two ops or more: one writes it, another reads it.
    if (upright ? at - low < 2 || high - at < 2 : at === low || at === high) continue;
    pieces[k] = upright ? { ...piece, x1: at } : { ...piece, y1: at };
    pieces.push(upright ? { ...piece, x0: at } : { ...piece, y0: at });
  }
  const b = new ProgramBuilder();
  const ids = pieces.map(({ y0, y1 }, i) => b.buffer(`t${i}`, y1 - y0));
  for (let x = 0; x < ops; x++) {
    const where = (test: (piece: (typeof pieces)[number]) => boolean) => ids.filter((_, i) => test(pieces[i]!));
    b.op(
      `op${x}`,
      0,
      where(({ x1 }) => x1 - 1 === x),
      where(({ x0 }) => x0 === x),
    );
  }
  return b.program();
}

import type { Rng } from '../../../sim/kernel/random.ts';
import { boundednessOrder, placeInOrder } from './greedy.ts';
import type { LevelGame } from './plan.ts';
import type { Playing } from './played.ts';

/** Local search over the orders that the greedy takes, from XLA's own: never worse than it. */
export function* orderSearch(game: LevelGame, tries: number, random: Rng): Playing {
  let order = boundednessOrder(game);
  let best = placeInOrder(game, order);
  for (let k = 0; k < tries && order.length > 0; k++) {
    const next = order.slice();
    if (next.length > 1 && random.chance(0.8)) {
      const [item] = next.splice(random.integer(next.length), 1);
      next.splice(random.integer(next.length + 1), 0, item!);
    } else if (random.chance(0.5)) next.splice(random.integer(next.length), 1);
    else {
      const out = game.program.buffers.map((_, b) => b).filter((b) => !next.includes(b));
      if (out.length === 0) continue;
      next.splice(random.integer(next.length + 1), 0, out[random.integer(out.length)]!);
    }
    const found = placeInOrder(game, next);
    yield best;
    if (found.score > best.score) continue;
    best = found;
    order = next;
  }
  return best;
}

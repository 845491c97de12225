import type { Rng } from '../../../sim/kernel/random.ts';
import { beam } from './beam.ts';
import { boundednessOrder, placeInOrder } from './greedy.ts';
import { mcts } from './mcts.ts';
import { orderSearch } from './orderSearch.ts';
import type { LevelGame } from './plan.ts';
import { allSlow, type Playing } from './played.ts';
import { repair } from './repair.ts';

const WIDTH = 3;
/** Tries of each search times the accesses of the program, and the fewest and most tries: large programs get fewer. */
const WORK = { orders: [12_000, 20, 100], playouts: [12_000, 10, 100], repairs: [60_000, 60, 600] } as const;

/**
 * The best of the searches, then repaired. Never worse than all-slow or XLA's greedy, which are among the starts, nor than
 * the greedy with only one of several fast memories.
 */
export function* bestOf(game: LevelGame, random: Rng, effort = 1): Playing {
  const tries = (of: keyof typeof WORK): number => {
    const [work, fewest, most] = WORK[of];
    return Math.ceil(Math.min(Math.max(Math.round(work / game.accesses.length), fewest), most) * effort);
  };
  let best = allSlow(game);
  // A further memory is of no harm: the greedy also goes to each alone.
  if (game.fast.length > 1) {
    for (const memory of game.fast) {
      const alone = placeInOrder(game, boundednessOrder(game, memory), [memory]);
      if (alone.score < best.score) best = alone;
      yield best;
    }
  }
  const starts = [orderSearch(game, tries('orders'), random), beam(game, WIDTH), mcts(game, tries('playouts'), random)];
  for (const playing of starts) {
    for (let step = playing.next(); ; step = playing.next()) {
      if (step.value && step.value.score < best.score) best = step.value;
      if (step.done) break;
      yield best;
    }
  }
  return yield* repair(game, best, tries('repairs'), random);
}

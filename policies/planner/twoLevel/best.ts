import type { Rng } from '../../../sim/kernel/random.ts';
import type { TwoLevelGame } from './plan.ts';
import { allSlow, beam, mcts, orderSearch, type Played } from './policies.ts';
import { repair } from './repair.ts';

const WIDTH = 3;
/** Tries of each search times the accesses of the program, and the fewest and most tries: large programs get fewer. */
const WORK = { orders: [12_000, 20, 100], playouts: [12_000, 10, 100], repairs: [60_000, 60, 600] } as const;

/** The best of the searches, then repaired. Never worse than all-slow or XLA's greedy, which are among the starts. */
export function bestOf(game: TwoLevelGame, random: Rng, effort = 1): Played {
  const tries = (of: keyof typeof WORK): number => {
    const [work, fewest, most] = WORK[of];
    return Math.ceil(Math.min(Math.max(Math.round(work / game.accesses.length), fewest), most) * effort);
  };
  const all = [
    allSlow(game),
    orderSearch(game, tries('orders'), random),
    beam(game, WIDTH),
    mcts(game, tries('playouts'), random),
  ];
  const start = all.reduce((a, b) => (b.score < a.score ? b : a));
  return repair(game, start, tries('repairs'), random);
}

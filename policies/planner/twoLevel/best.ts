import type { Rng } from '../../../sim/kernel/random.ts';
import type { TwoLevelGame } from './plan.ts';
import { allSlow, beam, mcts, orderSearch, type Played } from './policies.ts';
import { repair } from './repair.ts';

/** Plans that each search tries for one unit of effort. */
const ORDERS = 100;
const WIDTH = 3;
const PLAYOUTS = 100;
const REPAIRS = 400;

/** The best of the searches, then repaired. Never worse than all-slow or XLA's greedy, which are among the starts. */
export function bestOf(game: TwoLevelGame, random: Rng, effort = 1): Played {
  const all = [
    allSlow(game),
    orderSearch(game, ORDERS * effort, random),
    beam(game, WIDTH),
    mcts(game, PLAYOUTS * effort, random),
  ];
  const start = all.reduce((a, b) => (b.score < a.score ? b : a));
  return repair(game, start, REPAIRS * effort, random);
}

import type { Rng } from '../../../sim/kernel/random.ts';
import { beam } from './beam.ts';
import { bestOf } from './best.ts';
import { exact } from './exact.ts';
import { xlaGreedy } from './greedy.ts';
import { mcts } from './mcts.ts';
import { orderSearch } from './orderSearch.ts';
import type { LevelGame } from './plan.ts';
import { allSlow, type Played, type Playing } from './played.ts';
import { repair } from './repair.ts';
import type { SEARCH_IDS } from './schema.ts';

/** A way to play the game. */
export interface Search {
  readonly id: (typeof SEARCH_IDS)[number];
  readonly description: string;
  /** Ends with null where it cannot say anything of a program of this size. */
  play(game: LevelGame, random: Rng, effort: number): Playing;
}

/** Nodes after which the exact search gives up. */
const EXACT_NODES = 20_000;

/** A policy that makes one plan. */
const once = (policy: (game: LevelGame) => Played) =>
  function* (game: LevelGame): Playing {
    const made = policy(game);
    yield made;
    return made;
  };

export const SEARCHES: readonly Search[] = [
  { id: 'all-slow', description: 'Nothing in a fast memory', play: once(allSlow) },
  {
    id: 'xla-greedy',
    description: "XLA's memory space assignment: buffers by memory boundedness",
    play: once(xlaGreedy),
  },
  {
    id: 'order-search',
    description: 'Local search over the orders that the greedy takes',
    play: (game, random, effort) => orderSearch(game, Math.ceil(200 * effort), random),
  },
  {
    id: 'beam',
    description: 'Uses in program order, the best few plans kept',
    play: (game, _, effort) => beam(game, Math.ceil(4 * effort)),
  },
  {
    id: 'mcts',
    description: 'Monte-Carlo tree search over uses in program order',
    play: (game, random, effort) => mcts(game, Math.ceil(200 * effort), random),
  },
  {
    id: 'repair',
    description: "A few buffers at a time taken out of XLA's plan and put back better",
    play: (game, random, effort) => repair(game, xlaGreedy(game), Math.ceil(400 * effort), random),
  },
  {
    id: 'best',
    description: 'The best of these, repaired',
    play: bestOf,
  },
  {
    id: 'exact',
    description: 'Branch and bound over all actions, on programs small enough to finish',
    play: (game, _, effort) => exact(game, Math.ceil(EXACT_NODES * effort)),
  },
];

import type { Rng } from '../../../sim/kernel/random.ts';
import type { LevelGame, LevelPlan } from './plan.ts';
import { allSlow, type Playing, played } from './played.ts';

interface Node {
  readonly plan: LevelPlan;
  readonly depth: number;
  visits: number;
  total: number;
  children: Node[] | null;
}

/** How far the tree search leans to what it has seldom tried (UCT: Kocsis and Szepesvári, ECML 2006). */
const EXPLORE = 0.5;

/** Monte-Carlo tree search over the accesses in program order; the rest of a plan is kept or copied where it can be. */
export function* mcts(game: LevelGame, playouts: number, random: Rng): Playing {
  let best = allSlow(game);
  const scale = best.score;
  const root: Node = { plan: game.empty, depth: 0, visits: 0, total: 0, children: null };
  const playOut = (start: LevelPlan, depth: number): number => {
    let plan = start;
    for (let k = depth; k < game.accesses.length; k++) {
      const options = game.options(plan, k, 1);
      plan = options[random.chance(0.85) ? 0 : random.integer(options.length)]!.plan;
    }
    const now = played(game, plan);
    if (now.score < best.score) best = now;
    return 1 - now.score / scale;
  };
  for (let n = 0; n < playouts; n++) {
    const path = [root];
    let node = root;
    while (node.children && node.children.length > 0) {
      const { visits } = node;
      const worth = (child: Node): number =>
        child.visits === 0
          ? Number.POSITIVE_INFINITY
          : child.total / child.visits + EXPLORE * Math.sqrt(Math.log(visits) / child.visits);
      node = node.children.reduce((a, b) => (worth(b) > worth(a) ? b : a));
      path.push(node);
    }
    if (node.depth < game.accesses.length && (node.visits > 0 || node === root)) {
      const depth = node.depth + 1;
      node.children = game
        .options(node.plan, node.depth)
        .map(({ plan }) => ({ plan, depth, visits: 0, total: 0, children: null }));
      node = node.children[0]!;
      path.push(node);
    }
    const reward = playOut(node.plan, node.depth);
    for (const step of path) {
      step.visits++;
      step.total += reward;
    }
    yield best;
  }
  return best;
}

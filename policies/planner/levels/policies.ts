import type { Rng } from '../../../sim/kernel/random.ts';
import { copyTo, DROP, type LevelGame, type LevelPlan } from './plan.ts';
import { computeTime, memoryTime, opTimeIn, slowestOf, trafficOf } from './program.ts';

/** A plan and what it is judged by: seconds, joules or dollars. */
export interface Played {
  readonly plan: LevelPlan;
  readonly score: number;
}

/** A search under way: gives the best plan so far after every try, and at its end the best of all, or null. */
export type Playing = Generator<Played, Played | null>;

/** Goes on with a search to its end. */
export function finish(playing: Playing): Played | null {
  for (;;) {
    const step = playing.next();
    if (step.done) return step.value;
  }
}

export const played = (game: LevelGame, plan: LevelPlan): Played => ({ plan, score: game.score(plan) });

/** Everything stays in the slow memory. */
export const allSlow = (game: LevelGame): Played => played(game, game.empty);

/**
 * XLA's memory boundedness of every buffer: what its accesses save in the fast memory, over the root of its size. The
 * savings are summed where positive; a buffer that saves nowhere has its least loss.
 * @param memory the fast memory
 */
export function boundedness(game: LevelGame, memory = 0): Float64Array {
  const { program, accesses } = game;
  const { levels, ops, buffers } = program;
  const slowest = slowestOf(levels);
  const gain = new Float64Array(buffers.length);
  const least = new Float64Array(buffers.length).fill(Number.NEGATIVE_INFINITY);
  for (const { op: i, buffer, write } of accesses) {
    const op = ops[i]!;
    const slow = memoryTime(
      levels,
      trafficOf(program, op, () => slowest),
    );
    const fast = memoryTime(
      levels,
      trafficOf(program, op, (b, w) => (b === buffer && w === write ? memory : slowest)),
    );
    const compute = computeTime(levels, op.flops);
    const benefit = (slow >= compute ? slow - fast : slow - compute) * (op.times ?? 1);
    if (benefit > 0) gain[buffer]! += benefit;
    least[buffer] = Math.max(least[buffer]!, benefit);
  }
  return gain.map((sum, b) => (sum > 0 ? sum : Math.max(least[b]!, -1e300)) / Math.sqrt(buffers[b]!.bytes));
}

/**
 * XLA's greedy: buffers one by one, each use kept in the fast memory where it can be, else copied at the picker's first
 * start that finds room, to the fastest memory that has any, else left in the slowest.
 * @param order places in the list of buffers
 * @param fast the fast memories that are used
 */
export function placeInOrder(game: LevelGame, order: readonly number[], fast = game.fast): Played {
  const own: number[][] = game.program.buffers.map(() => []);
  game.accesses.forEach(({ buffer }, k) => void own[buffer]!.push(k));
  let plan = game.empty;
  for (const buffer of order) {
    for (const k of own[buffer]!) {
      plan = firstKept(game, plan, k, fast) ?? firstCopy(game, plan, k, fast) ?? game.apply(plan, k, DROP)!;
    }
  }
  return played(game, plan);
}

function firstKept(game: LevelGame, plan: LevelPlan, k: number, fast: readonly number[]): LevelPlan | null {
  const { before } = game.accesses[k]!;
  const stays = before >= 0 && game.isFast(plan, before);
  for (const action of game.keeps(plan, k)) {
    if (!stays && !fast.includes(action.in ?? 0)) continue;
    const next = game.apply(plan, k, action);
    if (next) return next;
  }
  return null;
}

function firstCopy(game: LevelGame, plan: LevelPlan, k: number, fast: readonly number[]): LevelPlan | null {
  for (const m of fast) {
    for (const start of game.starts(plan, k, m)) {
      const next = game.apply(plan, k, copyTo(m, start));
      if (next) return next;
    }
  }
  return null;
}

/** Buffers by falling boundedness, those that gain nothing left out. */
export function boundednessOrder(game: LevelGame, memory = 0): number[] {
  const key = boundedness(game, memory);
  return [...key.keys()].filter((b) => key[b]! > 0).sort((a, b) => key[b]! - key[a]! || a - b);
}

export const xlaGreedy = (game: LevelGame): Played => placeInOrder(game, boundednessOrder(game));

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

/** The accesses in program order, the `width` quickest plans kept after each. */
export function* beam(game: LevelGame, width: number): Playing {
  const slow = allSlow(game);
  let front = [slow];
  for (let k = 0; k < game.accesses.length; k++) {
    const next = front.flatMap(({ plan }) => game.options(plan, k, 2).map((option) => played(game, option.plan)));
    // Of equal times the plan that uses less of the fast memory stays.
    next.sort((a, b) => a.score - b.score || a.plan.residences.length - b.plan.residences.length);
    front = next.slice(0, width);
    // Till then the plans are not finished, and what they leave open may still cost a write-back.
    yield slow;
  }
  return front[0]!;
}

/** The best plan of all that the actions make, by branch and bound; null after `nodes` nodes. For small programs. */
export function* exact(game: LevelGame, nodes: number): Playing {
  let best = allSlow(game);
  let left = nodes;
  const { ops, objective = 'time' } = game.program;
  const byTime = objective === 'time';
  // No plan runs the ops from i on faster than all in the fastest memory; of joules and dollars nothing is known.
  const rest = new Float64Array(ops.length + 1);
  for (let i = ops.length - 1; i >= 0; i--) rest[i] = rest[i + 1]! + opTimeIn(game.program, ops[i]!, 0);
  const stack = [{ plan: game.empty, k: 0, done_s: 0 }];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (left-- <= 0) return null;
    yield best;
    const { plan, k, done_s } = node;
    if (k === game.accesses.length) {
      const now = played(game, plan);
      if (now.score < best.score) best = now;
      continue;
    }
    const { op } = game.accesses[k]!;
    if (byTime && done_s + rest[op]! >= best.score) continue;
    const last = game.accesses[k + 1]?.op !== op;
    for (const next of game.outcomes(plan, k).reverse()) {
      stack.push({ plan: next, k: k + 1, done_s: last ? done_s + opSeconds(game, next, k) : done_s });
    }
  }
  return best;
}

/** Seconds of the op of access `k` alone, without any waiting. */
function opSeconds(game: LevelGame, plan: LevelPlan, k: number): number {
  const { program, accesses } = game;
  const { op: i } = accesses[k]!;
  const op = program.ops[i]!;
  const slowest = slowestOf(program.levels);
  const traffic = trafficOf(program, op, (buffer, write) => {
    const own = accesses.findIndex((a) => a.op === i && a.buffer === buffer && a.write === write);
    return plan.placeOf[own] ?? slowest;
  });
  const { levels } = program;
  return Math.max(computeTime(levels, op.flops), memoryTime(levels, traffic)) * (op.times ?? 1);
}

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

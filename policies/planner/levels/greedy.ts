import { copyTo, DROP, type LevelGame, type LevelPlan } from './plan.ts';
import { type Played, played } from './played.ts';
import { computeTime, memoryTime, slowestOf, trafficOf } from './program.ts';

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

import type { LevelGame, LevelPlan } from './plan.ts';
import { allSlow, type Playing, played } from './played.ts';
import { computeTime, memoryTime, opTimeIn, slowestOf, trafficOf } from './program.ts';

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

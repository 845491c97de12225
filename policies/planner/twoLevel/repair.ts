import type { Rng } from '../../../sim/kernel/random.ts';
import { DROP, KEEP, type TwoLevelGame, type TwoLevelPlan } from './plan.ts';
import { type Played, played } from './policies.ts';

/** Share of its score by which a plan may be worse than the one before it and still be gone on from, at the start. */
const WARMTH = 0.01;
/** Copy starts that are tried for an access. */
const STARTS = 4;
/** Of so many accesses that are decided by trying, one is decided by lot. */
const LOTS = 8;

/**
 * Large neighbourhood search (Shaw, CP 1998): again and again a few buffers, related by the ops around them or drawn by
 * lot, are taken out of the plan and put back use by use, each use as the simulator likes best. Plans that are slightly
 * worse are gone on from while the search is warm; the best one is returned, never worse than `start`.
 */
export function repair(game: TwoLevelGame, start: Played, tries: number, random: Rng): Played {
  const own: number[][] = game.program.buffers.map(() => []);
  game.accesses.forEach(({ buffer }, k) => void own[buffer]!.push(k));
  const used = own.flatMap((accesses, buffer) => (accesses.length > 0 ? [buffer] : []));
  if (used.length === 0) return start;
  let best = start;
  let at = start;
  for (let n = 0; n < tries; n++) {
    const out = random.shuffle(random.chance(0.5) ? someOf(used, random) : nearOf(game, random));
    let plan = without(game, at.plan, out);
    for (const buffer of out) plan = putBack(game, plan, own[buffer]!, random);
    const next = played(game, plan);
    const warmth = WARMTH * (1 - n / tries);
    if (next.score <= at.score * (1 + warmth * random.next())) at = next;
    if (next.score < best.score) best = next;
    // From time to time the search goes back to the best.
    else if (random.chance(0.02)) at = best;
  }
  return best;
}

function someOf(used: readonly number[], random: Rng): number[] {
  return random.shuffle(used.slice()).slice(0, 1 + random.integer(4));
}

/** Buffers of a few neighbouring ops. */
function nearOf(game: TwoLevelGame, random: Rng): number[] {
  const { ops } = game.program;
  const first = random.integer(ops.length);
  const span = ops.slice(first, first + 1 + random.integer(4));
  return [...new Set(span.flatMap(({ reads, writes }) => [...reads, ...writes]))];
}

/** The plan without any decision about some buffers. */
function without(game: TwoLevelGame, plan: TwoLevelPlan, buffers: readonly number[]): TwoLevelPlan {
  const gone = new Set(buffers);
  const keeps = (_: unknown, k: number): boolean => !gone.has(game.accesses[k]!.buffer);
  return {
    actions: plan.actions.map((action, k) => (keeps(action, k) ? action : undefined)),
    residences: plan.residences.filter(({ buffer }) => !gone.has(buffer)),
    writtenBy: plan.writtenBy.map((end, k) => (keeps(end, k) ? end : undefined)),
  };
}

/** Decides the uses of one buffer in order: as the simulator likes best, as the greedy would, or none of them. */
function putBack(game: TwoLevelGame, start: TwoLevelPlan, accesses: readonly number[], random: Rng): TwoLevelPlan {
  const mood = random.next();
  let plan = start;
  for (const k of accesses) {
    if (mood < 0.1) plan = game.apply(plan, k, DROP)!;
    else if (mood < 0.4) plan = game.apply(plan, k, KEEP) ?? someCopy(game, plan, k, random);
    else {
      const options = game.options(plan, k, STARTS).map((option) => played(game, option.plan));
      const lot = random.integer(LOTS) === 0 ? options[random.integer(options.length)]! : null;
      plan = (lot ?? options.reduce((a, b) => (b.score < a.score ? b : a))).plan;
    }
  }
  return plan;
}

/** A copy at one of the picker's first starts, or a drop. */
function someCopy(game: TwoLevelGame, plan: TwoLevelPlan, k: number, random: Rng): TwoLevelPlan {
  const starts = game.starts(k);
  for (let n = 0; n < STARTS && starts.length > 0; n++) {
    const [start] = starts.splice(Math.min(random.integer(2 * STARTS), starts.length - 1), 1);
    const next = game.apply(plan, k, { do: 'copy', start: start! });
    if (next) return next;
  }
  return game.apply(plan, k, DROP)!;
}

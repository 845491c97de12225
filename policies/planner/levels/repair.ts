import type { Rng } from '../../../sim/kernel/random.ts';
import { copyTo, DROP, type LevelGame, type LevelPlan } from './plan.ts';
import { type Played, type Playing, played } from './played.ts';

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
export function* repair(game: LevelGame, start: Played, tries: number, random: Rng): Playing {
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
    yield best;
  }
  return best;
}

function someOf(used: readonly number[], random: Rng): number[] {
  return random.shuffle(used.slice()).slice(0, 1 + random.integer(4));
}

/** Buffers of a few neighbouring ops. */
function nearOf(game: LevelGame, random: Rng): number[] {
  const { ops } = game.program;
  const first = random.integer(ops.length);
  const span = ops.slice(first, first + 1 + random.integer(4));
  return [...new Set(span.flatMap(({ reads, writes }) => [...reads, ...writes]))];
}

/** The plan without any decision about some buffers. */
function without(game: LevelGame, plan: LevelPlan, buffers: readonly number[]): LevelPlan {
  const gone = new Set(buffers);
  const kept = <T>(list: readonly (T | undefined)[]) =>
    list.map((value, k) => (gone.has(game.accesses[k]!.buffer) ? undefined : value));
  return {
    actions: kept(plan.actions),
    placeOf: kept(plan.placeOf),
    residences: plan.residences.filter(({ buffer }) => !gone.has(buffer)),
    writtenBy: kept(plan.writtenBy),
    heldBy: kept(plan.heldBy),
  };
}

/** Decides the uses of one buffer in order: as the simulator likes best, as the greedy would, or none of them. */
function putBack(game: LevelGame, start: LevelPlan, accesses: readonly number[], random: Rng): LevelPlan {
  const mood = random.next();
  let plan = start;
  for (const k of accesses) {
    if (mood < 0.1) plan = game.apply(plan, k, DROP)!;
    else if (mood < 0.4) plan = someKept(game, plan, k, random) ?? someCopy(game, plan, k, random);
    else {
      const options = game.options(plan, k, STARTS).map((option) => played(game, option.plan));
      const lot = random.integer(LOTS) === 0 ? options[random.integer(options.length)]! : null;
      plan = (lot ?? options.reduce((a, b) => (b.score < a.score ? b : a))).plan;
    }
  }
  return plan;
}

/** Kept in the fastest memory that will have it, or in any by lot. */
function someKept(game: LevelGame, plan: LevelPlan, k: number, random: Rng): LevelPlan | null {
  const keeps = game.keeps(plan, k);
  if (keeps.length > 1 && random.integer(LOTS) === 0) random.shuffle(keeps);
  for (const action of keeps) {
    const next = game.apply(plan, k, action);
    if (next) return next;
  }
  return null;
}

/** A copy at one of the picker's first starts, or a drop. */
function someCopy(game: LevelGame, plan: LevelPlan, k: number, random: Rng): LevelPlan {
  for (const m of game.fast) {
    const starts = game.starts(plan, k, m);
    for (let n = 0; n < STARTS && starts.length > 0; n++) {
      const [start] = starts.splice(Math.min(random.integer(2 * STARTS), starts.length - 1), 1);
      const next = game.apply(plan, k, copyTo(m, start!));
      if (next) return next;
    }
  }
  return game.apply(plan, k, DROP)!;
}

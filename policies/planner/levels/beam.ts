import type { LevelGame } from './plan.ts';
import { allSlow, type Playing, played } from './played.ts';

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

import type { LevelGame, LevelPlan } from './plan.ts';

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

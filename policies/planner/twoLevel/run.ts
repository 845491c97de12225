import { InputError } from '../../../input/errors.ts';
import { randomStreams } from '../../../sim/kernel/random.ts';
import type { Machine, MappingProgram, RunResult } from '../../../sim/types/index.ts';
import { leastSeconds } from './bound.ts';
import { levelled } from './levelled.ts';
import { levelsAndIds } from './levels.ts';
import { energyOf } from './objective.ts';
import { TwoLevelGame, type TwoLevelPlan } from './plan.ts';
import { allSlow, xlaGreedy } from './policies.ts';
import type { TwoTierFields } from './schema.ts';
import { SEARCHES } from './searches.ts';

/** Most bytes of the fast memory in use below one address: the top of all that was placed. */
const topOf = ({ program }: TwoLevelGame, { residences }: TwoLevelPlan): number =>
  residences.reduce((top, { buffer, at }) => Math.max(top, at + program.buffers[buffer]!.bytes), 0);

/**
 * Places a program's buffers in the two fastest memories of a machine and runs it.
 * @param fast_bytes the part of the fast memory that may be used
 * @throws InputError for a machine without two memories, and where `exact` cannot finish
 */
export function runTwoTier(
  machine: Machine,
  program: MappingProgram,
  { search: id, objective, effort }: TwoTierFields,
  seed: number,
  fast_bytes?: number,
): RunResult {
  const { levels, fast, slow } = levelsAndIds(machine);
  const within = { ...levels, fast_bytes: Math.min(levels.fast_bytes, fast_bytes ?? Number.POSITIVE_INFINITY) };
  const made = levelled({ buffers: program.buffers, ops: program.ops }, machine.id, { levels: within, objective });
  const game = new TwoLevelGame(made);
  const search = SEARCHES.find((candidate) => candidate.id === id)!;
  const played = search.play(game, randomStreams(seed).stream(`planner.${id}`), effort);
  if (played === null) {
    const problem = `the search ${id} does not finish on a program of ${program.ops.length} ops`;
    throw new InputError({ code: 'bad_value', problem, expected: 'a smaller program, more effort or another search' });
  }
  const cost = game.cost(played.plan);
  const bound_s = leastSeconds(made);
  const seconds = (plan: TwoLevelPlan): number => game.elapsed(plan);
  const joules = energyOf(made, cost);
  return {
    metrics: {
      'time.total_s': cost.elapsed_s,
      'bound.time_s': bound_s,
      'bound.gap': bound_s > 0 ? cost.elapsed_s / bound_s - 1 : 0,
      'mapping.over_slow': seconds(allSlow(game).plan) / cost.elapsed_s,
      'mapping.over_greedy': seconds(xlaGreedy(game).plan) / cost.elapsed_s,
      'mapping.fast_share': cost.fast_bytes / Math.max(cost.fast_bytes + cost.slow_bytes, 1),
      [`memory.${fast}.peak_bytes`]: topOf(game, played.plan),
      [`memory.${fast}.moved_bytes`]: cost.fast_bytes,
      [`memory.${slow}.moved_bytes`]: cost.slow_bytes,
      'compute.flops': program.ops.reduce((sum, op) => sum + op.flops * (op.times ?? 1), 0),
      ...(joules > 0 && { 'energy.known_j': joules }),
    },
    warnings: [],
  };
}

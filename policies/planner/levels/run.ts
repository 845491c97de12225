import { InputError } from '../../../input/errors.ts';
import { randomStreams } from '../../../sim/kernel/random.ts';
import type { Machine, MappingProgram, RunResult } from '../../../sim/types/index.ts';
import { leastSeconds } from './bound.ts';
import type { PlanCost } from './clock.ts';
import { xlaGreedy } from './greedy.ts';
import { levelled } from './levelled.ts';
import { levelsOf, withFast } from './levels.ts';
import { energyOf, moneyOf } from './objective.ts';
import { LevelGame, type LevelPlan } from './plan.ts';
import { allSlow, finish } from './played.ts';
import type { TwoTierFields } from './schema.ts';
import { SEARCHES } from './searches.ts';

/** Most bytes of a fast memory in use below one address: the top of all that was placed. */
const topOf = ({ program }: LevelGame, { residences }: LevelPlan, memory: number): number =>
  residences.reduce(
    (top, { buffer, at, memory: m }) => (m === memory ? Math.max(top, at + program.buffers[buffer]!.bytes) : top),
    0,
  );

/**
 * Places a program's buffers in the fastest memories of a machine and runs it.
 * @param fast_bytes the part of the fastest memory that may be used
 * @throws InputError for a machine with too few memories, and where `exact` cannot finish
 */
export function runTwoTier(
  machine: Machine,
  program: MappingProgram,
  { search: id, levels: choice, objective, effort }: TwoTierFields,
  seed: number,
  fast_bytes?: number,
): RunResult {
  const levels = withFast(levelsOf(machine, choice), fast_bytes ?? Number.POSITIVE_INFINITY, true);
  const made = levelled({ buffers: program.buffers, ops: program.ops }, machine.id, { levels, objective });
  const game = new LevelGame(made);
  const search = SEARCHES.find((candidate) => candidate.id === id)!;
  const played = finish(search.play(game, randomStreams(seed).stream(`planner.${id}`), effort));
  if (played === null) {
    const problem = `the search ${id} does not finish on a program of ${program.ops.length} ops`;
    throw new InputError({ code: 'bad_value', problem, expected: 'a smaller program, more effort or another search' });
  }
  const cost = game.cost(played.plan);
  const bound_s = leastSeconds(made);
  const joules = energyOf(made, cost);
  const [slow, greedy] = [allSlow(game), xlaGreedy(game)].map(({ plan }) => game.cost(plan)) as [PlanCost, PlanCost];
  const dollars = moneyOf(made, cost);
  const moved = cost.bytes.reduce((sum, bytes) => sum + bytes, 0);
  const ids = levels.memories.map(({ id }) => id);
  return {
    metrics: {
      'time.total_s': cost.elapsed_s,
      'bound.time_s': bound_s,
      'bound.gap': bound_s > 0 ? cost.elapsed_s / bound_s - 1 : 0,
      'mapping.over_slow': slow.elapsed_s / cost.elapsed_s,
      'mapping.over_greedy': greedy.elapsed_s / cost.elapsed_s,
      'mapping.fast_share': cost.bytes[0]! / Math.max(moved, 1),
      ...Object.fromEntries(game.fast.map((m) => [`memory.${ids[m]}.peak_bytes`, topOf(game, played.plan, m)])),
      ...Object.fromEntries(cost.bytes.map((bytes, m) => [`memory.${ids[m]}.moved_bytes`, bytes])),
      'compute.flops': program.ops.reduce((sum, op) => sum + op.flops * (op.times ?? 1), 0),
      ...(joules > 0 && {
        'energy.known_j': joules,
        'mapping.energy_over_slow': energyOf(made, slow) / joules,
        'mapping.energy_over_greedy': energyOf(made, greedy) / joules,
      }),
      ...(dollars > 0 && { 'cost.usd': dollars }),
    },
    warnings: [],
  };
}

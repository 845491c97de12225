import type { PlanCost } from './clock.ts';
import type { LevelProgram } from './program.ts';

/**
 * What a plan is judged by.
 * @module
 */

/** Joules of a run: every byte at its memory's price, every FLOP at its own, and the power that is drawn all the time. */
export function energyOf({ levels, ops }: LevelProgram, { elapsed_s, bytes }: PlanCost): number {
  const flops = ops.reduce((sum, op) => sum + op.flops * (op.times ?? 1), 0);
  const moved = levels.memories.reduce((sum, { j_per_byte = 0 }, m) => sum + bytes[m]! * j_per_byte, 0);
  return moved + flops * (levels.j_per_flop ?? 0) + elapsed_s * (levels.static_w ?? 0);
}

/** Dollars of a run: the machine by the hour, and its energy. */
export function moneyOf(program: LevelProgram, cost: PlanCost): number {
  const { usd_per_hour = 0, usd_per_kwh = 0 } = program.levels;
  return (cost.elapsed_s / 3600) * usd_per_hour + (energyOf(program, cost) / 3.6e6) * usd_per_kwh;
}

/** Seconds, joules or dollars. */
export function scoreOf(program: LevelProgram, cost: PlanCost): number {
  switch (program.objective) {
    case 'energy':
      return energyOf(program, cost);
    case 'money':
      return moneyOf(program, cost);
    default:
      return cost.elapsed_s;
  }
}

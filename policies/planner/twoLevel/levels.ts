import { InputError } from '../../../input/errors.ts';
import type { Machine } from '../../../sim/types/index.ts';
import type { Levels } from './program.ts';

/** Memories from the fastest to the slowest, by the ids that machines give them. */
const ORDER = ['onchip', 'sram', 'gpu', 'hbm', 'ddr', 'cpu', 'flash'];

/**
 * The two fastest memories of a machine, the rates between them and the peak of its compute unit. Where a link joins
 * them, the slow memory is reached at the link's rate.
 * @throws InputError for a machine with fewer than two memories or without a compute unit on either
 */
export function levelsOf(machine: Machine): Levels {
  return levelsAndIds(machine).levels;
}

/** The same with the ids of both memories. */
export function levelsAndIds(machine: Machine): { levels: Levels; fast: string; slow: string } {
  const place = { file: machine.id };
  const memories = ORDER.flatMap((id) => machine.memories.filter((memory) => memory.id === id));
  const [fast, slow] = memories;
  if (!fast || !slow) {
    throw new InputError({ code: 'bad_value', problem: 'the machine has no two levels of memory', place });
  }
  const unit =
    machine.compute.find(({ memory }) => memory === fast.id) ??
    machine.compute.find(({ memory }) => memory === slow.id);
  const peak = unit && Object.values(unit.peak_flop_per_s).reduce((most, rate) => Math.max(most, rate), 0);
  if (!unit || !peak) {
    throw new InputError({
      code: 'bad_value',
      problem: `no compute unit works on memory ${fast.id} or ${slow.id}`,
      place,
    });
  }
  const link = machine.links.find(({ from, to }) => [from, to].includes(fast.id) && [from, to].includes(slow.id));
  const rate = link ? (link.from === slow.id ? link.forward : link.backward).bytes_per_s : undefined;
  const slow_bytes_per_s = Math.min(slow.read_bytes_per_s, rate ?? Number.POSITIVE_INFINITY);
  const levels = {
    fast_bytes: fast.capacity_bytes - fast.reserved_bytes,
    fast_bytes_per_s: fast.read_bytes_per_s,
    slow_bytes_per_s,
    flop_per_s: peak,
    min_op_s: unit.launch_s,
    ...(fast.energy && { fast_j_per_byte: fast.energy.low_j_per_byte }),
    ...(slow.energy && { slow_j_per_byte: slow.energy.low_j_per_byte }),
    ...(unit.busy_w !== undefined && { static_w: unit.busy_w }),
    ...(machine.cost_usd_per_h !== undefined && { usd_per_hour: machine.cost_usd_per_h }),
  };
  return { levels, fast: fast.id, slow: slow.id };
}

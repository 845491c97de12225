import { InputError, type Place, unknownName } from '../../../input/index.ts';
import type { Machine } from '../../../sim/types/index.ts';
import type { Levels, Memory } from './program.ts';

type MachineMemory = Machine['memories'][number];

/** Memories from the fastest to the slowest, by the ids that machines give them. */
const ORDER = ['onchip', 'sram', 'gpu', 'hbm', 'ddr', 'cpu', 'cxl', 'flash'];

/** Which memories of a machine: so many of its fastest, or those of the ids given. */
export type LevelChoice = number | readonly string[];

/**
 * Memories of a machine, the rates between them and the peak of its compute unit. Where a link joins a memory with a
 * faster one of the machine, it is reached at the link's rate.
 * @param choice how many of the fastest, or their ids
 * @throws InputError for fewer than two memories, for one that the machine does not have, and for a machine without a
 *   compute unit on one of its memories
 */
export function levelsOf(machine: Machine, choice: LevelChoice = 2): Levels {
  const place = { file: machine.id };
  const known = ORDER.flatMap((id) => machine.memories.filter((memory) => memory.id === id));
  const stack = chosen(known, choice, place);
  const unit = known.flatMap(({ id }) => machine.compute.filter(({ memory }) => memory === id))[0];
  const peak = unit && Object.values(unit.peak_flop_per_s).reduce((most, rate) => Math.max(most, rate), 0);
  if (!unit || !peak) {
    const problem = `no compute unit works on memory ${known.map(({ id }) => id).join(' or ')}`;
    throw new InputError({ code: 'bad_value', problem, place });
  }
  const memories = stack.map((memory, m): Memory => {
    const faster = new Set(known.slice(0, known.indexOf(memory)).map(({ id }) => id));
    const link = machine.links.find(
      ({ from, to }) => (from === memory.id && faster.has(to)) || (to === memory.id && faster.has(from)),
    );
    const rate = link ? (link.from === memory.id ? link.forward : link.backward).bytes_per_s : undefined;
    return {
      id: memory.id,
      bytes: m + 1 < stack.length ? memory.capacity_bytes - memory.reserved_bytes : Number.POSITIVE_INFINITY,
      bytes_per_s: Math.min(memory.read_bytes_per_s, rate ?? Number.POSITIVE_INFINITY),
      ...(memory.energy && { j_per_byte: (memory.energy.low_j_per_byte + memory.energy.high_j_per_byte) / 2 }),
    };
  });
  const still = memories.find(({ bytes_per_s }) => !(bytes_per_s > 0 && Number.isFinite(bytes_per_s)));
  if (still) {
    const problem = `the machine does not say how fast its memory ${still.id} is`;
    throw new InputError({ code: 'missing_key', problem, expected: 'read_bytes_per_s of every level', place });
  }
  return {
    memories,
    flop_per_s: peak,
    min_op_s: unit.launch_s,
    ...(unit.busy_w !== undefined && { static_w: unit.busy_w }),
    ...(machine.cost_usd_per_h !== undefined && { usd_per_hour: machine.cost_usd_per_h }),
  };
}

/** The memories of a choice, the fastest first. */
function chosen(known: readonly MachineMemory[], choice: LevelChoice, place: Place): readonly MachineMemory[] {
  const ids = known.map(({ id }) => id);
  if (typeof choice !== 'number') {
    const strange = choice.find((id) => !ids.includes(id));
    if (strange !== undefined) throw unknownName('level', strange, ids, place);
    return known.filter(({ id }) => choice.includes(id));
  }
  const count = Math.max(choice, 2);
  if (known.length >= count) return known.slice(0, count);
  const problem = `the machine has no ${count} levels of memory`;
  const expected =
    known.length < 2 ? `memories of ${ORDER.join(', ')}` : `at most ${known.length} levels: ${ids.join(', ')}`;
  throw new InputError({ code: 'bad_value', problem, expected, place });
}

/** The same stack with another size of its fastest memory, at most what it has where `within`. */
export function withFast(levels: Levels, bytes: number, within = false): Levels {
  const [fastest, ...others] = levels.memories as readonly [Memory, ...Memory[]];
  return { ...levels, memories: [{ ...fastest, bytes: within ? Math.min(bytes, fastest.bytes) : bytes }, ...others] };
}

import * as v from 'valibot';
import { dataSource, InputError, type Place, validate } from '../../../input/index.ts';
import type { MappingProgram } from '../../../sim/types/index.ts';
import type { LevelProgram, Levels } from './program.ts';
import { OBJECTIVES } from './schema.ts';

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const whole = v.pipe(v.number(), v.integer(), v.minValue(1));
const price = v.pipe(v.number(), v.finite(), v.minValue(0));

/** What both forms say beside the memories. */
const rest = {
  flop_per_s: positive,
  min_op_s: v.optional(price),
  window_bytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  j_per_flop: v.optional(price),
  static_w: v.optional(price),
  usd_per_hour: v.optional(price),
  usd_per_kwh: v.optional(price),
};

/** A fast and a slow memory. */
const pairSchema = v.strictObject({
  fast_bytes: whole,
  fast_bytes_per_s: positive,
  slow_bytes_per_s: positive,
  copy_bytes_per_s: v.optional(positive),
  fast_j_per_byte: v.optional(price),
  slow_j_per_byte: v.optional(price),
  ...rest,
});

/** Any number of memories, the fastest first. */
const stackSchema = v.strictObject({
  memories: v.pipe(
    v.array(
      v.strictObject({
        id: v.optional(v.string()),
        bytes: v.optional(whole),
        bytes_per_s: positive,
        copy_bytes_per_s: v.optional(positive),
        j_per_byte: v.optional(price),
      }),
    ),
    v.minLength(2),
  ),
  ...rest,
});

const objectiveSchema = v.object({ objective: v.optional(v.picklist(OBJECTIVES)) });

/** Two memories by the names of their fields. */
export type PairFields = v.InferOutput<typeof pairSchema>;

/** The stack of a fast memory and a slow one. */
export function pairOf(fields: PairFields): Levels {
  const {
    fast_bytes,
    fast_bytes_per_s,
    slow_bytes_per_s,
    copy_bytes_per_s,
    fast_j_per_byte,
    slow_j_per_byte,
    ...more
  } = fields;
  return {
    memories: [
      { id: 'fast', bytes: fast_bytes, bytes_per_s: fast_bytes_per_s, j_per_byte: fast_j_per_byte ?? 0 },
      {
        id: 'slow',
        bytes: Number.POSITIVE_INFINITY,
        bytes_per_s: slow_bytes_per_s,
        copy_bytes_per_s: copy_bytes_per_s ?? slow_bytes_per_s,
        j_per_byte: slow_j_per_byte ?? 0,
      },
    ],
    ...(more as Omit<Levels, 'memories'>),
  };
}

/** The levels of a program's file, in either form. */
function readLevels(value: unknown, file: string): Levels | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || !('memories' in value)) {
    return pairOf(validate(v.object({ levels: pairSchema }), dataSource({ levels: value }, file)).levels);
  }
  const { memories, ...more } = validate(v.object({ levels: stackSchema }), dataSource({ levels: value }, file)).levels;
  const slowest = memories.length - 1;
  return {
    memories: memories.map(({ id, bytes, ...memory }, m) => {
      if (bytes === undefined && m < slowest) {
        const problem = `memory ${m} of levels.memories has no bytes`;
        throw new InputError({ code: 'missing_key', problem, expected: 'bytes of all but the last', place: { file } });
      }
      return { id: id ?? `memory ${m}`, bytes: m < slowest ? bytes! : Number.POSITIVE_INFINITY, ...memory };
    }) as Levels['memories'],
    ...(more as Omit<Levels, 'memories'>),
  };
}

/**
 * A program with its memories: those given, else those of its own file.
 * @throws InputError for wrong or missing levels, memories out of order, and an objective without prices
 */
export function levelled(
  program: MappingProgram & { readonly levels?: unknown; readonly objective?: unknown },
  file: string,
  given: { readonly levels?: Levels; readonly objective?: LevelProgram['objective'] } = {},
): LevelProgram {
  const place: Place = { file };
  const bad = (problem: string, expected: string): InputError =>
    new InputError({ code: 'bad_value', problem, expected, place });
  const own = validate(objectiveSchema, dataSource({ objective: program.objective }, file));
  const levels = given.levels ?? readLevels(program.levels, file);
  if (levels === undefined) throw bad('the program has no levels', 'levels in the file, or --machine');
  const { memories } = levels;
  for (const [m, { id, bytes_per_s }] of memories.entries()) {
    const faster = memories[m - 1];
    if (faster && faster.bytes_per_s < bytes_per_s) {
      throw bad(`the memory ${faster.id} is slower than ${id} behind it`, 'memories from the fastest to the slowest');
    }
  }
  const twice = memories.find(({ id }, m) => memories.findIndex((other) => other.id === id) < m);
  if (twice) throw bad(`two memories are called ${twice.id}`, 'ids that differ');
  const objective = given.objective ?? own.objective;
  const { buffers, ops } = program;
  const made: LevelProgram = { levels, buffers, ops, ...(objective === undefined ? {} : { objective }) };
  checkObjective(made, bad);
  return made;
}

/** An objective needs a price to count. */
function checkObjective({ objective, levels }: LevelProgram, bad: (problem: string, expected: string) => Error): void {
  const joules = [...levels.memories.map(({ j_per_byte }) => j_per_byte), levels.j_per_flop, levels.static_w];
  const dollars = [levels.usd_per_hour, levels.usd_per_kwh];
  const none = (values: readonly (number | undefined)[]): boolean => values.every((value) => !value);
  if (objective === 'energy' && none(joules)) {
    throw bad('the levels give no energy', 'joules of a byte of some memory, j_per_flop or static_w');
  }
  if (objective === 'money' && none(dollars)) throw bad('the levels give no price', 'usd_per_hour or usd_per_kwh');
}

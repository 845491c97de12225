import * as v from 'valibot';
import { dataSource, InputError, type Place, validate } from '../../../input/index.ts';
import type { MappingProgram } from '../../../sim/types/index.ts';
import type { Levels, TwoLevelProgram } from './program.ts';
import { OBJECTIVES } from './schema.ts';

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const price = v.pipe(v.number(), v.finite(), v.minValue(0));

const levelsSchema = v.strictObject({
  fast_bytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
  fast_bytes_per_s: positive,
  slow_bytes_per_s: positive,
  copy_bytes_per_s: v.optional(positive),
  flop_per_s: positive,
  min_op_s: v.optional(v.pipe(v.number(), v.minValue(0))),
  window_bytes: v.optional(count),
  fast_j_per_byte: v.optional(price),
  slow_j_per_byte: v.optional(price),
  j_per_flop: v.optional(price),
  static_w: v.optional(price),
  usd_per_hour: v.optional(price),
  usd_per_kwh: v.optional(price),
});

const givenSchema = v.object({ levels: v.optional(levelsSchema), objective: v.optional(v.picklist(OBJECTIVES)) });

/**
 * A program with its memories: those given, else those of its own file.
 * @throws InputError for wrong or missing levels, a fast memory slower than the slow one, and an objective without prices
 */
export function levelled(
  program: MappingProgram & { readonly levels?: unknown; readonly objective?: unknown },
  file: string,
  given: { readonly levels?: Levels; readonly objective?: TwoLevelProgram['objective'] } = {},
): TwoLevelProgram {
  const place: Place = { file };
  const bad = (problem: string, expected: string): InputError =>
    new InputError({ code: 'bad_value', problem, expected, place });
  const own = validate(givenSchema, dataSource({ levels: program.levels, objective: program.objective }, file));
  const levels = given.levels ?? (own.levels as Levels | undefined);
  if (levels === undefined) throw bad('the program has no levels', 'levels in the file, or --machine');
  if (levels.fast_bytes_per_s < levels.slow_bytes_per_s) {
    throw bad('the fast memory is slower than the slow one', 'fast_bytes_per_s of at least slow_bytes_per_s');
  }
  const objective = given.objective ?? own.objective;
  const { buffers, ops } = program;
  const made: TwoLevelProgram = { levels, buffers, ops, ...(objective === undefined ? {} : { objective }) };
  checkObjective(made, bad);
  return made;
}

/** An objective needs a price to count. */
function checkObjective(
  { objective, levels }: TwoLevelProgram,
  bad: (problem: string, expected: string) => Error,
): void {
  const joules = [levels.fast_j_per_byte, levels.slow_j_per_byte, levels.j_per_flop, levels.static_w];
  const dollars = [levels.usd_per_hour, levels.usd_per_kwh];
  const none = (values: readonly (number | undefined)[]): boolean => values.every((value) => !value);
  if (objective === 'energy' && none(joules)) {
    throw bad('the levels give no energy', 'fast_j_per_byte, slow_j_per_byte, j_per_flop or static_w');
  }
  if (objective === 'money' && none(dollars)) throw bad('the levels give no price', 'usd_per_hour or usd_per_kwh');
}

import * as v from 'valibot';
import { dataSource, InputError, unknownName, validate } from '../../../input/index.ts';
import type { Levels, TwoLevelProgram } from './program.ts';

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const levelsSchema = v.strictObject({
  fast_bytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
  fast_bytes_per_s: positive,
  slow_bytes_per_s: positive,
  copy_bytes_per_s: v.optional(positive),
  flop_per_s: positive,
  min_op_s: v.optional(v.pipe(v.number(), v.minValue(0))),
  window_bytes: v.optional(count),
});

const programSchema = v.strictObject({
  levels: v.optional(levelsSchema),
  buffers: v.array(
    v.strictObject({
      id: v.string(),
      bytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
      input: v.optional(v.boolean()),
      output: v.optional(v.boolean()),
    }),
  ),
  ops: v.pipe(
    v.array(
      v.strictObject({
        name: v.string(),
        flops: v.pipe(v.number(), v.minValue(0)),
        reads: v.optional(v.array(v.string()), []),
        writes: v.optional(v.array(v.string()), []),
        nest: v.optional(count),
        times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      }),
    ),
    v.minLength(1),
  ),
});

/**
 * A two-level program from JSON; ops name their buffers.
 * @param levels the memories, in place of those of the file
 * @throws InputError for a wrong shape, an unknown or repeated buffer, a buffer read before it is made, or a fast memory
 * slower than the slow one
 */
export function readProgram(text: string, file: string, levels?: Levels): TwoLevelProgram {
  const place = { file };
  const bad = (problem: string, expected: string): InputError =>
    new InputError({ code: 'bad_value', problem, expected, place });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad(`this is no JSON (${(error as Error).message})`, 'a program with buffers and ops');
  }
  const read = validate(programSchema, dataSource(value, file));
  const used = levels ?? (read.levels as Levels | undefined);
  if (used === undefined) throw bad('the program has no levels', 'levels in the file, or --machine');
  if (used.fast_bytes_per_s < used.slow_bytes_per_s) {
    throw bad('the fast memory is slower than the slow one', 'fast_bytes_per_s of at least slow_bytes_per_s');
  }
  const ids = read.buffers.map(({ id }) => id);
  const index = new Map(ids.map((id, i) => [id, i]));
  if (index.size < ids.length) throw bad('two buffers have one id', 'ids that differ');
  const made = new Set(read.buffers.flatMap(({ id, input }) => (input ? [id] : [])));
  const placeOf = (id: string): number => {
    const at = index.get(id);
    if (at === undefined) throw unknownName('buffer', id, ids, place);
    return at;
  };
  const ops = read.ops.map((op) => {
    for (const list of [op.reads, op.writes]) {
      if (new Set(list).size < list.length) throw bad(`op ${op.name} names a buffer twice`, 'each once');
    }
    const reads = op.reads.map(placeOf);
    const early = op.reads.find((id) => !made.has(id));
    if (early !== undefined) throw bad(`op ${op.name} reads ${early} before it is made`, 'an input, or a write before');
    for (const id of op.writes) made.add(id);
    return { ...op, reads, writes: op.writes.map(placeOf) };
  });
  return { levels: used, buffers: read.buffers, ops } as TwoLevelProgram;
}

import * as v from 'valibot';
import { dataSource, InputError, unknownName, validate } from '../../input/index.ts';
import type { MappingProgram } from '../../sim/types/index.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const bufferSchema = v.strictObject({
  id: v.string(),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER)),
  input: v.optional(v.boolean()),
  output: v.optional(v.boolean()),
});

const opSchema = v.strictObject({
  name: v.string(),
  flops: v.pipe(v.number(), v.finite(), v.minValue(0)),
  reads: v.optional(v.array(v.string()), []),
  writes: v.optional(v.array(v.string()), []),
  nest: v.optional(count),
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

const programSchema = v.strictObject({
  levels: v.optional(v.unknown()),
  objective: v.optional(v.unknown()),
  buffers: v.array(bufferSchema),
  ops: v.pipe(v.array(opSchema), v.minLength(1)),
});

/** A program and what its file says of the memories, which the planner reads. */
export interface ReadProgram extends MappingProgram {
  readonly levels?: unknown;
  readonly objective?: unknown;
}

/**
 * A program from JSON; ops name their buffers.
 * @throws InputError for a wrong shape, an unknown or repeated buffer, or one that is read before it is made
 */
export function readMappingProgram(text: string, file: string): ReadProgram {
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
  return { ...read, ops } as ReadProgram;
}

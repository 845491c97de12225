import * as v from 'valibot';
import { dataSource, InputError, type Place, validate } from '../../../../input/index.ts';
import type { MapBuffer } from '../problem.ts';
import type { ReadProblem } from './read.ts';

const whole = v.pipe(v.number(), v.integer());

const bufferSchema = v.strictObject({
  id: v.optional(v.union([v.string(), v.pipe(v.number(), v.transform(String))])),
  lower: whole,
  upper: whole,
  size_bytes: whole,
  alignment_bytes: v.optional(whole),
  fixed_offset_bytes: v.optional(whole),
  colocation: v.optional(v.string()),
  gaps: v.optional(
    v.array(
      v.strictObject({
        lower: whole,
        upper: whole,
        window: v.optional(v.strictObject({ from_bytes: whole, to_bytes: whole })),
      }),
    ),
  ),
});

const ownSchema = v.strictObject({
  capacity_bytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  buffers: v.pipe(v.array(bufferSchema), v.minLength(1)),
});

/** The part of a problem of the ASPLOS/EuroSys 2025 contest on intra-operator parallelism that mapping reads. */
const iopddlSchema = v.object({
  problem: v.object({
    nodes: v.object({
      intervals: v.array(v.pipe(v.array(whole), v.length(2))),
      usages: v.array(v.pipe(v.array(v.pipe(v.number(), v.minValue(0))), v.minLength(1))),
    }),
    usage_limit: v.optional(v.number()),
  }),
});

/**
 * Buffers from JSON: `{capacity_bytes?, buffers: [{id, lower, upper, size_bytes, …}]}`, or a contest problem (IOPDDL),
 * whose nodes each take the bytes of their first strategy; nodes that take none or never live are left out.
 */
export function readJsonProblem(text: string, file: string): ReadProblem {
  const value = parse(text, file);
  const place: Place = { file };
  if (typeof value === 'object' && value !== null && 'problem' in value) {
    const { problem } = validate(iopddlSchema, dataSource(value, file));
    const { intervals, usages } = problem.nodes;
    if (intervals.length !== usages.length) {
      const found = `${intervals.length} intervals and ${usages.length} usages`;
      throw new InputError({ code: 'bad_value', problem: found, expected: 'as many of both', place });
    }
    const buffers = intervals.flatMap(([lower, upper], i) => {
      const size_bytes = usages[i]![0]!;
      return size_bytes > 0 && upper! > lower! ? [{ id: String(i), lower: lower!, upper: upper!, size_bytes }] : [];
    });
    return { buffers, placeOf: () => place, closed: false };
  }
  if (typeof value === 'object' && value !== null && 'device_traces' in value) {
    const expected = 'a table of buffers: tierflow import pytorch-snapshot FILE -o OUT.csv makes it one';
    throw new InputError({ code: 'wrong_type', problem: 'this is a memory snapshot of PyTorch', expected, place });
  }
  const { buffers, capacity_bytes } = validate(ownSchema, dataSource(value, file));
  const named = buffers.map((buffer, i) => ({ ...buffer, id: buffer.id ?? String(i) }) as MapBuffer);
  return {
    buffers: named,
    placeOf: () => place,
    closed: false,
    ...(capacity_bytes === undefined ? {} : { capacity_bytes }),
  };
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = `this is no JSON (${(error as Error).message})`;
    throw new InputError({ code: 'wrong_type', problem, place: { file } });
  }
}

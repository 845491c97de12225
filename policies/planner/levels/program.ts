/**
 * A program on a stack of memories, small fast ones above a large slow one. The cost of an op follows XLA's memory space
 * assignment (openxla/xla, memory_space_assignment/cost_analysis.cc), whose two memories are a stack of two.
 * @module
 */

import type { MappingOp, MappingProgram } from '../../../sim/types/index.ts';
import type { Objective } from './schema.ts';

/** One memory of a stack. */
export interface Memory {
  /** What it is called; `fast` and `slow` where there are two and nothing else is said. */
  readonly id: string;
  /** Bytes that may be placed in it; of the slowest there are always enough. */
  readonly bytes: number;
  readonly bytes_per_s: number;
  /** Rate of copies between it and any faster memory. Default: its own. */
  readonly copy_bytes_per_s?: number;
  /** Joules of a byte read or written. Default: 0. */
  readonly j_per_byte?: number;
}

/** A stack of memories and the compute unit beside them. */
export interface Levels {
  /** Two or more, the fastest first. In the last one inputs stand before the first op and outputs after the last. */
  readonly memories: readonly Memory[];
  readonly flop_per_s: number;
  /** Least time of any op. Default: 0. */
  readonly min_op_s?: number;
  /** Bytes outside the fastest memory that must have moved before an op can compute. Default: 0. */
  readonly window_bytes?: number;
  /** Joules of a FLOP. Default: 0. */
  readonly j_per_flop?: number;
  /** Watts drawn as long as the program runs. Default: 0. */
  readonly static_w?: number;
  /** Price of the machine by the hour and of its energy. Default: 0. */
  readonly usd_per_hour?: number;
  readonly usd_per_kwh?: number;
}

export interface LevelProgram extends MappingProgram {
  readonly levels: Levels;
  /** What plans are judged by. Default: time. */
  readonly objective?: Objective;
}

/** Place of the memory that has room for all. */
export const slowestOf = ({ memories }: Levels): number => memories.length - 1;

/** The memory of that place. */
export const memoryAt = ({ memories }: Levels, place: number): Memory => memories[place]!;

/** Bytes an op moves to and from each memory in one run. */
export type Traffic = ArrayLike<number>;

export function computeTime(levels: Levels, flops: number): number {
  return Math.max(flops / levels.flop_per_s, levels.min_op_s ?? 0);
}

/** Seconds the memories are busy with an op: all in turn, each at its rate. */
export function memoryTime({ memories }: Levels, traffic: Traffic): number {
  let seconds = 0;
  for (let m = 0; m < memories.length; m++) seconds += traffic[m]! / memories[m]!.bytes_per_s;
  return seconds;
}

/** Seconds before an op can compute: the first window of its bytes outside the fastest memory, as a share of the compute time. */
export function overheadTime(levels: Levels, flops: number, traffic: Traffic): number {
  let outside = 0;
  for (let m = 1; m < traffic.length; m++) outside += traffic[m]!;
  const total = traffic[0]! + outside;
  if (total === 0) return 0;
  return (Math.min(levels.window_bytes ?? 0, outside) / total) * computeTime(levels, flops);
}

/** Seconds of one run of an op. */
export function opTime(levels: Levels, flops: number, traffic: Traffic): number {
  return Math.max(computeTime(levels, flops), memoryTime(levels, traffic) + overheadTime(levels, flops, traffic));
}

/** Bytes a second of copies between a memory and any faster one. */
export const copyRate = (levels: Levels, memory: number): number => {
  const { copy_bytes_per_s, bytes_per_s } = memoryAt(levels, memory);
  return copy_bytes_per_s ?? bytes_per_s;
};

/** Seconds of a copy between a memory and any faster one, alone. */
export const copyTime = (levels: Levels, bytes: number, memory = slowestOf(levels)): number =>
  bytes / copyRate(levels, memory);

/** The bytes of an op at each memory, when `placeOf` says which memory an access goes to. */
export function trafficOf(
  program: LevelProgram,
  op: MappingOp,
  placeOf: (buffer: number, write: boolean) => number,
): number[] {
  const traffic = program.levels.memories.map(() => 0);
  for (const buffer of op.reads) traffic[placeOf(buffer, false)]! += program.buffers[buffer]!.bytes;
  for (const buffer of op.writes) traffic[placeOf(buffer, true)]! += program.buffers[buffer]!.bytes;
  return traffic;
}

/** Seconds of an op with all its bytes in one memory, all its runs together. */
export function opTimeIn(program: LevelProgram, op: MappingOp, memory: number): number {
  const traffic = trafficOf(program, op, () => memory);
  return opTime(program.levels, op.flops, traffic) * (op.times ?? 1);
}

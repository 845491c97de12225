/**
 * A program between two memories: a small fast one and a large slow one. The cost of an op follows XLA's memory space
 * assignment (openxla/xla, memory_space_assignment/cost_analysis.cc).
 * @module
 */

import type { MappingOp, MappingProgram } from '../../../sim/types/index.ts';
import type { Objective } from './schema.ts';

/** The two memories and the compute unit beside them. */
export interface Levels {
  readonly fast_bytes: number;
  readonly fast_bytes_per_s: number;
  readonly slow_bytes_per_s: number;
  /** Rate of copies between them. Default: that of the slow memory. */
  readonly copy_bytes_per_s?: number;
  readonly flop_per_s: number;
  /** Least time of any op. Default: 0. */
  readonly min_op_s?: number;
  /** Bytes of the slow memory that must have moved before an op can compute. Default: 0. */
  readonly window_bytes?: number;
  /** Joules of a byte read or written in each memory, and of a FLOP. Default: 0. */
  readonly fast_j_per_byte?: number;
  readonly slow_j_per_byte?: number;
  readonly j_per_flop?: number;
  /** Watts drawn as long as the program runs. Default: 0. */
  readonly static_w?: number;
  /** Price of the machine by the hour and of its energy. Default: 0. */
  readonly usd_per_hour?: number;
  readonly usd_per_kwh?: number;
}

export interface TwoLevelProgram extends MappingProgram {
  readonly levels: Levels;
  /** What plans are judged by. Default: time. */
  readonly objective?: Objective;
}

/** Bytes an op moves to and from each memory in one run. */
export interface Traffic {
  readonly fast_bytes: number;
  readonly slow_bytes: number;
}

export function computeTime(levels: Levels, flops: number): number {
  return Math.max(flops / levels.flop_per_s, levels.min_op_s ?? 0);
}

/** Seconds the memories are busy with an op: both in turn, each at its rate. */
export function memoryTime(levels: Levels, { fast_bytes, slow_bytes }: Traffic): number {
  return fast_bytes / levels.fast_bytes_per_s + slow_bytes / levels.slow_bytes_per_s;
}

/** Seconds before an op can compute: the first window of its slow bytes, as a share of the compute time. */
export function overheadTime(levels: Levels, flops: number, { fast_bytes, slow_bytes }: Traffic): number {
  const total = fast_bytes + slow_bytes;
  if (total === 0) return 0;
  return (Math.min(levels.window_bytes ?? 0, slow_bytes) / total) * computeTime(levels, flops);
}

/** Seconds of one run of an op. */
export function opTime(levels: Levels, flops: number, traffic: Traffic): number {
  return Math.max(computeTime(levels, flops), memoryTime(levels, traffic) + overheadTime(levels, flops, traffic));
}

export const copyTime = (levels: Levels, bytes: number): number =>
  bytes / (levels.copy_bytes_per_s ?? levels.slow_bytes_per_s);

/** The bytes of an op when `isFast` says which accesses go to the fast memory. */
export function trafficOf(
  program: TwoLevelProgram,
  op: MappingOp,
  isFast: (buffer: number, write: boolean) => boolean,
): Traffic {
  let fast_bytes = 0;
  let slow_bytes = 0;
  const add = (buffer: number, write: boolean): void => {
    const { bytes } = program.buffers[buffer]!;
    if (isFast(buffer, write)) fast_bytes += bytes;
    else slow_bytes += bytes;
  };
  for (const buffer of op.reads) add(buffer, false);
  for (const buffer of op.writes) add(buffer, true);
  return { fast_bytes, slow_bytes };
}

const always = (): boolean => true;
const never = (): boolean => false;

/** Seconds of an op with all its bytes in one memory, all its runs together. */
export function opTimeIn(program: TwoLevelProgram, op: MappingOp, memory: 'fast' | 'slow'): number {
  const traffic = trafficOf(program, op, memory === 'fast' ? always : never);
  return opTime(program.levels, op.flops, traffic) * (op.times ?? 1);
}

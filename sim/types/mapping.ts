/**
 * A program as memory mapping sees it: ops that read and write whole buffers. Workloads make it, the planner `two-tier`
 * places it in two memories.
 * @module
 */

export interface MappingBuffer {
  readonly id: string;
  readonly bytes: number;
  /** It is in the slow memory before the first op. */
  readonly input?: boolean;
  /** It must be in the slow memory after the last. */
  readonly output?: boolean;
}

export interface MappingOp {
  readonly name: string;
  readonly flops: number;
  /** Places in the list of buffers. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** Loops around it: copies begin and end on one level. Default: 0. */
  readonly nest?: number;
  /** How often it runs. Default: 1. */
  readonly times?: number;
}

export interface MappingProgram {
  readonly buffers: readonly MappingBuffer[];
  readonly ops: readonly MappingOp[];
}

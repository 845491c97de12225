/**
 * How a plan lays tensors out in one memory over the steps of a program; figures read it.
 * @module
 */

export interface LayoutStep {
  readonly name: string;
  /** Part of the network it belongs to. */
  readonly block: string;
  /** Bytes by the planner's count at this step. */
  readonly bytes: number;
  /** Bytes of tensors that are needed at this step. */
  readonly live_bytes: number;
  /** Times it runs: the number of patches in a patch stage, else 1. */
  readonly repeats: number;
}

export interface LayoutBuffer {
  readonly name: string;
  /** Its tensor's number in the model file, where one holds it. */
  readonly file_index?: number;
  /** Address; null where the planner gives none. */
  readonly offset_bytes: number | null;
  readonly bytes: number;
  /** Steps, both included. */
  readonly first: number;
  readonly last: number;
}

/** Pieces of the image that patches read, in pixels; they overlap by their halos. */
export interface LayoutPatches {
  readonly patches: number;
  readonly image: readonly [height: number, width: number];
  /** Piece that one patch reads. */
  readonly reads: readonly [height: number, width: number];
  /** Distance between the pieces of neighbours. */
  readonly pitch: readonly [height: number, width: number];
  /** Rows and columns by which the first piece begins before the image. */
  readonly before: readonly [height: number, width: number];
}

export interface MemoryLayout {
  readonly memory: string;
  /** Bytes the arena may take. */
  readonly capacity_bytes: number;
  readonly peak_bytes: number;
  readonly scratch_bytes: number;
  readonly steps: readonly LayoutStep[];
  readonly buffers: readonly LayoutBuffer[];
  /** Tensors of the model file, where one holds the network. */
  readonly file_tensors?: number;
  readonly patches: LayoutPatches | null;
}

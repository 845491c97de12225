import type { Schedule } from '../schedule/schedule.ts';

/** What a planner makes of a schedule. Bytes. */
export interface MemoryPlan {
  /** What must be reserved, scratch included. */
  readonly peak_bytes: number;
  /** Bytes of tensors that are needed at the same step, at most, whatever their addresses. */
  readonly live_peak_bytes: number;
  /** Of the peak, what no tensor holds (im2col columns, copies of kernels). */
  readonly scratch_bytes: number;
  /** Bytes by this planner's count at each step. */
  readonly step_bytes: readonly number[];
  /** Address of each buffer, by its id; null where the planner gives none. */
  readonly offsets: readonly number[] | null;
}

/** A planner kind. */
export interface Planner {
  readonly kind: string;
  plan(schedule: Schedule): MemoryPlan;
}

import { CachingHeap, type HeapOptions, type Refusal } from '../resources/cachingHeap.ts';
import { type StepContext, StepPlayer } from './player.ts';

/** What a caching allocator made of a step on one device. */
export interface StepAllocation {
  /** Most bytes of blocks in use. */
  readonly live_peak_bytes: number;
  /** Most bytes taken from the device. */
  readonly reserved_peak_bytes: number;
  /** Times that empty segments had to be given back for room. */
  readonly flushes: number;
  /** The request that no hole held, and what it was for; null where the step fits. */
  readonly refused: (Refusal & { readonly what: string }) | null;
}

/** Steps until every pool has what it needs: the second step meets the state that the first has made. */
const STEPS = 2;

/** Plays two steps of one stage through PyTorch's caching allocator. */
export function stepAllocation(context: StepContext, stage: number, options: HeapOptions): StepAllocation {
  const heap = new CachingHeap(options);
  const why = new StepPlayer(context, stage, heap).play(STEPS);
  return {
    live_peak_bytes: heap.allocated_peak_bytes,
    reserved_peak_bytes: heap.reserved_peak_bytes,
    flushes: heap.flushes,
    refused: why,
  };
}

import { CachingHeap, type HeapBlock, type HeapOptions, type Refusal } from '../resources/cachingHeap.ts';
import type { AllocatorCurve } from '../types/result.ts';
import { type StepContext, type StepHeap, StepPlayer } from './player.ts';

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
  /** Bytes after each event of both steps; null where they were not asked for. */
  readonly samples: AllocatorCurve['samples'] | null;
}

/** Steps until every pool has what it needs: the second step meets the state that the first has made. */
const STEPS = 2;

/** The heap, and what it holds after each event. */
class WatchedHeap implements StepHeap<HeapBlock> {
  readonly samples: [number, number][] = [];
  private readonly heap: CachingHeap;

  constructor(heap: CachingHeap) {
    this.heap = heap;
  }

  allocate(bytes: number, stream: string): HeapBlock | Refusal {
    const block = this.heap.allocate(bytes, stream);
    this.samples.push([this.heap.allocated_bytes, this.heap.reserved_bytes]);
    return block;
  }

  free(block: HeapBlock): void {
    this.heap.free(block);
    this.samples.push([this.heap.allocated_bytes, this.heap.reserved_bytes]);
  }
}

/**
 * Plays two steps of one stage through PyTorch's caching allocator.
 * @param watched whether to keep what it holds after each event
 */
export function stepAllocation(
  context: StepContext,
  stage: number,
  options: HeapOptions,
  watched = false,
): StepAllocation {
  const heap = new CachingHeap(options);
  const watch = watched ? new WatchedHeap(heap) : null;
  const why = new StepPlayer(context, stage, watch ?? heap).play(STEPS);
  return {
    live_peak_bytes: heap.allocated_peak_bytes,
    reserved_peak_bytes: heap.reserved_peak_bytes,
    flushes: heap.flushes,
    refused: why,
    samples: watch?.samples ?? null,
  };
}

import { CachingHeap, type HeapBlock, refused } from '../../../sim/resources/cachingHeap.ts';
import type { MapBuffer } from '../mapping/problem.ts';

/** What an online allocator did with a trace. */
export interface OnlineResult {
  /** Most bytes asked for at once. */
  readonly live_peak_bytes: number;
  /** Most bytes in blocks at once, after rounding. */
  readonly allocated_peak_bytes: number;
  /** Most bytes taken from the device. */
  readonly reserved_peak_bytes: number;
  /** 1 − allocated ÷ reserved, each at its peak. */
  readonly fragmentation: number;
  /** Bytes after each event: time, live, allocated, reserved. */
  readonly curve: readonly (readonly [time: number, live: number, allocated: number, reserved: number])[];
}

/**
 * Runs the lives of buffers through PyTorch's caching allocator on a device without limit. At one time frees come before
 * allocations, each in the order of the buffers.
 */
export function runCachingAllocator(buffers: readonly MapBuffer[]): OnlineResult {
  const heap = new CachingHeap();
  const blocks = new Map<number, HeapBlock>();
  const events = buffers.flatMap(({ lower, upper }, i) => [
    { time: lower, free: 0, i },
    { time: upper, free: 1, i },
  ]);
  events.sort((a, b) => a.time - b.time || b.free - a.free || a.i - b.i);
  let [live, allocated, livePeak, allocatedPeak] = [0, 0, 0, 0];
  const curve: [number, number, number, number][] = [];
  for (const { time, free, i } of events) {
    const { size_bytes } = buffers[i]!;
    if (free === 1) {
      const block = blocks.get(i)!;
      live -= size_bytes;
      allocated -= block.bytes;
      heap.free(block);
      blocks.delete(i);
    } else {
      const block = heap.allocate(size_bytes);
      if (refused(block)) throw new Error('a heap without a limit refused a request');
      blocks.set(i, block);
      live += size_bytes;
      allocated += block.bytes;
    }
    livePeak = Math.max(livePeak, live);
    allocatedPeak = Math.max(allocatedPeak, allocated);
    const point: [number, number, number, number] = [time, live, allocated, heap.reserved_bytes];
    if (curve.at(-1)?.[0] === time) curve[curve.length - 1] = point;
    else curve.push(point);
  }
  return {
    live_peak_bytes: livePeak,
    allocated_peak_bytes: allocatedPeak,
    reserved_peak_bytes: heap.reserved_bytes,
    fragmentation: heap.reserved_bytes === 0 ? 0 : 1 - allocatedPeak / heap.reserved_bytes,
    curve,
  };
}

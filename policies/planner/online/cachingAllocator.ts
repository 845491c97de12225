import type { MapBuffer } from '../mapping/problem.ts';

/** Sizes of PyTorch's caching allocator (c10/cuda/CUDACachingAllocator: kMinBlockSize, kSmallSize, kSmallBuffer, kLargeBuffer, kMinLargeAlloc, kRoundLarge). */
const MIN_BLOCK = 512;
const SMALL = 2 ** 20;
const SMALL_SEGMENT = 2 * 2 ** 20;
const LARGE_SEGMENT = 20 * 2 ** 20;
const MIN_LARGE = 10 * 2 ** 20;
const ROUND_LARGE = 2 * 2 ** 20;

const roundUp = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

interface Block {
  bytes: number;
  free: boolean;
  before: Block | null;
  after: Block | null;
  readonly small: boolean;
  /** Order in which segments came and blocks lie in them: the tie-break of best fit. */
  readonly segment: number;
  offset: number;
}

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
 * Runs the lives of buffers through a best-fit allocator with cached segments, as PyTorch's: requests are rounded to 512
 * bytes; up to 1 MiB come from segments of 2 MiB, up to 10 MiB from segments of 20 MiB, larger ones have their own,
 * rounded to 2 MiB; the smallest free block that fits is split where enough is left; free neighbours join. Nothing is
 * given back to the device. At one time frees come before allocations, each in the order of the buffers.
 */
export function runCachingAllocator(buffers: readonly MapBuffer[]): OnlineResult {
  const heap = new CachingHeap();
  const blocks = new Map<number, Block>();
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

class CachingHeap {
  reserved_bytes = 0;
  private segments = 0;
  /** Free blocks of each pool by size, then segment and offset. */
  private readonly pools: Record<'small' | 'large', Block[]> = { small: [], large: [] };

  allocate(size_bytes: number): Block {
    const bytes = Math.max(roundUp(size_bytes, MIN_BLOCK), MIN_BLOCK);
    const small = bytes <= SMALL;
    const pool = this.pools[small ? 'small' : 'large'];
    const at = firstAtLeast(pool, bytes);
    const block = at < pool.length ? pool.splice(at, 1)[0]! : this.reserve(bytes, small);
    block.free = false;
    const rest = block.bytes - bytes;
    if (small ? rest >= MIN_BLOCK : rest > SMALL) {
      const { segment, after } = block;
      const tail = { bytes: rest, free: true, before: block, after, small, segment, offset: block.offset + bytes };
      if (after) after.before = tail;
      block.after = tail;
      block.bytes = bytes;
      insert(pool, tail);
    }
    return block;
  }

  free(block: Block): void {
    const pool = this.pools[block.small ? 'small' : 'large'];
    let whole = block;
    const { before, after } = block;
    if (after?.free) {
      remove(pool, after);
      whole.bytes += after.bytes;
      whole.after = after.after;
      if (after.after) after.after.before = whole;
    }
    if (before?.free) {
      remove(pool, before);
      before.bytes += whole.bytes;
      before.after = whole.after;
      if (whole.after) whole.after.before = before;
      whole = before;
    }
    whole.free = true;
    insert(pool, whole);
  }

  private reserve(bytes: number, small: boolean): Block {
    const large = bytes < MIN_LARGE ? LARGE_SEGMENT : roundUp(bytes, ROUND_LARGE);
    const size = small ? SMALL_SEGMENT : large;
    this.reserved_bytes += size;
    return { bytes: size, free: true, before: null, after: null, small, segment: this.segments++, offset: 0 };
  }
}

const precedes = (a: Block, b: Block): number => a.bytes - b.bytes || a.segment - b.segment || a.offset - b.offset;

function lowerBound(pool: readonly Block[], isBefore: (block: Block) => boolean): number {
  let [a, b] = [0, pool.length];
  while (a < b) {
    const middle = (a + b) >> 1;
    if (isBefore(pool[middle]!)) a = middle + 1;
    else b = middle;
  }
  return a;
}

const firstAtLeast = (pool: readonly Block[], bytes: number): number =>
  lowerBound(pool, (block) => block.bytes < bytes);

function insert(pool: Block[], block: Block): void {
  pool.splice(
    lowerBound(pool, (other) => precedes(other, block) < 0),
    0,
    block,
  );
}

function remove(pool: Block[], block: Block): void {
  pool.splice(
    lowerBound(pool, (other) => precedes(other, block) < 0),
    1,
  );
}

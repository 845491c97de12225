/**
 * PyTorch's caching allocator for a device: sizes, pools, splitting and joining as in c10/core/AllocatorConfig.h and
 * c10/cuda/CUDACachingAllocator.cpp (kMinBlockSize, kSmallSize, kSmallBuffer, kLargeBuffer, kMinLargeAlloc, kRoundLarge;
 * get_round_size, get_allocation_size, should_split).
 * @module
 */
const MIN_BLOCK = 512;
const SMALL = 2 ** 20;
const SMALL_SEGMENT = 2 * 2 ** 20;
const LARGE_SEGMENT = 20 * 2 ** 20;
const MIN_LARGE = 10 * 2 ** 20;
const ROUND_LARGE = 2 * 2 ** 20;

const roundUp = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

export interface HeapBlock {
  bytes: number;
  free: boolean;
  before: HeapBlock | null;
  after: HeapBlock | null;
  readonly pool: Pool;
  /** Order in which segments came and blocks lie in them: the tie-break of best fit. */
  readonly segment: number;
  offset: number;
}

export interface HeapOptions {
  /** Bytes that the device has for it. Default: no limit. */
  readonly capacity_bytes?: number;
  /** A pool is one segment that grows page by page at its end. */
  readonly expandable_segments?: boolean;
  /** Blocks of this size and more are not split. Default: no limit. */
  readonly max_split_bytes?: number;
}

/** A request that no free block holds and the device has no room for. */
export interface Refusal {
  readonly asked_bytes: number;
  readonly allocated_bytes: number;
  readonly reserved_bytes: number;
  /** The largest free block, and all free ones together. */
  readonly largest_free_bytes: number;
  readonly free_bytes: number;
}

interface Pool {
  readonly small: boolean;
  /** Free blocks by size, then segment and offset. */
  readonly free: HeapBlock[];
  /** The end of the segment that grows, where segments are expandable. */
  end: HeapBlock | null;
}

/**
 * Blocks on one device. Requests are rounded to 512 bytes; up to 1 MiB come from segments of 2 MiB, up to 10 MiB from
 * segments of 20 MiB, larger ones have their own, rounded to 2 MiB. The smallest free block that fits is split where enough
 * is left, and free neighbours join. Each stream has pools of its own. Before it gives up it returns its empty segments to
 * the device.
 */
export class CachingHeap {
  allocated_bytes = 0;
  reserved_bytes = 0;
  allocated_peak_bytes = 0;
  reserved_peak_bytes = 0;
  /** Times that empty segments went back to the device to make room. */
  flushes = 0;
  private segments = 0;
  private readonly capacity: number;
  private readonly expandable: boolean;
  private readonly maxSplit: number;
  private readonly pools = new Map<string, Pool>();

  constructor({ capacity_bytes, expandable_segments, max_split_bytes }: HeapOptions = {}) {
    this.capacity = capacity_bytes ?? Number.POSITIVE_INFINITY;
    this.expandable = expandable_segments ?? false;
    this.maxSplit = max_split_bytes ?? Number.POSITIVE_INFINITY;
  }

  /** A block for a request, or why there is none. */
  allocate(asked: number, stream = ''): HeapBlock | Refusal {
    const bytes = Math.max(roundUp(asked, MIN_BLOCK), MIN_BLOCK);
    const pool = this.pool(stream, bytes <= SMALL);
    const block = this.cached(pool, bytes) ?? this.grown(pool, bytes) ?? this.afterFlush(pool, bytes);
    if (block === null) return this.refusal(bytes);
    block.free = false;
    const rest = block.bytes - bytes;
    if (this.splits(pool, bytes, rest)) this.split(block, bytes);
    this.allocated_bytes += block.bytes;
    this.allocated_peak_bytes = Math.max(this.allocated_peak_bytes, this.allocated_bytes);
    return block;
  }

  free(block: HeapBlock): void {
    this.allocated_bytes -= block.bytes;
    block.free = true;
    insert(block.pool.free, this.joined(block));
  }

  private cached(pool: Pool, bytes: number): HeapBlock | null {
    const at = firstAtLeast(pool.free, bytes);
    const block = pool.free[at];
    if (block === undefined) return null;
    // Neither is a large block broken up, nor wasted on a request much smaller than it.
    if (bytes < this.maxSplit && block.bytes >= this.maxSplit) return null;
    if (bytes >= this.maxSplit && block.bytes >= bytes + LARGE_SEGMENT) return null;
    pool.free.splice(at, 1);
    return block;
  }

  private grown(pool: Pool, bytes: number): HeapBlock | null {
    if (this.expandable) return this.extended(pool, bytes);
    const large = bytes < MIN_LARGE ? LARGE_SEGMENT : roundUp(bytes, ROUND_LARGE);
    const size = pool.small ? SMALL_SEGMENT : large;
    if (!this.reserve(size)) return null;
    return { bytes: size, free: true, before: null, after: null, pool, segment: this.segments++, offset: 0 };
  }

  /** Pages are mapped behind the last block, which joins them if it is free. */
  private extended(pool: Pool, bytes: number): HeapBlock | null {
    const last = pool.end;
    const there = last?.free === true ? last.bytes : 0;
    const page = pool.small ? SMALL_SEGMENT : LARGE_SEGMENT;
    const size = roundUp(bytes - there, page);
    if (!this.reserve(size)) return null;
    if (last?.free === true) {
      remove(pool.free, last);
      last.bytes += size;
      return last;
    }
    const offset = last === null ? 0 : last.offset + last.bytes;
    const segment = last === null ? this.segments++ : last.segment;
    const block = { bytes: size, free: true, before: last, after: null, pool, segment, offset };
    if (last !== null) last.after = block;
    pool.end = block;
    return block;
  }

  private afterFlush(pool: Pool, bytes: number): HeapBlock | null {
    this.flush();
    return this.grown(pool, bytes);
  }

  /** Segments without a block in use, and mapped pages at the end of those that grow, go back to the device. */
  private flush(): void {
    this.flushes += 1;
    for (const pool of this.pools.values()) {
      if (this.expandable) {
        this.shrink(pool);
        continue;
      }
      for (const block of pool.free.filter(({ before, after }) => before === null && after === null)) {
        remove(pool.free, block);
        this.reserved_bytes -= block.bytes;
      }
    }
  }

  private shrink(pool: Pool): void {
    const last = pool.end;
    if (last?.free !== true) return;
    const page = pool.small ? SMALL_SEGMENT : LARGE_SEGMENT;
    const back = last.offset + last.bytes - roundUp(last.offset, page);
    if (back <= 0) return;
    remove(pool.free, last);
    this.reserved_bytes -= back;
    last.bytes -= back;
    if (last.bytes > 0) {
      insert(pool.free, last);
      return;
    }
    pool.end = last.before;
    if (last.before !== null) last.before.after = null;
  }

  private reserve(bytes: number): boolean {
    if (this.reserved_bytes + bytes > this.capacity) return false;
    this.reserved_bytes += bytes;
    this.reserved_peak_bytes = Math.max(this.reserved_peak_bytes, this.reserved_bytes);
    return true;
  }

  private splits({ small }: Pool, bytes: number, rest: number): boolean {
    if (small || this.expandable) return rest >= MIN_BLOCK;
    return bytes < this.maxSplit && rest > SMALL;
  }

  private split(block: HeapBlock, bytes: number): void {
    const { segment, after, pool } = block;
    const rest = block.bytes - bytes;
    const tail: HeapBlock = {
      bytes: rest,
      free: true,
      before: block,
      after,
      pool,
      segment,
      offset: block.offset + bytes,
    };
    if (after !== null) after.before = tail;
    if (pool.end === block) pool.end = tail;
    block.after = tail;
    block.bytes = bytes;
    insert(pool.free, tail);
  }

  /** The block with its free neighbours, which leave the pool. */
  private joined(block: HeapBlock): HeapBlock {
    const { before, after, pool } = block;
    if (after?.free === true) {
      remove(pool.free, after);
      this.absorb(block, after);
    }
    if (before?.free !== true) return block;
    remove(pool.free, before);
    this.absorb(before, block);
    return before;
  }

  private absorb(block: HeapBlock, next: HeapBlock): void {
    block.bytes += next.bytes;
    block.after = next.after;
    if (next.after !== null) next.after.before = block;
    if (block.pool.end === next) block.pool.end = block;
  }

  private pool(stream: string, small: boolean): Pool {
    const name = `${small ? 'small' : 'large'} ${stream}`;
    const known = this.pools.get(name);
    if (known !== undefined) return known;
    const made: Pool = { small, free: [], end: null };
    this.pools.set(name, made);
    return made;
  }

  private refusal(asked_bytes: number): Refusal {
    const free = [...this.pools.values()].flatMap((pool) => pool.free.map(({ bytes }) => bytes));
    return {
      asked_bytes,
      allocated_bytes: this.allocated_bytes,
      reserved_bytes: this.reserved_bytes,
      largest_free_bytes: Math.max(0, ...free),
      free_bytes: free.reduce((sum, bytes) => sum + bytes, 0),
    };
  }
}

export const refused = (result: object): result is Refusal => 'asked_bytes' in result;

const precedes = (a: HeapBlock, b: HeapBlock): number =>
  a.bytes - b.bytes || a.segment - b.segment || a.offset - b.offset;

function lowerBound(pool: readonly HeapBlock[], isBefore: (block: HeapBlock) => boolean): number {
  let [a, b] = [0, pool.length];
  while (a < b) {
    const middle = (a + b) >> 1;
    if (isBefore(pool[middle]!)) a = middle + 1;
    else b = middle;
  }
  return a;
}

const firstAtLeast = (pool: readonly HeapBlock[], bytes: number): number =>
  lowerBound(pool, (block) => block.bytes < bytes);

const placeOf = (pool: readonly HeapBlock[], block: HeapBlock): number =>
  lowerBound(pool, (other) => precedes(other, block) < 0);

const insert = (pool: HeapBlock[], block: HeapBlock): void => {
  pool.splice(placeOf(pool, block), 0, block);
};

const remove = (pool: HeapBlock[], block: HeapBlock): void => {
  pool.splice(placeOf(pool, block), 1);
};

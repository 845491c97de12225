import type { ItemPlan } from './greedy.ts';
import { sortedBy } from './sorting.ts';
import type { Timeline } from './timeline.ts';

/** Free blocks are kept in bins of so many to the octave. */
const BINS_PER_OCTAVE = 8;
/** Bins up to 2^53 bytes, in words of 32. */
const WORDS = Math.ceil((BINS_PER_OCTAVE * 54) / 32);

const binOf = (bytes: number): number => Math.floor(BINS_PER_OCTAVE * Math.log2(bytes));

/**
 * A plan that is never far to seek: items come and go in the order of time, as with an allocator at run time, each into a
 * free block of the smallest bin that surely holds it (two-level segregated fit: Masmano et al., ECRTS 2004). Blocks that
 * become free join their neighbours. Everything stands above what is fixed, and a life counts with its gaps. It takes a
 * sort of the starts and one of the ends; with one size for all it is the lowest.
 */
export function goodFitPlan(timeline: Timeline): ItemPlan {
  const { items, size, alignment, fixed, lower, upper } = timeline;
  const offsets = new Float64Array(items);
  let base = 0;
  for (let i = 0; i < items; i++) {
    if (fixed[i]! < 0) continue;
    offsets[i] = fixed[i]!;
    base = Math.max(base, fixed[i]! + size[i]!);
  }
  const blocks = new Blocks(base);
  const block = new Int32Array(items).fill(-1);
  const ends = sortedBy(upper);
  let ended = 0;
  for (const i of sortedBy(lower)) {
    if (fixed[i]! >= 0) continue;
    for (; upper[ends[ended]!]! <= lower[i]!; ended++) {
      const gone = block[ends[ended]!]!;
      if (gone >= 0) blocks.free(gone);
    }
    block[i] = blocks.take(size[i]!, alignment[i]!);
    offsets[i] = blocks.at[block[i]!]!;
  }
  return { offsets, height: blocks.top };
}

/** Blocks in the order of addresses from `base` up, the free ones in bins by size. */
class Blocks {
  /** Highest address that was ever taken. */
  top: number;
  /** Where each block begins, and its bytes. */
  at = new Float64Array(1 << 10);
  private bytes = new Float64Array(1 << 10);
  /** Neighbours in address, or -1. */
  private below = new Int32Array(1 << 10);
  private above = new Int32Array(1 << 10);
  /** Neighbours in the bin, or -1; `before` is -2 for a block in use. */
  private before = new Int32Array(1 << 10);
  private behind = new Int32Array(1 << 10);
  private readonly head = new Int32Array(WORDS * 32).fill(-1);
  private readonly filled = new Int32Array(WORDS);
  private readonly spare: number[] = [];
  private count = 0;
  /** The highest block, or -1. */
  private last = -1;
  /** Where the highest block ends. */
  private end: number;

  constructor(base: number) {
    this.top = base;
    this.end = base;
  }

  /** A block of so many bytes at a multiple of `align`. */
  take(bytes: number, align: number): number {
    let block = this.find(bytes + align - 1);
    if (block < 0) {
      // Above all: what is free below the end is part of it.
      block = this.last >= 0 && this.before[this.last]! !== -2 ? this.last : this.append(0);
      if (this.bytes[block]! > 0) this.unbin(block);
      const at = Math.ceil(this.at[block]! / align) * align;
      this.bytes[block] = at + bytes - this.at[block]!;
      this.end = at + bytes;
    } else this.unbin(block);
    const lost = Math.ceil(this.at[block]! / align) * align - this.at[block]!;
    if (lost > 0) {
      const upper = this.split(block, lost);
      this.bin(block);
      block = upper;
    }
    if (this.bytes[block]! > bytes) this.bin(this.split(block, bytes));
    this.before[block] = -2;
    this.top = Math.max(this.top, this.at[block]! + bytes);
    return block;
  }

  /** Gives a block back. */
  free(block: number): void {
    const up = this.above[block]!;
    if (up >= 0 && this.before[up]! !== -2) {
      this.unbin(up);
      this.join(block, up);
    }
    const down = this.below[block]!;
    if (down >= 0 && this.before[down]! !== -2) {
      this.unbin(down);
      this.join(down, block);
      this.bin(down);
    } else this.bin(block);
  }

  /** A free block of at least so many bytes, or -1. */
  private find(bytes: number): number {
    const bin = binOf(bytes);
    // The last freed of its own bin may be too small; every one of a higher bin is large enough.
    const first = this.head[bin]!;
    if (first >= 0 && this.bytes[first]! >= bytes) return first;
    for (let word = (bin + 1) >> 5; word < WORDS; word++) {
      let bits = this.filled[word]!;
      if (word === (bin + 1) >> 5) bits &= -1 << ((bin + 1) & 31);
      if (bits !== 0) return this.head[word * 32 + 31 - Math.clz32(bits & -bits)]!;
    }
    return -1;
  }

  private bin(block: number): void {
    const bin = binOf(this.bytes[block]!);
    const first = this.head[bin]!;
    this.before[block] = -1;
    this.behind[block] = first;
    if (first >= 0) this.before[first] = block;
    this.head[bin] = block;
    this.filled[bin >> 5]! |= 1 << (bin & 31);
  }

  private unbin(block: number): void {
    const bin = binOf(this.bytes[block]!);
    const before = this.before[block]!;
    const behind = this.behind[block]!;
    if (behind >= 0) this.before[behind] = before;
    if (before >= 0) this.behind[before] = behind;
    else {
      this.head[bin] = behind;
      if (behind < 0) this.filled[bin >> 5]! &= ~(1 << (bin & 31));
    }
  }

  /** Cuts a block after so many bytes; the upper part, in no bin. */
  private split(block: number, bytes: number): number {
    const upper = this.make(this.at[block]! + bytes, this.bytes[block]! - bytes);
    const next = this.above[block]!;
    this.bytes[block] = bytes;
    this.above[block] = upper;
    this.below[upper] = block;
    this.above[upper] = next;
    if (next >= 0) this.below[next] = upper;
    else this.last = upper;
    return upper;
  }

  private join(block: number, upper: number): void {
    const next = this.above[upper]!;
    this.bytes[block]! += this.bytes[upper]!;
    this.above[block] = next;
    if (next >= 0) this.below[next] = block;
    else this.last = block;
    this.spare.push(upper);
  }

  private append(bytes: number): number {
    const block = this.make(this.end, bytes);
    this.below[block] = this.last;
    this.above[block] = -1;
    if (this.last >= 0) this.above[this.last] = block;
    this.last = block;
    return block;
  }

  private make(at: number, bytes: number): number {
    const block = this.spare.pop() ?? this.count++;
    if (block === this.at.length) this.grow();
    this.at[block] = at;
    this.bytes[block] = bytes;
    this.before[block] = -2;
    return block;
  }

  private grow(): void {
    const doubled = <T extends Float64Array | Int32Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    const n = 2 * this.at.length;
    this.at = doubled(this.at, new Float64Array(n));
    this.bytes = doubled(this.bytes, new Float64Array(n));
    this.below = doubled(this.below, new Int32Array(n));
    this.above = doubled(this.above, new Int32Array(n));
    this.before = doubled(this.before, new Int32Array(n));
    this.behind = doubled(this.behind, new Int32Array(n));
  }
}

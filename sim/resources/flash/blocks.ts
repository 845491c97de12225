import type { Rng } from '../../kernel/random.ts';
import { type FlashCollection, type FlashDevice, planesOf } from './device.ts';

export const NO_BLOCK = -1;
/** Blocks of a plane that are being filled: with what the host writes, with copies, and with the mapping table. */
const FRONTIER = { host: 0, copies: 1, table: 2 } as const;
export const FRONTIERS = 3;

/**
 * The blocks of all planes: how far each is filled, how many of its pages hold what is still wanted, which are free, and
 * which is to be collected next. A block's number is plane × blocks per plane + block; a row is a page inside its plane.
 */
export class Blocks {
  readonly perPlane: number;
  readonly pages: number;
  readonly planes: number;
  /** Free blocks of each plane. */
  readonly freeCount: Int32Array;
  erased = 0;

  private readonly valid: Int32Array;
  private readonly filled: Int32Array;
  /** Programs under way, of which none may be when a block is collected; and whether it is being collected. */
  private readonly programming: Int32Array;
  private readonly collecting: Uint8Array;
  private readonly frontier: Int32Array;
  /** Rings of each plane: free blocks, and used ones in the order in which they were begun. */
  private readonly free: Int32Array;
  private readonly freeHead: Int32Array;
  private readonly used: Int32Array;
  private readonly usedHead: Int32Array;
  private readonly usedCount: Int32Array;
  private readonly victim: FlashCollection['victim'];
  private readonly rng: Rng;

  constructor(device: FlashDevice, capacity_bytes: number, rng: Rng) {
    this.planes = planesOf(device);
    this.pages = device.block_bytes / device.page_bytes;
    this.perPlane = blocksPerPlane(device, capacity_bytes);
    this.victim = device.collection!.victim;
    this.rng = rng;
    const blocks = this.planes * this.perPlane;
    this.valid = new Int32Array(blocks);
    this.filled = new Int32Array(blocks);
    this.programming = new Int32Array(blocks);
    this.collecting = new Uint8Array(blocks);
    this.free = Int32Array.from({ length: blocks }, (_, block) => block);
    this.freeHead = new Int32Array(this.planes);
    this.freeCount = new Int32Array(this.planes).fill(this.perPlane);
    this.used = new Int32Array(blocks);
    this.usedHead = new Int32Array(this.planes);
    this.usedCount = new Int32Array(this.planes);
    this.frontier = new Int32Array(this.planes * FRONTIERS);
    for (let plane = 0; plane < this.planes; plane++) {
      for (let which = 0; which < FRONTIERS; which++) this.frontier[plane * FRONTIERS + which] = this.begin(plane);
    }
  }

  blockOf(plane: number, row: number): number {
    return plane * this.perPlane + Math.floor(row / this.pages);
  }

  /** The next row for a page of the host, or for a copy. */
  take(plane: number, copy: boolean): number {
    const at = plane * FRONTIERS + (copy ? FRONTIER.copies : FRONTIER.host);
    const block = this.frontier[at]!;
    const page = this.filled[block]!;
    this.filled[block] = page + 1;
    this.valid[block]! += 1;
    if (page + 1 === this.pages) this.frontier[at] = this.begin(plane);
    return (block - plane * this.perPlane) * this.pages + page;
  }

  /** A page is wanted no more. */
  invalidate(plane: number, row: number): void {
    this.valid[this.blockOf(plane, row)]! -= 1;
  }

  programBegins(block: number): void {
    this.programming[block]! += 1;
  }

  programEnds(block: number): void {
    this.programming[block]! -= 1;
  }

  /** Chooses the block to collect next and marks it, or −1 when no full block has a page to win. */
  collect(plane: number): number {
    const block = this.choose(plane);
    if (block === NO_BLOCK || this.valid[block] === this.pages) return NO_BLOCK;
    this.collecting[block] = 1;
    return block;
  }

  /** A block is erased and free again. */
  release(block: number): void {
    const plane = Math.floor(block / this.perPlane);
    this.filled[block] = 0;
    this.valid[block] = 0;
    this.collecting[block] = 0;
    const from = plane * this.perPlane;
    const at = (this.freeHead[plane]! + this.freeCount[plane]!) % this.perPlane;
    this.free[from + at] = block;
    this.freeCount[plane]! += 1;
    this.erased += 1;
  }

  private choose(plane: number): number {
    const from = plane * this.perPlane;
    switch (this.victim) {
      case 'greedy': {
        let best = NO_BLOCK;
        for (let block = from; block < from + this.perPlane; block++) {
          if (this.eligible(block) && (best === NO_BLOCK || this.valid[block]! < this.valid[best]!)) best = block;
        }
        return best;
      }
      case 'random': {
        for (let tries = 0; tries < this.perPlane; tries++) {
          const block = from + Math.floor(this.rng.next() * this.perPlane);
          if (this.eligible(block)) return block;
        }
        return NO_BLOCK;
      }
      case 'fifo': {
        for (let left = this.usedCount[plane]!; left > 0; left--) {
          const block = this.used[from + this.usedHead[plane]!]!;
          this.usedHead[plane] = (this.usedHead[plane]! + 1) % this.perPlane;
          this.usedCount[plane]! -= 1;
          if (this.eligible(block)) return block;
          this.use(plane, block);
        }
        return NO_BLOCK;
      }
    }
  }

  private eligible(block: number): boolean {
    return this.filled[block] === this.pages && this.programming[block] === 0 && this.collecting[block] === 0;
  }

  /** Takes a free block. The caller sees to it that there is one. */
  private begin(plane: number): number {
    const head = this.freeHead[plane]!;
    const block = this.free[plane * this.perPlane + head]!;
    this.freeHead[plane] = (head + 1) % this.perPlane;
    this.freeCount[plane]! -= 1;
    this.use(plane, block);
    return block;
  }

  private use(plane: number, block: number): void {
    const at = (this.usedHead[plane]! + this.usedCount[plane]!) % this.perPlane;
    this.used[plane * this.perPlane + at] = block;
    this.usedCount[plane]! += 1;
  }
}

/** Whole blocks of each plane that a capacity makes. */
export function blocksPerPlane(device: FlashDevice, capacity_bytes: number): number {
  return Math.floor(capacity_bytes / (planesOf(device) * device.block_bytes));
}

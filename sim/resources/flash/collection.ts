import type { Rng } from '../../kernel/random.ts';
import type { Allocation } from './allocation.ts';
import type { FlashArray } from './array.ts';
import { Blocks, blocksPerPlane, NO_BLOCK } from './blocks.ts';
import { type FlashDevice, planesOf } from './device.ts';
import { KIND, NO_OP, OP, REAL } from './pool.ts';

const NOWHERE = -1;
/** A drive that begins full was written once and then overwritten this many times, in an order at random. */
const OVERWRITES = 2;

/**
 * Garbage collection block by block. A page written again leaves the old one behind; when a plane has few free blocks, the
 * pages still wanted of a chosen block are read, programmed elsewhere in the plane, and the block is erased. Write
 * amplification follows from that and is not stated.
 *
 * Where a plane is nearly out of blocks, writes to it wait for an erase.
 */
export class Collection implements Allocation {
  /** Pages copied so far. */
  copied = 0;

  private readonly array: FlashArray;
  private readonly blocks: Blocks;
  private readonly planes: number;
  private readonly start: number;
  private readonly stop: number;
  /** Where each logical page lies, and which page each place holds (−1: none, or wanted no more). */
  private readonly placeOf: Float64Array;
  private readonly pageAt: Float64Array;
  /** Of each block: pages still to be copied away. */
  private readonly moving: Int32Array;
  /** Of each plane: collections under way, and the chain of writes that wait (first and last). */
  private readonly ongoing: Int32Array;
  private readonly firstWaiting: Int32Array;
  private readonly lastWaiting: Int32Array;
  private readonly resume: (op: number) => void;
  /** While the drive is filled before the clock starts, copies take no time. */
  private instant = false;

  /**
   * @param pages logical pages that are addressed.
   * @param resume called with a write that had to wait for an erase.
   */
  constructor(
    array: FlashArray,
    device: FlashDevice,
    sizes: { readonly pages: number; readonly capacity_bytes: number },
    rng: Rng,
    resume: (op: number) => void,
  ) {
    this.array = array;
    this.resume = resume;
    this.blocks = new Blocks(device, sizes.capacity_bytes, rng);
    this.planes = this.blocks.planes;
    this.start = device.collection!.start_blocks;
    this.stop = device.collection!.stop_blocks;
    this.placeOf = new Float64Array(sizes.pages).fill(NOWHERE);
    this.pageAt = new Float64Array(this.planes * this.blocks.perPlane * this.blocks.pages).fill(NOWHERE);
    this.moving = new Int32Array(this.planes * this.blocks.perPlane);
    this.ongoing = new Int32Array(this.planes);
    this.firstWaiting = new Int32Array(this.planes).fill(NO_OP);
    this.lastWaiting = new Int32Array(this.planes).fill(NO_OP);
    if (device.collection!.begins === 'full') this.fill(rng);
  }

  /** Blocks erased since the clock started. */
  get erasedBlocks(): number {
    return this.blocks.erased;
  }

  /** A page that was never written takes a place, as MQSim has it. */
  read(page: number): number {
    const place = this.placeOf[page]!;
    return place === NOWHERE ? this.write(page) : place;
  }

  holds(page: number): boolean {
    return this.placeOf[page] !== NOWHERE;
  }

  write(page: number): number {
    const plane = page - Math.floor(page / this.planes) * this.planes;
    this.leave(page);
    const place = this.settle(page, plane, false);
    this.collectWhereFew(plane);
    return place;
  }

  /** Whether a write must wait for an erase in its plane; it is then kept, and resumed later. */
  holdsBack(op: number): boolean {
    const { ops } = this.array;
    const page = ops.reals[op + REAL.page]!;
    const plane = page - Math.floor(page / this.planes) * this.planes;
    if (this.blocks.freeCount[plane]! >= this.stop) return false;
    if (this.firstWaiting[plane] === NO_OP) this.firstWaiting[plane] = op;
    else ops.words[this.lastWaiting[plane]! + OP.next] = op;
    ops.words[op + OP.next] = NO_OP;
    this.lastWaiting[plane] = op;
    this.collectWhereFew(plane);
    return true;
  }

  /** A program was queued at a place, or has ended there. */
  programQueued(place: number): void {
    this.blocks.programBegins(this.blockAt(place));
  }

  programEnded(place: number): void {
    this.blocks.programEnds(this.blockAt(place));
  }

  /** A page of a block that is collected has been read: it goes on, unless it was written again meanwhile. */
  copyRead(op: number): void {
    const { ops } = this.array;
    const block = ops.words[op + OP.request]!;
    const page = ops.reals[op + REAL.page]!;
    const from = ops.reals[op + REAL.place]!;
    if (this.placeOf[page] !== from) {
      this.moved(block);
      return;
    }
    const plane = from - Math.floor(from / this.planes) * this.planes;
    this.leave(page);
    const program = ops.take(KIND.copyProgram, block);
    ops.words[program + OP.bytes] = this.array.pageBytes;
    ops.reals[program + REAL.page] = page;
    this.array.locate(program, this.settle(page, plane, true));
    this.array.submit(program);
    this.copied += 1;
    this.collectWhereFew(plane);
  }

  copyProgrammed(op: number): void {
    this.moved(this.array.ops.words[op + OP.request]!);
  }

  /** A block is free again, and writes that waited for one go on. */
  erased(op: number): void {
    const { ops } = this.array;
    const block = ops.words[op + OP.request]!;
    const plane = Math.floor(block / this.blocks.perPlane);
    this.blocks.release(block);
    this.ongoing[plane]! -= 1;
    while (this.firstWaiting[plane] !== NO_OP && this.blocks.freeCount[plane]! >= this.stop) {
      const first = this.firstWaiting[plane]!;
      this.firstWaiting[plane] = ops.words[first + OP.next]!;
      ops.words[first + OP.next] = NO_OP;
      this.resume(first);
    }
    this.collectWhereFew(plane);
  }

  private leave(page: number): void {
    const place = this.placeOf[page]!;
    if (place === NOWHERE) return;
    const row = Math.floor(place / this.planes);
    this.pageAt[place] = NOWHERE;
    this.blocks.invalidate(place - row * this.planes, row);
  }

  private settle(page: number, plane: number, copy: boolean): number {
    const place = plane + this.planes * this.blocks.take(plane, copy);
    this.placeOf[page] = place;
    this.pageAt[place] = page;
    return place;
  }

  private blockAt(place: number): number {
    const row = Math.floor(place / this.planes);
    return this.blocks.blockOf(place - row * this.planes, row);
  }

  private collectWhereFew(plane: number): void {
    const { freeCount } = this.blocks;
    while (freeCount[plane]! + this.ongoing[plane]! < this.start && this.ongoing[plane]! < this.stop - 1) {
      const block = this.blocks.collect(plane);
      if (block === NO_BLOCK) return;
      this.ongoing[plane]! += 1;
      if (this.instant) this.moveAtOnce(plane, block);
      else this.move(plane, block);
    }
  }

  private firstPlace(plane: number, block: number): number {
    return plane + this.planes * (block - plane * this.blocks.perPlane) * this.blocks.pages;
  }

  private move(plane: number, block: number): void {
    const { ops } = this.array;
    const first = this.firstPlace(plane, block);
    this.moving[block] = 1;
    this.array.open();
    for (let i = 0; i < this.blocks.pages; i++) {
      const place = first + this.planes * i;
      const page = this.pageAt[place]!;
      if (page === NOWHERE) continue;
      this.moving[block]! += 1;
      const op = ops.take(KIND.copyRead, block);
      ops.words[op + OP.bytes] = this.array.pageBytes;
      ops.reals[op + REAL.page] = page;
      this.array.locate(op, place);
      this.array.submit(op);
    }
    this.moved(block);
    this.array.close();
  }

  /** One page less to copy; after the last the block is erased. */
  private moved(block: number): void {
    this.moving[block]! -= 1;
    if (this.moving[block]! > 0) return;
    const { ops } = this.array;
    const op = ops.take(KIND.erase, block);
    ops.words[op + OP.bytes] = 0;
    this.array.locate(op, this.firstPlace(Math.floor(block / this.blocks.perPlane), block));
    this.array.submit(op);
  }

  private moveAtOnce(plane: number, block: number): void {
    const first = this.firstPlace(plane, block);
    for (let i = 0; i < this.blocks.pages; i++) {
      const page = this.pageAt[first + this.planes * i]!;
      if (page === NOWHERE) continue;
      this.leave(page);
      this.settle(page, plane, true);
    }
    this.blocks.release(block);
    this.ongoing[plane]! -= 1;
  }

  private fill(rng: Rng): void {
    const pages = this.placeOf.length;
    this.instant = true;
    for (let page = 0; page < pages; page++) this.write(page);
    for (let i = 0; i < OVERWRITES * pages; i++) this.write(Math.floor(rng.next() * pages));
    this.instant = false;
    this.blocks.erased = 0;
  }
}

/** Most pages whose places are kept one by one. */
const MOST_PAGES = 2 ** 24;
/** Blocks of a plane that are being filled, of which one holds the mapping table. */
const OPEN_BLOCKS = 3;

/** Bytes that a drive which collects garbage can keep: all but the blocks being filled and those that stay free. */
export function collectedCapacity(device: FlashDevice, capacity_bytes: number): number {
  const kept = blocksPerPlane(device, capacity_bytes) - OPEN_BLOCKS - device.collection!.start_blocks;
  return Math.max(0, kept) * planesOf(device) * device.block_bytes;
}

/** Whether every page of a device can be followed. */
export function tooManyPages(device: FlashDevice, capacity_bytes: number): boolean {
  const pages = device.block_bytes / device.page_bytes;
  return blocksPerPlane(device, capacity_bytes) * planesOf(device) * pages > MOST_PAGES;
}

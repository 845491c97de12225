import type { Rng } from '../../kernel/random.ts';
import { type FlashDevice, planesOf } from './device.ts';
import { PlaceTable } from './placeTable.ts';

/** Where a logical page lies: a place is plane + planes × row, rows counting pages inside their plane. */
export interface Allocation {
  /** The place of a page that is read. */
  read(page: number): number;
  /** The place where a page is written next. */
  write(page: number): number;
  /** Whether a page holds data, so that a write of a part of it must keep the rest. */
  holds(page: number): boolean;
}

/** An allocation of a drive whose write amplification is stated: it names pages to copy. */
export interface StatedAllocation extends Allocation {
  /** The place for a page that is copied away from a block to be erased. */
  copy(rng: Rng): { from: number; to: number };
}

/** How pages are allocated on a device that is addressed up to `pages`. */
export function allocationOf(device: FlashDevice, pages: number): StatedAllocation {
  return device.allocation === 'static' ? new StaticAllocation(device, pages) : new LogAllocation(pages);
}

/** A drive that has been written full: pages lie at their numbers, and writes follow a log round all planes. */
class LogAllocation implements StatedAllocation {
  private readonly pages: number;
  private cursor = 0;

  constructor(pages: number) {
    this.pages = pages;
  }

  read(page: number): number {
    return page;
  }

  write(): number {
    return this.cursor++;
  }

  holds(): boolean {
    return true;
  }

  copy(rng: Rng): { from: number; to: number } {
    return { from: Math.floor(rng.next() * this.pages), to: this.cursor++ };
  }
}

/**
 * A drive that begins empty and keeps each page in the plane its number names; inside a plane pages are used in turn.
 * What is read without having been written takes the next page, as MQSim has it (Tavakkol et al., FAST 2018).
 */
class StaticAllocation implements StatedAllocation {
  private readonly planes: number;
  /** The row of each page that has a place. */
  private readonly rows: PlaceTable;
  private readonly next: Float64Array;

  constructor(device: FlashDevice, pages: number) {
    this.planes = planesOf(device);
    this.rows = new PlaceTable(pages);
    this.next = new Float64Array(this.planes);
  }

  read(page: number): number {
    const plane = page - Math.floor(page / this.planes) * this.planes;
    const row = this.next[plane]!;
    const held = this.rows.getOrSet(page, row);
    if (held === row) this.next[plane] = row + 1;
    return plane + this.planes * held;
  }

  /** The next page of the plane. */
  write(page: number): number {
    const plane = page - Math.floor(page / this.planes) * this.planes;
    const row = this.next[plane]!;
    this.next[plane] = row + 1;
    this.rows.set(page, row);
    return plane + this.planes * row;
  }

  holds(page: number): boolean {
    return this.rows.get(page) >= 0;
  }

  copy(rng: Rng): { from: number; to: number } {
    const plane = Math.floor(rng.next() * this.planes);
    const row = this.next[plane]!;
    this.next[plane] = row + 1;
    return { from: plane + this.planes * Math.floor(rng.next() * (row + 1)), to: plane + this.planes * row };
  }
}

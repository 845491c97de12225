import type { Rng } from '../../kernel/random.ts';
import type { FlashDevice } from './device.ts';
import { ABSENT, PageTable } from './pageTable.ts';

/** Where a logical page lies: a place is plane + planes × row, rows counting pages inside their plane. */
export interface Allocation {
  /** The place of a page that is read. */
  read(page: number): number;
  /** The place where a page is written next. */
  write(page: number): number;
  /** Whether a page holds data, so that a write of a part of it must keep the rest. */
  holds(page: number): boolean;
  /** The place for a page that is copied away from a block to be erased. */
  copy(rng: Rng): { from: number; to: number };
}

/** How pages are allocated on a device that is addressed up to `pages`. */
export function allocationOf(device: FlashDevice, pages: number): Allocation {
  return device.allocation === 'static' ? new StaticAllocation(device) : new LogAllocation(pages);
}

/** A drive that has been written full: pages lie at their numbers, and writes follow a log round all planes. */
class LogAllocation implements Allocation {
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
class StaticAllocation implements Allocation {
  private readonly planes: number;
  private readonly table = new PageTable();
  private placeOf = new Float64Array(this.table.slots);
  private readonly next: Float64Array;

  constructor({ channels, chips_per_channel, dies_per_chip, planes_per_die }: FlashDevice) {
    this.planes = channels * chips_per_channel * dies_per_chip * planes_per_die;
    this.next = new Float64Array(this.planes);
  }

  read(page: number): number {
    const slot = this.table.find(page);
    return slot === ABSENT ? this.take(page, this.add(page)) : this.placeOf[slot]!;
  }

  write(page: number): number {
    const slot = this.table.find(page);
    return this.take(page, slot === ABSENT ? this.add(page) : slot);
  }

  private add(page: number): number {
    const slot = this.table.add(page);
    if (slot >= this.placeOf.length) {
      const wider = new Float64Array(this.table.slots);
      wider.set(this.placeOf);
      this.placeOf = wider;
    }
    return slot;
  }

  /** The next page of the plane. */
  private take(page: number, slot: number): number {
    const plane = page % this.planes;
    const row = this.next[plane]!;
    this.next[plane] = row + 1;
    const place = plane + this.planes * row;
    this.placeOf[slot] = place;
    return place;
  }

  holds(page: number): boolean {
    return this.table.find(page) !== ABSENT;
  }

  copy(rng: Rng): { from: number; to: number } {
    const plane = Math.floor(rng.next() * this.planes);
    const row = this.next[plane]!;
    this.next[plane] = row + 1;
    return { from: plane + this.planes * Math.floor(rng.next() * (row + 1)), to: plane + this.planes * row };
  }
}

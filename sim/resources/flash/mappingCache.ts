import type { FlashMapping } from './device.ts';
import { ABSENT, PageTable } from './pageTable.ts';

/** Whether the controller's memory has room for the entries of so many pages. */
export function holdsAll(mapping: FlashMapping, pages: number): boolean {
  return Math.floor(mapping.cache_bytes / mapping.entry_bytes) >= pages;
}

/**
 * The part of the mapping table that the controller's memory holds: entries (or runs of them) by least recent use, empty
 * at the start, as a controller that fetches on demand is. A table that fits whole is there from the start.
 */
export class MappingCache {
  private readonly table = new PageTable();
  private readonly whole: boolean;
  /** Entries that come and go together, how many such runs there is room for, and entries of one page of the table. */
  private readonly run: number;
  private readonly room: number;
  private readonly perPage: number;
  private older = new Int32Array(this.table.slots);
  private newer = new Int32Array(this.table.slots);
  private oldest = ABSENT;
  private newest = ABSENT;

  /** @param pages pages that are addressed. */
  constructor(mapping: FlashMapping, pages: number, page_bytes: number) {
    const entries = Math.floor(mapping.cache_bytes / mapping.entry_bytes);
    this.whole = holdsAll(mapping, pages);
    this.run = mapping.keeps === 'asked' ? 1 : Math.max(1, Math.floor(mapping.read_bytes / mapping.entry_bytes));
    this.room = Math.max(1, Math.floor(entries / this.run));
    this.perPage = Math.max(1, Math.floor(page_bytes / mapping.entry_bytes));
  }

  /** The page of the table with the entry of a page. */
  tablePage(page: number): number {
    return Math.floor(page / this.perPage);
  }

  /** Whether the entry of a page is there; it is then the last to go. */
  has(page: number): boolean {
    if (this.whole) return true;
    const slot = this.table.find(Math.floor(page / this.run));
    if (slot === ABSENT) return false;
    if (slot !== this.newest) {
      this.unlink(slot);
      this.link(slot);
    }
    return true;
  }

  /** Takes in the entry of a page, and lets go of the one unused for longest where there is no room. */
  insert(page: number): void {
    const key = Math.floor(page / this.run);
    if (this.table.find(key) !== ABSENT) return;
    if (this.table.size === this.room) {
      const gone = this.oldest;
      this.unlink(gone);
      this.table.remove(gone);
    }
    const slot = this.table.add(key);
    if (slot >= this.older.length) this.grow();
    this.link(slot);
  }

  private link(slot: number): void {
    this.older[slot] = this.newest;
    this.newer[slot] = ABSENT;
    if (this.newest === ABSENT) this.oldest = slot;
    else this.newer[this.newest] = slot;
    this.newest = slot;
  }

  private unlink(slot: number): void {
    const older = this.older[slot]!;
    const newer = this.newer[slot]!;
    if (older === ABSENT) this.oldest = newer;
    else this.newer[older] = newer;
    if (newer === ABSENT) this.newest = older;
    else this.older[newer] = older;
  }

  private grow(): void {
    const wider = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const array = new Int32Array(this.table.slots);
      array.set(old);
      return array;
    };
    this.older = wider(this.older);
    this.newer = wider(this.newer);
  }
}

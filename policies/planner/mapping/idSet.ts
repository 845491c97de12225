import type { MapBuffer } from './problem.ts';

/** FNV-1a, 32 bits. */
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function hashOf(text: string): number {
  let hash = FNV_BASIS;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash;
}

/** The buffers whose ids have been met, in a table that a million of them fill quickly. */
export class IdSet {
  private readonly buffers: readonly MapBuffer[];
  private readonly hashes: Int32Array;
  /** Buffer number + 1 at its hash or the next free place, 0 where none is. */
  private readonly table: Int32Array;
  private readonly mask: number;

  constructor(buffers: readonly MapBuffer[]) {
    this.buffers = buffers;
    this.hashes = new Int32Array(buffers.length);
    const places = 2 ** Math.ceil(Math.log2(2 * buffers.length + 2));
    this.table = new Int32Array(places);
    this.mask = places - 1;
  }

  /** Adds a buffer; the number of the one added before with the same id, or -1. */
  add(index: number): number {
    const { buffers, hashes, table, mask } = this;
    const { id } = buffers[index]!;
    const hash = hashOf(id);
    hashes[index] = hash;
    // The upper bits are the better mixed ones.
    let at = (hash ^ (hash >>> 15)) & mask;
    for (; table[at] !== 0; at = (at + 1) & mask) {
      const other = table[at]! - 1;
      if (hashes[other] === hash && buffers[other]!.id === id) return other;
    }
    table[at] = index + 1;
    return -1;
  }
}

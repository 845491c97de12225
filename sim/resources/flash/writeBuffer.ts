import type { Lanes } from '../../kernel/lanes.ts';
import { ceilNs } from '../../kernel/time.ts';

/** What the buffer tells its drive. */
export interface BufferEnds {
  /** Pages of a request have room, from number `first` of its pages on, and can be programmed. */
  onRoom(request: number, first: number, pages: number): void;
  /** All of a request is in the buffer. */
  onStored(request: number): void;
}

interface Waiting {
  readonly request: number;
  readonly pages: number;
  readonly bytes: number;
  admitted: number;
}

/**
 * Memory that takes writes before they are programmed: whole pages, first come first served, and a request page by page as
 * room comes. They are programmed from the moment they have room, and the request ends when its data has gone into the
 * memory at its rate, one after another.
 */
export class WriteBuffer {
  private readonly sim: Lanes;
  private readonly room: number;
  private readonly nsPerByte: number;
  private readonly ends: BufferEnds;
  private readonly storedKind: number;
  private held = 0;
  private portFreeNs = 0;
  private readonly waiting: Waiting[] = [];

  constructor(
    sim: Lanes,
    memory: { readonly bytes: number; readonly bytes_per_s: number; readonly page_bytes: number },
    ends: BufferEnds,
  ) {
    this.sim = sim;
    this.room = Math.floor(memory.bytes / memory.page_bytes);
    this.nsPerByte = 1e9 / memory.bytes_per_s;
    this.ends = ends;
    this.storedKind = sim.register((request) => ends.onStored(request));
  }

  put(request: number, pages: number, bytes: number): void {
    this.waiting.push({ request, pages, bytes, admitted: 0 });
    this.admit();
  }

  /** A page has been programmed. */
  drain(): void {
    this.held -= 1;
    this.admit();
  }

  private admit(): void {
    while (this.waiting.length > 0 && this.held < this.room) {
      const first = this.waiting[0]!;
      const { request, pages, bytes, admitted } = first;
      const taken = Math.min(pages - admitted, this.room - this.held);
      first.admitted += taken;
      this.held += taken;
      this.portFreeNs = Math.max(this.portFreeNs, this.sim.now) + ceilNs(((bytes * taken) / pages) * this.nsPerByte);
      if (first.admitted === pages) {
        this.waiting.shift();
        this.sim.at(this.portFreeNs, this.storedKind, request);
      }
      this.ends.onRoom(request, admitted, taken);
    }
  }
}

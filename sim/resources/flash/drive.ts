import type { Lanes } from '../../kernel/lanes.ts';
import type { Rng } from '../../kernel/random.ts';
import { type Allocation, allocationOf } from './allocation.ts';
import { FlashArray } from './array.ts';
import { Collection } from './collection.ts';
import { addressedPages, type FlashDevice } from './device.ts';
import { HostLink } from './hostLink.ts';
import { MappingCache } from './mappingCache.ts';
import { KIND, NO_OP, OP, REAL } from './pool.ts';
import { StatedCopies } from './statedCopies.ts';
import { WriteBuffer } from './writeBuffer.ts';

/** Owner of programs that no request waits for, because the buffer has their data. */
const BUFFERED = -1;

/** Who asks: the host across the link, or the drive's own compute, which sees the channels. */
export type FlashConsumer = 'host' | 'drive';

/**
 * A drive: requests come over the host link, are split into pages, translated by the mapping table and served by the
 * array; the data of a read crosses the link whole once its last page is in.
 */
export class FlashDrive {
  readonly array: FlashArray;
  readonly link: HostLink;
  mappingMisses = 0;

  private readonly device: FlashDevice;
  private readonly pageBytes: number;
  private readonly sector: number;
  private readonly allocation: Allocation;
  /** What makes room for writes: collection block by block, or copies at a stated rate, or nothing. */
  private readonly collection: Collection | null = null;
  private readonly copies: StatedCopies | null = null;
  private readonly mapping: MappingCache | null;
  private readonly buffer: WriteBuffer | null = null;
  /** By page of the table that is being read: the last operation that waits for it. */
  private readonly fetching = new Map<number, number>();
  /** Of each request: pages that are still to come, its bytes (negative: a write) and where it begins. */
  private readonly pending: Int32Array;
  private readonly bytesOf: Float64Array;
  private readonly addressOf: Float64Array;

  /**
   * @param requests most requests under way at once; they are numbered 0 … requests − 1.
   * @param span_bytes the part of the drive that is addressed, from 0; what the mapping cache is compared with.
   * @param capacity_bytes all of the drive, which collection needs to know.
   * @param onDone called when a request has ended; it may start the next under the same number.
   */
  constructor(
    sim: Lanes,
    device: FlashDevice,
    options: { requests: number; span_bytes: number; capacity_bytes: number; consumer: FlashConsumer; rng: Rng },
    onDone: (request: number) => void,
  ) {
    this.device = device;
    this.pageBytes = device.page_bytes;
    this.sector = device.sector_bytes;
    this.array = new FlashArray(sim, device, (op) => this.pageDone(op));
    this.link = new HostLink(sim, options.consumer === 'host' ? device.link : undefined, options.requests, {
      command: sim.register((request) => this.command(request)),
      data: sim.register((request) => this.arrived(request)),
      completion: sim.register(onDone),
    });
    this.pending = new Int32Array(options.requests);
    this.bytesOf = new Float64Array(options.requests);
    this.addressOf = new Float64Array(options.requests);
    const pages = addressedPages(device, options.span_bytes);
    if (device.collection !== undefined) {
      const sizes = { pages, capacity_bytes: options.capacity_bytes };
      this.collection = new Collection(this.array, device, sizes, options.rng, (op) => this.place(op));
      this.allocation = this.collection;
    } else {
      const allocation = allocationOf(device, pages);
      this.allocation = allocation;
      if (device.write_amplification !== undefined) {
        this.copies = new StatedCopies(this.array, device, allocation, options.rng);
      }
    }
    this.mapping = device.mapping === undefined ? null : new MappingCache(device.mapping, pages, device.page_bytes);
    if (device.write_buffer_bytes !== undefined) {
      const bytes_per_s = device.write_buffer_bytes_per_s ?? Number.POSITIVE_INFINITY;
      const memory = { bytes: device.write_buffer_bytes, bytes_per_s, page_bytes: device.page_bytes };
      this.buffer = new WriteBuffer(sim, memory, {
        onRoom: (request, first, pages) => this.program(request, BUFFERED, first, pages),
        onStored: (request) => this.link.complete(request, 0),
      });
    }
  }

  /** Reads `bytes` from a byte address. */
  read(request: number, address: number, bytes: number): void {
    this.addressOf[request] = address;
    this.bytesOf[request] = bytes;
    this.link.submitRead(request);
  }

  /** Writes `bytes` at a byte address. */
  write(request: number, address: number, bytes: number): void {
    this.addressOf[request] = address;
    this.bytesOf[request] = -bytes;
    this.link.submitWrite(request);
  }

  private command(request: number): void {
    const bytes = this.bytesOf[request]!;
    if (bytes < 0) this.link.pull(request, -bytes);
    else this.readPages(request, this.addressOf[request]!, bytes);
  }

  private readPages(request: number, address: number, bytes: number): void {
    const { ops } = this.array;
    const { pageBytes, sector } = this;
    const end = address + bytes;
    const first = Math.floor(address / pageBytes);
    const pages = Math.ceil(end / pageBytes) - first;
    this.pending[request] = pages;
    if (pages > 1) this.array.open();
    for (let page = first; page * pageBytes < end; page++) {
      const from = Math.floor(Math.max(address, page * pageBytes) / sector) * sector;
      const to = Math.ceil(Math.min(end, (page + 1) * pageBytes) / sector) * sector;
      const op = ops.take(KIND.read, request);
      ops.words[op + OP.bytes] = to - from;
      ops.reals[op + REAL.page] = page;
      this.translate(op);
    }
    if (pages > 1) this.array.close();
  }

  /** Sends an operation to its place, after the page of the table that says where that is, if it is not at hand. */
  private translate(op: number): void {
    const { ops } = this.array;
    const page = ops.reals[op + REAL.page]!;
    if (this.mapping === null || this.mapping.has(page)) {
      this.place(op);
      return;
    }
    this.mappingMisses += 1;
    const tablePage = this.mapping.tablePage(page);
    const last = this.fetching.get(tablePage);
    this.fetching.set(tablePage, op);
    if (last !== undefined) {
      ops.words[last + OP.next] = op;
      return;
    }
    const fetch = ops.take(KIND.mapping, NO_OP);
    ops.words[fetch + OP.bytes] = this.device.mapping!.read_bytes;
    ops.reals[fetch + REAL.page] = tablePage;
    ops.words[fetch + OP.follow] = op;
    this.array.locate(fetch, tablePage);
    this.array.submit(fetch);
  }

  private place(op: number): void {
    const { ops } = this.array;
    const page = ops.reals[op + REAL.page]!;
    if (ops.words[op + OP.kind] === KIND.read) {
      this.array.locate(op, this.allocation.read(page));
      this.array.submit(op);
      return;
    }
    if (this.collection?.holdsBack(op)) return;
    // What a write leaves of a page is read and written with it.
    const rest = this.pageBytes - ops.words[op + OP.bytes]!;
    const merges = rest > 0 && this.allocation.holds(page);
    const merge = merges ? this.mergeRead(op, this.allocation.read(page), rest) : NO_OP;
    if (merges) ops.words[op + OP.bytes] = this.pageBytes;
    this.array.locate(op, this.allocation.write(page));
    this.collection?.programQueued(ops.reals[op + REAL.place]!);
    this.array.submit(merges ? merge : op);
  }

  /** The data of a write is in the controller: into the buffer where there is one. */
  private arrived(request: number): void {
    const pages = this.pagesOf(request);
    if (this.buffer !== null) {
      this.buffer.put(request, pages, -this.bytesOf[request]!);
      return;
    }
    this.pending[request] = pages;
    this.program(request, request, 0, pages);
  }

  private pagesOf(request: number): number {
    const { pageBytes } = this;
    const address = this.addressOf[request]!;
    return Math.ceil((address - this.bytesOf[request]!) / pageBytes) - Math.floor(address / pageBytes);
  }

  /** Queues the programs of `pages` pages of a write, from its page number `first` on. */
  private program(request: number, owner: number, first: number, pages: number): void {
    const { ops } = this.array;
    const { pageBytes, sector } = this;
    const address = this.addressOf[request]!;
    const end = address - this.bytesOf[request]!;
    const from = Math.floor(address / pageBytes) + first;
    this.array.open();
    for (let page = from; page < from + pages; page++) {
      const written = Math.min(end, (page + 1) * pageBytes) - Math.max(address, page * pageBytes);
      const op = ops.take(KIND.program, owner);
      ops.words[op + OP.bytes] = Math.ceil(written / sector) * sector;
      ops.reals[op + REAL.page] = page;
      this.translate(op);
    }
    this.array.close();
  }

  /** The read of (a part of) a page that its program waits for. */
  private mergeRead(program: number, place: number, bytes: number): number {
    const { ops } = this.array;
    const read = ops.take(KIND.read, NO_OP);
    ops.words[read + OP.bytes] = bytes;
    this.array.locate(read, place);
    ops.words[read + OP.follow] = program;
    return read;
  }

  /** A page of the host's is programmed. */
  private programmed(owner: number): void {
    this.copies?.programmed();
    if (owner >= 0) {
      this.pending[owner]! -= 1;
      if (this.pending[owner] === 0) this.link.complete(owner, 0);
    } else this.buffer!.drain();
  }

  private pageDone(op: number): void {
    const { ops } = this.array;
    const request = ops.words[op + OP.request]!;
    const follow = ops.words[op + OP.follow]!;
    switch (ops.words[op + OP.kind]) {
      case KIND.read:
        ops.release(op);
        if (follow !== NO_OP) this.array.submit(follow);
        if (request !== NO_OP) this.pageRead(request);
        return;
      case KIND.mapping:
        this.fetching.delete(ops.reals[op + REAL.page]!);
        ops.release(op);
        this.translated(follow);
        return;
      case KIND.program:
        this.collection?.programEnded(ops.reals[op + REAL.place]!);
        ops.release(op);
        this.programmed(request);
        return;
      case KIND.copyRead:
        this.collection?.copyRead(op);
        ops.release(op);
        if (follow !== NO_OP) this.array.submit(follow);
        return;
      case KIND.copyProgram:
        this.collection?.copyProgrammed(op);
        ops.release(op);
        this.copies?.copied();
        return;
      case KIND.erase:
        this.collection?.erased(op);
        ops.release(op);
    }
  }

  /** The operations that waited for a page of the table go on. */
  private translated(first: number): void {
    const { ops } = this.array;
    for (let op = first; op !== NO_OP; ) {
      const after = ops.words[op + OP.next]!;
      ops.words[op + OP.next] = NO_OP;
      this.mapping!.insert(ops.reals[op + REAL.page]!);
      this.place(op);
      op = after;
    }
  }

  private pageRead(request: number): void {
    this.pending[request]! -= 1;
    if (this.pending[request] === 0) this.link.complete(request, this.bytesOf[request]!);
  }
}

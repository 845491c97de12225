import type { Rng } from '../../kernel/random.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Allocation, allocationOf } from './allocation.ts';
import { FlashArray } from './array.ts';
import type { FlashDevice } from './device.ts';
import { HostLink } from './hostLink.ts';
import { MappingCache } from './mappingCache.ts';
import { KIND, NO_OP } from './pool.ts';
import { WriteBuffer } from './writeBuffer.ts';

/** Owners of programs that no request waits for: of buffered writes, and of copies that make room. */
const BUFFERED = -1;
const COPIED = -2;

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
  private readonly rng: Rng;
  private readonly allocation: Allocation;
  private readonly mapping: MappingCache | null;
  private readonly buffer: WriteBuffer | null;
  /** By page of the table that is being read: the last operation that waits for it. */
  private readonly fetching = new Map<number, number>();
  /** Of each request: pages that are still to come, its bytes (negative: a write) and where it begins. */
  private readonly pending: Int32Array;
  private readonly bytesOf: Float64Array;
  private readonly addressOf: Float64Array;
  private copyDebt = 0;
  private eraseDebt = 0;

  /**
   * @param requests most requests under way at once; they are numbered 0 … requests − 1.
   * @param span_bytes the part of the drive that is addressed, from 0; what the mapping cache is compared with.
   * @param onDone called when a request has ended; it may start the next under the same number.
   */
  constructor(
    sim: Simulation,
    device: FlashDevice,
    options: { requests: number; span_bytes: number; consumer: FlashConsumer; rng: Rng },
    onDone: (request: number) => void,
  ) {
    this.device = device;
    this.rng = options.rng;
    this.array = new FlashArray(sim, device, (op) => this.pageDone(op));
    this.link = new HostLink(sim, options.consumer === 'host' ? device.link : undefined, options.requests, {
      onCommand: (request) => this.command(request),
      onData: (request) => this.arrived(request),
      onCompletion: onDone,
    });
    this.pending = new Int32Array(options.requests);
    this.bytesOf = new Float64Array(options.requests);
    this.addressOf = new Float64Array(options.requests);
    const pages = Math.max(1, Math.floor(options.span_bytes / device.page_bytes));
    this.allocation = allocationOf(device, pages);
    this.mapping = device.mapping === undefined ? null : new MappingCache(device.mapping, pages, device.page_bytes);
    this.buffer =
      device.write_buffer_bytes === undefined
        ? null
        : new WriteBuffer(device.write_buffer_bytes, (request) => {
            this.program(request, BUFFERED);
            this.link.complete(request, 0);
          });
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
    const { page_bytes: pageBytes, sector_bytes: sector } = this.device;
    const end = address + bytes;
    const first = Math.floor(address / pageBytes);
    const pages = Math.ceil(end / pageBytes) - first;
    this.pending[request] = pages;
    if (pages > 1) this.array.open();
    for (let page = first; page * pageBytes < end; page++) {
      const from = Math.floor(Math.max(address, page * pageBytes) / sector) * sector;
      const to = Math.ceil(Math.min(end, (page + 1) * pageBytes) / sector) * sector;
      const op = ops.take(KIND.read, request);
      ops.bytes[op] = to - from;
      ops.page[op] = page;
      this.translate(op);
    }
    if (pages > 1) this.array.close();
  }

  /** Sends an operation to its place, after the page of the table that says where that is, if it is not at hand. */
  private translate(op: number): void {
    const { ops } = this.array;
    const page = ops.page[op]!;
    if (this.mapping === null || this.mapping.has(page)) {
      this.place(op);
      return;
    }
    this.mappingMisses += 1;
    const tablePage = this.mapping.tablePage(page);
    const last = this.fetching.get(tablePage);
    this.fetching.set(tablePage, op);
    if (last !== undefined) {
      ops.next[last] = op;
      return;
    }
    const fetch = ops.take(KIND.mapping, NO_OP);
    ops.bytes[fetch] = this.device.mapping!.read_bytes;
    ops.page[fetch] = tablePage;
    ops.follow[fetch] = op;
    this.array.locate(fetch, tablePage);
    this.array.submit(fetch);
  }

  private place(op: number): void {
    const { ops } = this.array;
    const page = ops.page[op]!;
    if (ops.kind[op] === KIND.read) {
      this.array.locate(op, this.allocation.read(page));
      this.array.submit(op);
      return;
    }
    // What a write leaves of a page is read and written with it.
    const rest = this.device.page_bytes - ops.bytes[op]!;
    const merges = rest > 0 && this.allocation.holds(page);
    const merge = merges ? this.mergeRead(op, this.allocation.read(page), rest) : NO_OP;
    if (merges) ops.bytes[op] = this.device.page_bytes;
    this.array.locate(op, this.allocation.write(page));
    this.array.submit(merges ? merge : op);
  }

  /** The data of a write is in the controller: into the buffer where there is one. */
  private arrived(request: number): void {
    if (this.buffer === null) this.program(request, request);
    else this.buffer.put(request, this.pagesOf(request) * this.device.page_bytes);
  }

  private pagesOf(request: number): number {
    const { page_bytes: pageBytes } = this.device;
    const address = this.addressOf[request]!;
    return Math.ceil((address - this.bytesOf[request]!) / pageBytes) - Math.floor(address / pageBytes);
  }

  /** Queues the programs of a write. */
  private program(request: number, owner: number): void {
    const { ops } = this.array;
    const { page_bytes: pageBytes, sector_bytes: sector } = this.device;
    const address = this.addressOf[request]!;
    const end = address - this.bytesOf[request]!;
    if (owner >= 0) this.pending[owner] = this.pagesOf(request);
    this.array.open();
    for (let page = Math.floor(address / pageBytes); page * pageBytes < end; page++) {
      const written = Math.min(end, (page + 1) * pageBytes) - Math.max(address, page * pageBytes);
      const op = ops.take(KIND.program, owner);
      ops.bytes[op] = Math.ceil(written / sector) * sector;
      ops.page[op] = page;
      this.translate(op);
    }
    this.array.close();
  }

  /** The read of (a part of) a page that its program waits for. */
  private mergeRead(program: number, place: number, bytes: number): number {
    const { ops } = this.array;
    const read = ops.take(KIND.read, NO_OP);
    ops.bytes[read] = bytes;
    this.array.locate(read, place);
    ops.follow[read] = program;
    return read;
  }

  /** A page is programmed; in the steady state others must be copied for it and a block erased for every blockful. */
  private programmed(owner: number): void {
    const { page_bytes: pageBytes, block_bytes, write_amplification: amplification } = this.device;
    if (amplification !== undefined) {
      this.eraseDebt += pageBytes / block_bytes;
      if (this.eraseDebt >= 1) this.erase();
      if (owner !== COPIED) this.copyDebt += amplification - 1;
      for (; this.copyDebt >= 1; this.copyDebt -= 1) this.copy();
    }
    if (owner >= 0) {
      this.pending[owner]! -= 1;
      if (this.pending[owner] === 0) this.link.complete(owner, 0);
    } else if (owner === BUFFERED) this.buffer!.drain(pageBytes);
  }

  /** A valid page leaves a block that is to be erased. */
  private copy(): void {
    const { ops } = this.array;
    const { from, to } = this.allocation.copy(this.rng);
    const program = ops.take(KIND.program, COPIED);
    ops.bytes[program] = this.device.page_bytes;
    this.array.locate(program, to);
    this.array.submit(this.mergeRead(program, from, this.device.page_bytes));
  }

  private erase(): void {
    this.eraseDebt -= 1;
    const { ops } = this.array;
    const op = ops.take(KIND.erase, NO_OP);
    ops.bytes[op] = 0;
    this.array.locate(op, this.array.programmedPages);
    this.array.submit(op);
  }

  private pageDone(op: number): void {
    const { ops } = this.array;
    const request = ops.request[op]!;
    const kind = ops.kind[op]!;
    const follow = ops.follow[op]!;
    if (kind === KIND.mapping) this.fetching.delete(ops.page[op]!);
    ops.release(op);
    if (kind === KIND.mapping) this.translated(follow);
    else if (follow !== NO_OP) this.array.submit(follow);
    if (kind === KIND.program) this.programmed(request);
    else if (kind === KIND.read && request !== NO_OP) this.pageRead(request);
  }

  /** The operations that waited for a page of the table go on. */
  private translated(first: number): void {
    const { ops } = this.array;
    for (let op = first; op !== NO_OP; ) {
      const after = ops.next[op]!;
      ops.next[op] = NO_OP;
      this.mapping!.insert(ops.page[op]!);
      this.place(op);
      op = after;
    }
  }

  private pageRead(request: number): void {
    this.pending[request]! -= 1;
    if (this.pending[request] === 0) this.link.complete(request, this.bytesOf[request]!);
  }
}

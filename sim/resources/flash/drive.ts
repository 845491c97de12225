import type { Rng } from '../../kernel/random.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { ceilNs } from '../../kernel/time.ts';
import { FlashArray } from './array.ts';
import { type FlashDevice, linkPayloadRate } from './device.ts';
import { KIND, NO_OP } from './pool.ts';

/** Owners of programs that no request waits for: of buffered writes, and of copies that make room. */
const BUFFERED = -1;
const COPIED = -2;

/** Who asks: the host across the link, or the drive's own compute, which sees the channels. */
export type FlashConsumer = 'host' | 'drive';

/**
 * A drive: requests are split into pages, translated by the mapping table, served by the array, and cross the host
 * link whole once their last page is in. Writes are placed like a log, page after page round the units.
 */
export class FlashDrive {
  readonly array: FlashArray;
  linkBusyNs = 0;
  mappingMisses = 0;

  private readonly sim: Simulation;
  private readonly device: FlashDevice;
  private readonly rng: Rng;
  private readonly onDone: (request: number) => void;
  private readonly linkNsPerByte: number;
  /** Pages of each request that are still to come, and its bytes. */
  private readonly pending: Int32Array;
  private readonly bytesOf: Float64Array;
  private readonly addressOf: Float64Array;
  private outFreeNs = 0;
  private inFreeNs = 0;
  private readonly sentKind: number;
  private readonly arrivedKind: number;
  private readonly hitShare: number;
  private readonly entriesPerMiss: number;
  private lastChunk = -1;
  private readonly pages: number;
  private writeCursor = 0;
  private buffered = 0;
  private readonly waitingWrites: number[] = [];
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
    this.sim = sim;
    this.device = device;
    this.rng = options.rng;
    this.onDone = onDone;
    this.array = new FlashArray(sim, device, (op) => this.pageDone(op));
    this.linkNsPerByte =
      device.link === undefined || options.consumer === 'drive' ? 0 : 1e9 / linkPayloadRate(device.link);
    this.pending = new Int32Array(options.requests);
    this.bytesOf = new Float64Array(options.requests);
    this.addressOf = new Float64Array(options.requests);
    this.pages = Math.max(1, Math.floor(options.span_bytes / device.page_bytes));
    const { mapping } = device;
    this.hitShare =
      mapping === undefined ? 1 : Math.min(1, Math.floor(mapping.cache_bytes / mapping.entry_bytes) / this.pages);
    this.entriesPerMiss = mapping === undefined ? 1 : Math.max(1, Math.floor(mapping.read_bytes / mapping.entry_bytes));
    this.sentKind = sim.register((request) => this.onDone(request));
    this.arrivedKind = sim.register((request) => this.arrived(request));
  }

  /** Reads `bytes` from a byte address. */
  read(request: number, address: number, bytes: number): void {
    this.begin(request, address, bytes);
    const { ops } = this.array;
    const { page_bytes: pageBytes, sector_bytes: sector } = this.device;
    const end = address + bytes;
    let mapping = NO_OP;
    let mappedChunk = -1;
    let tail = NO_OP;
    for (let page = Math.floor(address / pageBytes); page * pageBytes < end; page++) {
      const from = Math.floor(Math.max(address, page * pageBytes) / sector) * sector;
      const to = Math.ceil(Math.min(end, (page + 1) * pageBytes) / sector) * sector;
      const op = ops.take(KIND.read, request);
      ops.bytes[op] = to - from;
      this.array.locate(op, page);
      this.pending[request]! += 1;
      const chunk = Math.floor(page / this.entriesPerMiss);
      if (this.misses(chunk)) {
        if (mapping !== NO_OP) this.array.submit(mapping);
        mapping = this.mappingRead();
        mappedChunk = chunk;
        ops.follow[mapping] = op;
        tail = op;
      } else if (chunk === mappedChunk) {
        // Pages whose entries come together wait for them together.
        ops.next[tail] = op;
        tail = op;
      } else this.array.submit(op);
    }
    if (mapping !== NO_OP) this.array.submit(mapping);
  }

  /** Writes `bytes` at a byte address. The data crosses the link first. */
  write(request: number, address: number, bytes: number): void {
    this.begin(request, address, bytes);
    this.inFreeNs = Math.max(this.inFreeNs, this.sim.now) + this.linkNs(bytes);
    this.sim.at(this.inFreeNs, this.arrivedKind, request);
  }

  private begin(request: number, address: number, bytes: number): void {
    this.pending[request] = 0;
    this.bytesOf[request] = bytes;
    this.addressOf[request] = address;
  }

  private linkNs(bytes: number): number {
    const ns = ceilNs(bytes * this.linkNsPerByte);
    this.linkBusyNs += ns;
    return ns;
  }

  /** Whether the entries of these pages must be fetched. */
  private misses(chunk: number): boolean {
    if (this.hitShare >= 1 || chunk === this.lastChunk) return false;
    this.lastChunk = chunk;
    return !this.rng.chance(this.hitShare);
  }

  /** A page of the table, which lies anywhere on the drive. */
  private mappingRead(): number {
    const { ops } = this.array;
    const op = ops.take(KIND.mapping, NO_OP);
    ops.bytes[op] = this.device.mapping!.read_bytes;
    this.array.locate(op, Math.floor(this.rng.next() * this.pages));
    this.mappingMisses += 1;
    return op;
  }

  /** The data of a write is in the controller: into the buffer where there is room, else it waits for room. */
  private arrived(request: number): void {
    const room = this.device.write_buffer_bytes;
    if (room === undefined) {
      this.program(request, request);
      return;
    }
    if (this.waitingWrites.length > 0 || !this.takesInto(room, request)) this.waitingWrites.push(request);
  }

  /** Puts a write into the buffer, which holds whole pages; one larger than the buffer waits until it is empty. */
  private takesInto(room: number, request: number): boolean {
    const bytes = this.pagesOf(request) * this.device.page_bytes;
    if (this.buffered > 0 && this.buffered + bytes > room) return false;
    this.buffered += bytes;
    this.program(request, BUFFERED);
    this.onDone(request);
    return true;
  }

  private pagesOf(request: number): number {
    const { page_bytes: pageBytes } = this.device;
    const address = this.addressOf[request]!;
    return Math.ceil((address + this.bytesOf[request]!) / pageBytes) - Math.floor(address / pageBytes);
  }

  /** Queues the programs of a write; a page written in part is read and merged first. */
  private program(request: number, owner: number): void {
    const { ops } = this.array;
    const { page_bytes: pageBytes } = this.device;
    const address = this.addressOf[request]!;
    const end = address + this.bytesOf[request]!;
    if (owner >= 0) this.pending[owner] = this.pagesOf(request);
    for (let page = Math.floor(address / pageBytes); page * pageBytes < end; page++) {
      const written = Math.min(end, (page + 1) * pageBytes) - Math.max(address, page * pageBytes);
      const op = this.programOp(owner);
      const first = written === pageBytes ? op : this.mergeRead(op, page, pageBytes - written);
      if (!this.misses(Math.floor(page / this.entriesPerMiss))) {
        this.array.submit(first);
        continue;
      }
      // The entry is changed, so it must be there.
      const mapping = this.mappingRead();
      ops.follow[mapping] = first;
      this.array.submit(mapping);
    }
  }

  /** A program at the place where the log continues. */
  private programOp(owner: number): number {
    const { ops } = this.array;
    const op = ops.take(KIND.program, owner);
    ops.bytes[op] = this.device.page_bytes;
    this.array.locate(op, this.writeCursor++);
    return op;
  }

  /** The read of (a part of) a page that its program waits for. */
  private mergeRead(program: number, page: number, bytes: number): number {
    const { ops } = this.array;
    const read = ops.take(KIND.read, NO_OP);
    ops.bytes[read] = bytes;
    this.array.locate(read, page);
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
      for (; this.copyDebt >= 1; this.copyDebt -= 1) {
        const page = Math.floor(this.rng.next() * this.pages);
        this.array.submit(this.mergeRead(this.programOp(COPIED), page, pageBytes));
      }
    }
    if (owner >= 0) {
      this.pending[owner]! -= 1;
      if (this.pending[owner] === 0) this.onDone(owner);
    } else if (owner === BUFFERED) this.drain(pageBytes);
  }

  private erase(): void {
    this.eraseDebt -= 1;
    const { ops } = this.array;
    const op = ops.take(KIND.erase, NO_OP);
    ops.bytes[op] = 0;
    this.array.locate(op, this.writeCursor);
    this.array.submit(op);
  }

  private drain(bytes: number): void {
    this.buffered -= bytes;
    while (this.waitingWrites.length > 0 && this.takesInto(this.device.write_buffer_bytes!, this.waitingWrites[0]!)) {
      this.waitingWrites.shift();
    }
  }

  private pageDone(op: number): void {
    const { ops } = this.array;
    const request = ops.request[op]!;
    const kind = ops.kind[op]!;
    const follow = ops.follow[op]!;
    ops.release(op);
    for (let next = follow; next !== NO_OP; ) {
      const after = ops.next[next]!;
      this.array.submit(next);
      next = after;
    }
    if (kind === KIND.program) this.programmed(request);
    else if (kind === KIND.read && request !== NO_OP) this.pageRead(request);
  }

  private pageRead(request: number): void {
    this.pending[request]! -= 1;
    if (this.pending[request] !== 0) return;
    this.outFreeNs = Math.max(this.outFreeNs, this.sim.now) + this.linkNs(this.bytesOf[request]!);
    this.sim.at(this.outFreeNs, this.sentKind, request);
  }
}

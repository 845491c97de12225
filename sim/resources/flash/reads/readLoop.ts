import type { Rng } from '../../../kernel/random.ts';
import { addressedPages, type FlashDevice } from '../device.ts';
import { type LinkTimes, linkTimes } from '../hostLink.ts';
import { holdsAll } from '../mappingCache.ts';
import { ReadArray } from './readArray.ts';
import { TimeLane } from './timeLane.ts';

/** Page numbers are int32 here. */
const MOST_PAGES = 2 ** 31 - 1;
/** Kinds of events, by the place of their lane. */
const KIND = { command: 0, completion: 1, wake: 2, left: 3 } as const;
const KINDS = 4;
/** Requests whose addresses are drawn at a time. */
const AHEAD = 64;

/** A closed loop of reads of one size. */
export interface ReadLoad {
  readonly request_bytes: number;
  readonly queue_depth: number;
  readonly pattern: 'random' | 'sequential';
  readonly align_bytes: number;
  readonly span_bytes: number;
  /** Whether the host reads, across the link, or the drive itself. */
  readonly consumer: 'host' | 'drive';
}

/** Whether {@link ReadLoop} can stand for the drive: nothing is written, and no place of a page is looked up in the flash. */
export function onlyReads(device: FlashDevice, load: ReadLoad & { readonly read_share: number }): boolean {
  const pages = addressedPages(device, load.span_bytes);
  const known = device.mapping === undefined || holdsAll(device.mapping, pages);
  return load.read_share >= 1 && known && device.collection === undefined && pages < MOST_PAGES;
}

/**
 * A closed loop of reads on a drive whose table of pages is at hand: what `FlashDrive` does, event by event in the same
 * order, with what writes, misses of the table and collection need left out, in two thirds of the time. The results are the
 * same to the last bit, which a test shows on devices drawn at random.
 */
export class ReadLoop {
  readonly array: ReadArray;
  requests = 0;
  events = Number.NaN;
  private outBusyNs = Number.NaN;
  private inBusyNs = Number.NaN;

  private readonly load: ReadLoad;
  private readonly addresses: Rng;
  private readonly places: number;
  private readonly pageBytes: number;
  private readonly sector: number;
  /** Of each request: when it started, where it begins, and pages still to come. */
  private readonly startedNs: Float64Array;
  private readonly addressOf: Float64Array;
  private readonly pending: Int32Array;
  private latencies = new Float64Array(1024);
  /** Addresses and first pages of the next requests, and how many of them have started. */
  private readonly drawn = new Float64Array(AHEAD);
  private readonly firstPages = new Float64Array(AHEAD);
  private position = AHEAD;
  private sequence = 0;
  private outFreeNs = Number.NaN;
  private readonly times: LinkTimes;
  /** Data and completion of one request on the link. */
  private readonly replyNs: number;

  private readonly heads = new Float64Array(KINDS);
  private readonly lanes: readonly TimeLane[];
  private readonly commands: TimeLane;
  private readonly completions: TimeLane;

  constructor(device: FlashDevice, load: ReadLoad, addresses: Rng) {
    const counter = new Float64Array(1);
    const lane = (kind: number): TimeLane => new TimeLane(this.heads, counter, kind);
    this.commands = lane(KIND.command);
    this.completions = lane(KIND.completion);
    const wakes = lane(KIND.wake);
    const lefts = lane(KIND.left);
    this.lanes = [this.commands, this.completions, wakes, lefts];
    this.array = new ReadArray(device, addressedPages(device, load.span_bytes), wakes, lefts);
    this.load = load;
    this.addresses = addresses;
    this.places = Math.max(1, Math.floor((load.span_bytes - load.request_bytes) / load.align_bytes) + 1);
    this.pageBytes = device.page_bytes;
    this.sector = device.sector_bytes;
    this.startedNs = new Float64Array(load.queue_depth);
    this.addressOf = new Float64Array(load.queue_depth);
    this.pending = new Int32Array(load.queue_depth);
    this.times = linkTimes(load.consumer === 'host' ? device.link : undefined);
    this.replyNs = this.times.dataNs(load.request_bytes) + this.times.completionNs;
    this.outFreeNs = 0;
    this.outBusyNs = 0;
    this.inBusyNs = 0;
    this.events = 0;
    for (let request = 0; request < load.queue_depth; request++) this.issue(request, 0);
  }

  /** Latency of every request that has ended, in ns, in the order of their ends. */
  get latencies_ns(): Float64Array {
    return this.latencies.slice(0, this.requests);
  }

  /** Ns in which the busier direction of the link was busy. */
  get linkBusyNs(): number {
    return Math.max(this.outBusyNs, this.inBusyNs);
  }

  /** Handles every event up to and including `untilNs`. */
  run(untilNs: number): void {
    const { heads, array, commands, completions } = this;
    const wakes = this.lanes[KIND.wake]!;
    const lefts = this.lanes[KIND.left]!;
    for (;;) {
      let kind: number = KIND.command;
      let now = heads[KIND.command]!;
      for (let other = 1; other < KINDS; other++) {
        const time = heads[other]!;
        if (time < now || (time === now && this.isEarlier(other, kind))) {
          now = time;
          kind = other;
        }
      }
      if (now > untilNs) return;
      this.events += 1;
      if (kind === KIND.left) {
        const page = lefts.shift();
        this.pageRead(array.left(page), now);
        array.moved(page, now);
      } else if (kind === KIND.wake) array.wake(wakes.shift(), now);
      else if (kind === KIND.command) this.command(commands.shift(), now);
      else this.completed(completions.shift(), now);
    }
  }

  /** Of two lanes whose first events are at one time: whether that of the first was scheduled earlier. */
  private isEarlier(kind: number, other: number): boolean {
    return this.lanes[kind]!.firstNumber < this.lanes[other]!.firstNumber;
  }

  private issue(request: number, now: number): void {
    this.startedNs[request] = now;
    if (this.position === AHEAD) this.draw();
    this.addressOf[request] = this.drawn[this.position++]!;
    // The doorbell, and then the drive asks for the command behind the data that leaves.
    const { doorbellNs, askNs, submissionNs } = this.times;
    this.outFreeNs = Math.max(this.outFreeNs, now + doorbellNs) + askNs;
    this.outBusyNs += askNs;
    this.inBusyNs += doorbellNs + submissionNs;
    this.commands.push(this.outFreeNs + submissionNs, request);
  }

  /** Draws the addresses of the next requests, all at once so that their pages are looked for side by side. */
  private draw(): void {
    const { load, drawn, firstPages, places, pageBytes } = this;
    for (let i = 0; i < AHEAD; i++) {
      const place = load.pattern === 'random' ? Math.floor(this.addresses.next() * places) : this.sequence++ % places;
      drawn[i] = place * load.align_bytes;
      firstPages[i] = Math.floor(drawn[i]! / pageBytes);
    }
    this.array.expect(firstPages);
    this.position = 0;
  }

  private command(request: number, now: number): void {
    const { pageBytes, sector, array } = this;
    const address = this.addressOf[request]!;
    const end = address + this.load.request_bytes;
    const first = Math.floor(address / pageBytes);
    const pages = Math.ceil(end / pageBytes) - first;
    this.pending[request] = pages;
    for (let page = first; page < first + pages; page++) {
      const from = Math.floor(Math.max(address, page * pageBytes) / sector) * sector;
      const to = Math.ceil(Math.min(end, (page + 1) * pageBytes) / sector) * sector;
      const channel = array.read(page, to - from, request, now);
      if (pages === 1) array.serve(channel, now);
    }
    if (pages > 1) array.serveAll(now);
  }

  private pageRead(request: number, now: number): void {
    this.pending[request]! -= 1;
    if (this.pending[request] !== 0) return;
    this.outFreeNs = Math.max(this.outFreeNs, now) + this.replyNs;
    this.outBusyNs += this.replyNs;
    this.completions.push(this.outFreeNs, request);
  }

  private completed(request: number, now: number): void {
    if (this.requests === this.latencies.length) {
      const wider = new Float64Array(2 * this.requests);
      wider.set(this.latencies);
      this.latencies = wider;
    }
    this.latencies[this.requests++] = now - this.startedNs[request]!;
    this.issue(request, now);
  }
}

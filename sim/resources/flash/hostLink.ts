import type { Lanes } from '../../kernel/lanes.ts';
import { ceilNs } from '../../kernel/time.ts';
import type { FlashLink } from './device.ts';

/**
 * What NVMe sends beside data (NVM Express Base Specification 2.0): a submission entry of 64 bytes that the drive reads
 * from host memory after a doorbell of 4, and a completion entry of 16.
 */
const SUBMISSION_BYTES = 64;
const DOORBELL_BYTES = 4;
const COMPLETION_BYTES = 16;
/** Address in the header of a read request, beside what every packet has. */
const READ_REQUEST_BYTES = 4;

/** Kinds of the events, with the number of a request, at which a message has arrived. */
export interface LinkEnds {
  /** The drive has the command of a request. */
  readonly command: number;
  /** The drive has the data of a write. */
  readonly data: number;
  /** The host has the completion of a request. */
  readonly completion: number;
}

/** Times of the messages on the wire, with the headers of their packets, in ns. */
export interface LinkTimes {
  readonly doorbellNs: number;
  readonly askNs: number;
  readonly submissionNs: number;
  readonly completionNs: number;
  dataNs(bytes: number): number;
}

/** @param link absent where nothing is between the two: messages then take no time. */
export function linkTimes(link: FlashLink | undefined): LinkTimes {
  const ns = (bytes: number): number => {
    if (link === undefined) return 0;
    const wire = bytes + Math.ceil(bytes / link.payload_bytes) * link.header_bytes;
    return ceilNs((wire * 1e9) / (link.lanes * link.lane_bytes_per_s));
  };
  return {
    doorbellNs: ns(DOORBELL_BYTES),
    askNs: ns(READ_REQUEST_BYTES),
    submissionNs: ns(SUBMISSION_BYTES),
    completionNs: ns(COMPLETION_BYTES),
    dataNs: ns,
  };
}

/**
 * The link between host and drive, one message at a time in each direction, in packets with headers. Requests to read
 * host memory go the same way as data for the host and wait behind it, so a loaded link delays new commands.
 */
export class HostLink {
  /** Sums of ns in which each direction was busy. */
  outBusyNs = 0;
  inBusyNs = 0;

  private readonly sim: Lanes;
  private readonly times: LinkTimes;
  private readonly bytesOf: Float64Array;
  private outFreeNs = 0;
  private inFreeNs = 0;
  private readonly doorbellNs: number;
  private readonly askNs: number;
  private readonly submissionNs: number;
  private readonly completionNs: number;
  /** Time of data of one size, which requests mostly share. */
  private dataBytes = 0;
  private dataNs = 0;
  private readonly askedKind: number;
  private readonly commandKind: number;
  private readonly pulledKind: number;
  private readonly dataKind: number;
  private readonly completionKind: number;

  constructor(sim: Lanes, link: FlashLink | undefined, requests: number, ends: LinkEnds) {
    this.sim = sim;
    this.times = linkTimes(link);
    this.bytesOf = new Float64Array(requests);
    this.doorbellNs = this.times.doorbellNs;
    this.askNs = this.times.askNs;
    this.submissionNs = this.times.submissionNs;
    this.completionNs = this.times.completionNs;
    this.askedKind = sim.register((request) => this.receive(this.commandKind, request, this.submissionNs));
    this.commandKind = ends.command;
    this.pulledKind = sim.register((request) =>
      this.receive(this.dataKind, request, this.dataTime(this.bytesOf[request]!)),
    );
    this.dataKind = ends.data;
    this.completionKind = ends.completion;
  }

  /** The host rings; the drive reads the command of a read from host memory. */
  submitRead(request: number): void {
    // Nothing but commands is sent to the drive for reads, so they wait for data of writes alone.
    const asked = this.sendAfter(this.sim.now + this.doorbellNs, this.askNs);
    this.inBusyNs += this.doorbellNs + this.submissionNs;
    this.sim.at(Math.max(asked, this.inFreeNs) + this.submissionNs, this.commandKind, request);
  }

  /** The same of a write, whose data goes the way of commands. */
  submitWrite(request: number): void {
    const rung = this.receiveAfter(this.doorbellNs);
    this.sim.at(this.sendAfter(rung, this.askNs), this.askedKind, request);
  }

  /** The drive reads the data of a write from host memory. */
  pull(request: number, bytes: number): void {
    this.bytesOf[request] = bytes;
    this.sim.at(this.sendAfter(this.sim.now, this.askNs), this.pulledKind, request);
  }

  /** The drive writes the data of a read (if any) into host memory, and the completion behind it. */
  complete(request: number, bytes: number): void {
    const ns = (bytes > 0 ? this.dataTime(bytes) : 0) + this.completionNs;
    this.sim.at(this.sendAfter(this.sim.now, ns), this.completionKind, request);
  }

  private dataTime(bytes: number): number {
    if (bytes !== this.dataBytes) {
      this.dataBytes = bytes;
      this.dataNs = this.times.dataNs(bytes);
    }
    return this.dataNs;
  }

  private sendAfter(notBeforeNs: number, ns: number): number {
    this.outBusyNs += ns;
    this.outFreeNs = Math.max(this.outFreeNs, notBeforeNs) + ns;
    return this.outFreeNs;
  }

  private receiveAfter(ns: number): number {
    this.inBusyNs += ns;
    this.inFreeNs = Math.max(this.inFreeNs, this.sim.now) + ns;
    return this.inFreeNs;
  }

  private receive(kind: number, request: number, ns: number): void {
    this.sim.at(this.receiveAfter(ns), kind, request);
  }
}

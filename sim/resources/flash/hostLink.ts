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

/** What happens when a message has arrived. */
export interface LinkEnds {
  /** The drive has the command of a request. */
  onCommand(request: number): void;
  /** The drive has the data of a write. */
  onData(request: number): void;
  /** The host has the completion of a request. */
  onCompletion(request: number): void;
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
  private readonly link: FlashLink | undefined;
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

  /** @param link absent where nothing is between the two: messages then take no time. */
  constructor(sim: Lanes, link: FlashLink | undefined, requests: number, ends: LinkEnds) {
    this.sim = sim;
    this.link = link;
    this.bytesOf = new Float64Array(requests);
    this.doorbellNs = this.ns(DOORBELL_BYTES);
    this.askNs = this.ns(READ_REQUEST_BYTES);
    this.submissionNs = this.ns(SUBMISSION_BYTES);
    this.completionNs = this.ns(COMPLETION_BYTES);
    this.askedKind = sim.register((request) => this.receive(this.commandKind, request, this.submissionNs));
    this.commandKind = sim.register((request) => ends.onCommand(request));
    this.pulledKind = sim.register((request) =>
      this.receive(this.dataKind, request, this.dataTime(this.bytesOf[request]!)),
    );
    this.dataKind = sim.register((request) => ends.onData(request));
    this.completionKind = sim.register((request) => ends.onCompletion(request));
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
      this.dataNs = this.ns(bytes);
    }
    return this.dataNs;
  }

  /** Time of a message on the wire, with the headers of its packets. */
  private ns(bytes: number): number {
    const { link } = this;
    if (link === undefined) return 0;
    const wire = bytes + Math.ceil(bytes / link.payload_bytes) * link.header_bytes;
    return ceilNs((wire * 1e9) / (link.lanes * link.lane_bytes_per_s));
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

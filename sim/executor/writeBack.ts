import type { Ledger } from '../ledger.ts';
import type { Route } from '../resources/fabric.ts';
import type { FlowNetwork } from '../resources/flowNetwork.ts';

/** The flow owner that stands for the operating system's flusher. */
const FLUSHER = -1;

/**
 * Dirty bytes of the page cache on their way to the disk: one background flow that goes on across barriers and shares
 * the device with everything else.
 */
export class WriteBack {
  /** Bytes that may be dirty before writers go at the device's pace. */
  limit_bytes: number;
  private readonly network: FlowNetwork;
  private readonly ledger: Ledger;
  private readonly route: Route;
  private running = false;

  constructor(network: FlowNetwork, ledger: Ledger, route: Route, limitBytes: number) {
    this.network = network;
    this.ledger = ledger;
    this.route = route;
    this.limit_bytes = limitBytes;
  }

  /** Bytes still to be written. */
  get dirty(): number {
    return this.running ? this.network.remainingOf(FLUSHER) : 0;
  }

  get active(): boolean {
    return this.running;
  }

  /** Marks bytes dirty at an instant; who asked for the write has counted them. */
  add(bytes: number, nowNs: number): void {
    if (this.running) {
      this.network.extend(FLUSHER, bytes);
      return;
    }
    this.running = true;
    for (const activity of this.route.activities) this.ledger.begin(activity, nowNs);
    this.network.start(this.route.path, bytes, Number.POSITIVE_INFINITY, FLUSHER);
  }

  done(nowNs: number): void {
    this.running = false;
    for (const activity of this.route.activities) this.ledger.end(activity, nowNs);
  }
}

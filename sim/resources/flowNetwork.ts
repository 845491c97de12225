import { MAX_PHASE } from '../kernel/eventQueue.ts';
import type { Simulation } from '../kernel/simulation.ts';
import { ceilNs } from '../kernel/time.ts';
import type { Curve } from '../types/units.ts';
import { linearCurveAt } from './curve.ts';

/**
 * Bytes on their way. A flow occupies every channel of its path (link directions, memory ports) at one rate; channels
 * are shared max-min fair, by progressive filling (Bertsekas and Gallager, Data Networks, section 6.5.2), and a flow
 * may have a limit of its own. Rates change only when a flow starts or ends.
 *
 * Remaining bytes are real numbers; only the instants of completion are rounded, up, to the clock's tick.
 */

/** Runs in the last phase of an instant, so that all flows that start together are shared together. */
const SHARE_PHASE = MAX_PHASE;

/** Below this many bytes per nanosecond of its rate, a flow is done: the rounding of one division. */
export const DONE_NS = 1e-5;

/** Sees what the network decides, as it does. */
export interface FlowWatcher {
  /** It will share its channels at the end of this instant. */
  requested(): void;
  /** So many flows, in order, got these rates in bytes/ns. */
  shared(flows: number, rates: Float64Array): void;
  /** Of so many flows, in order, some have ended; called before they are taken out. */
  woken(flows: number, ended: (flow: number) => boolean): void;
}

export class FlowNetwork {
  private readonly sim: Simulation;
  private readonly onDone: (owner: number) => void;
  private readonly wakeKind: number;
  private readonly shareKind: number;
  private wakeHandle = -1;
  private sharePending = false;
  private lastNs = 0;

  /** Channels: nominal capacity in bytes/ns, flows on each, and what couples them. */
  private readonly capacity: number[] = [];
  private readonly loaded: number[] = [];
  private readonly opposite: number[] = [];
  private readonly duplexCapacity: number[] = [];
  private readonly shares: { read: number; write: number; joint: number; peak: number; curve: Curve }[] = [];
  private readonly left: number[] = [];
  private readonly open: number[] = [];

  private readonly paths: Int32Array[] = [];

  /** Active flows, densely. */
  private count = 0;
  private remaining = new Float64Array(16);
  private rate = new Float64Array(16);
  private limit = new Float64Array(16);
  private owner = new Int32Array(16);
  private path = new Int32Array(16);
  private frozen = new Uint8Array(16);
  private finished: number[] = [];
  watcher: FlowWatcher | null = null;

  /** @param onDone called with the owner of each flow that has delivered its last byte. */
  constructor(sim: Simulation, onDone: (owner: number) => void) {
    this.sim = sim;
    this.onDone = onDone;
    this.wakeKind = sim.register(() => this.wake());
    this.shareKind = sim.register(() => this.share());
  }

  /** Adds a channel of a capacity in bytes per second (Infinity = never limits) and returns its number. */
  addChannel(bytesPerS: number): number {
    this.loaded.push(0);
    this.opposite.push(-1);
    this.duplexCapacity.push(0);
    this.left.push(0);
    this.open.push(0);
    return this.capacity.push(bytesPerS / 1e9) - 1;
  }

  /** While channels `a` and `b` are both in use, they have these capacities instead of their own. */
  coupleDuplex(a: number, b: number, duplexA: number, duplexB: number): void {
    this.opposite[a] = b;
    this.opposite[b] = a;
    this.duplexCapacity[a] = duplexA / 1e9;
    this.duplexCapacity[b] = duplexB / 1e9;
  }

  /** The `joint` channel's capacity is `peak` × curve(read share), the share taken from the rates of the ports. */
  coupleReadShare(read: number, write: number, joint: number, peakBytesPerS: number, curve: Curve): void {
    this.shares.push({ read, write, joint, peak: peakBytesPerS / 1e9, curve });
  }

  /** Registers a path over channels and returns its number. */
  addPath(channels: readonly number[]): number {
    return this.paths.push(Int32Array.from(channels)) - 1;
  }

  /** Flows under way. */
  get active(): number {
    return this.count;
  }

  /** Starts `bytes` > 0 on a path, at most `limitBytesPerS`. */
  start(path: number, bytes: number, limitBytesPerS: number, owner: number): void {
    if (this.count === this.owner.length) this.grow();
    this.advance();
    const i = this.count++;
    this.remaining[i] = bytes;
    this.rate[i] = 0;
    this.limit[i] = limitBytesPerS / 1e9;
    this.owner[i] = owner;
    this.path[i] = path;
    for (const channel of this.paths[path]!) this.loaded[channel]! += 1;
    this.requestShare();
  }

  /** Adds bytes to the flow of an owner that is under way. */
  extend(owner: number, bytes: number): void {
    this.advance();
    for (let i = 0; i < this.count; i++) if (this.owner[i] === owner) this.remaining[i]! += bytes;
    this.requestShare();
  }

  /** Bytes that the flow of an owner has still to deliver; 0 when it has none. */
  remainingOf(owner: number): number {
    this.advance();
    for (let i = 0; i < this.count; i++) if (this.owner[i] === owner) return this.remaining[i]!;
    return 0;
  }

  private requestShare(): void {
    if (this.sharePending) return;
    this.sharePending = true;
    this.watcher?.requested();
    this.sim.after(0, this.shareKind, 0, 0, SHARE_PHASE);
  }

  private advance(): void {
    const elapsed = this.sim.now - this.lastNs;
    this.lastNs = this.sim.now;
    if (elapsed === 0) return;
    for (let i = 0; i < this.count; i++) this.remaining[i]! -= this.rate[i]! * elapsed;
  }

  private wake(): void {
    this.wakeHandle = -1;
    this.advance();
    this.watcher?.woken(this.count, (flow) => this.isOver(flow));
    const finished = this.finished;
    finished.length = 0;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.isOver(i)) {
        finished.push(this.owner[i]!);
        for (const channel of this.paths[this.path[i]!]!) this.loaded[channel]! -= 1;
        continue;
      }
      if (kept !== i) this.moveSlot(i, kept);
      kept += 1;
    }
    this.count = kept;
    this.requestShare();
    for (let i = 0; i < finished.length; i++) this.onDone(finished[i]!);
  }

  private isOver(flow: number): boolean {
    return this.remaining[flow]! <= this.rate[flow]! * DONE_NS;
  }

  private moveSlot(from: number, to: number): void {
    this.remaining[to] = this.remaining[from]!;
    this.rate[to] = this.rate[from]!;
    this.limit[to] = this.limit[from]!;
    this.owner[to] = this.owner[from]!;
    this.path[to] = this.path[from]!;
  }

  private share(): void {
    this.sharePending = false;
    this.advance();
    if (this.wakeHandle !== -1) {
      this.sim.cancel(this.wakeHandle);
      this.wakeHandle = -1;
    }
    if (this.count === 0) {
      this.watcher?.shared(0, this.rate);
      return;
    }
    for (const { joint } of this.shares) this.capacity[joint] = Number.POSITIVE_INFINITY;
    this.fill();
    if (this.shares.length > 0 && this.tightenShares()) this.fill();
    this.watcher?.shared(this.count, this.rate);
    let soonest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.count; i++) {
      const left = this.remaining[i]! / this.rate[i]!;
      if (left < soonest) soonest = left;
    }
    this.wakeHandle = this.sim.after(ceilNs(Math.max(0, soonest)), this.wakeKind);
  }

  /** Progressive filling: raise all rates together; whoever meets a full channel or its own limit stops there. */
  private fill(): void {
    const { capacity, loaded, opposite, left, open, paths, count } = this;
    for (let channel = 0; channel < capacity.length; channel++) {
      const flows = loaded[channel]!;
      open[channel] = flows;
      if (flows === 0) continue;
      const other = opposite[channel]!;
      left[channel] = other >= 0 && loaded[other]! > 0 ? this.duplexCapacity[channel]! : capacity[channel]!;
    }
    this.frozen.fill(0, 0, count);
    for (let unfrozen = count; unfrozen > 0; ) {
      let level = Number.POSITIVE_INFINITY;
      for (let i = 0; i < count; i++) {
        if (this.frozen[i] === 1) continue;
        const ceiling = this.ceilingOf(i);
        if (ceiling < level) level = ceiling;
      }
      for (let i = 0; i < count; i++) {
        if (this.frozen[i] === 1 || this.ceilingOf(i) > level * (1 + 1e-12)) continue;
        this.frozen[i] = 2;
      }
      for (let i = 0; i < count; i++) {
        if (this.frozen[i] !== 2) continue;
        this.frozen[i] = 1;
        this.rate[i] = level;
        unfrozen -= 1;
        for (const channel of paths[this.path[i]!]!) {
          left[channel]! -= level;
          open[channel]! -= 1;
        }
      }
    }
  }

  /** The most a flow can still have, if all flows that are still open get the same. */
  private ceilingOf(flow: number): number {
    let ceiling = this.limit[flow]!;
    for (const channel of this.paths[this.path[flow]!]!) {
      const fair = Math.max(0, this.left[channel]!) / this.open[channel]!;
      if (fair < ceiling) ceiling = fair;
    }
    return ceiling;
  }

  /** Sets every joint channel from the read share of the present rates. True when one became tighter. */
  private tightenShares(): boolean {
    let tighter = false;
    for (const { read, write, joint, peak, curve } of this.shares) {
      let reading = 0;
      let writing = 0;
      for (let i = 0; i < this.count; i++) {
        const channels = this.paths[this.path[i]!]!;
        if (channels.includes(read)) reading += this.rate[i]!;
        if (channels.includes(write)) writing += this.rate[i]!;
      }
      const total = reading + writing;
      if (total === 0) continue;
      const limit = peak * linearCurveAt(curve, reading / total, 1);
      this.capacity[joint] = limit;
      if (total > limit) tighter = true;
    }
    return tighter;
  }

  private grow(): void {
    const size = 2 * this.owner.length;
    const doubled = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(size);
      next.set(old);
      return next;
    };
    this.remaining = doubled(this.remaining);
    this.rate = doubled(this.rate);
    this.limit = doubled(this.limit);
    const owner = new Int32Array(size);
    owner.set(this.owner);
    this.owner = owner;
    const path = new Int32Array(size);
    path.set(this.path);
    this.path = path;
    this.frozen = new Uint8Array(size);
  }
}

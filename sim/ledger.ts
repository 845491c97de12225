/**
 * The single account of every byte, FLOP and busy nanosecond. Two kinds of columns: counters, which only grow, and
 * activities, which measure the time during which at least one of several overlapping things is on. All metrics are
 * read from it.
 */
export class Ledger {
  private readonly counterNames: string[] = [];
  private readonly counterByName = new Map<string, number>();
  private counters = new Float64Array(64);
  private readonly activityNames: string[] = [];
  private readonly activityByName = new Map<string, number>();
  private readonly on: number[] = [];
  private readonly since: number[] = [];
  private readonly busyNs: number[] = [];

  /** Number of the counter of a name, made on first use. */
  counter(name: string): number {
    const known = this.counterByName.get(name);
    if (known !== undefined) return known;
    const index = this.counterNames.push(name) - 1;
    this.counterByName.set(name, index);
    if (index === this.counters.length) {
      const wider = new Float64Array(2 * index);
      wider.set(this.counters);
      this.counters = wider;
    }
    return index;
  }

  add(counter: number, amount: number): void {
    this.counters[counter]! += amount;
  }

  /** Number of the activity of a name, made on first use. */
  activity(name: string): number {
    const known = this.activityByName.get(name);
    if (known !== undefined) return known;
    const index = this.activityNames.push(name) - 1;
    this.activityByName.set(name, index);
    this.on.push(0);
    this.since.push(0);
    this.busyNs.push(0);
    return index;
  }

  /** True when the activity was off before. */
  begin(activity: number, nowNs: number): boolean {
    if (this.on[activity]!++ > 0) return false;
    this.since[activity] = nowNs;
    return true;
  }

  /** True when the activity is off now. */
  end(activity: number, nowNs: number): boolean {
    if (--this.on[activity]! > 0) return false;
    this.busyNs[activity]! += nowNs - this.since[activity]!;
    return true;
  }

  /** Adds busy time that was measured elsewhere (a replayed step). */
  addBusy(activity: number, ns: number): void {
    this.busyNs[activity]! += ns;
  }

  /** Busy time of every activity up to an instant. */
  busyAt(nowNs: number): Float64Array {
    const busy = new Float64Array(this.busyNs.length);
    for (let i = 0; i < busy.length; i++) {
      busy[i] = this.busyNs[i]! + (this.on[i]! > 0 ? nowNs - this.since[i]! : 0);
    }
    return busy;
  }

  get activities(): number {
    return this.busyNs.length;
  }

  /** The state at an instant, for differences. */
  snapshot(nowNs: number): LedgerSnapshot {
    return { at_ns: nowNs, counters: this.counters.slice(0, this.counterNames.length), busy_ns: this.busyAt(nowNs) };
  }

  /** The account of a stretch between two snapshots, times a factor, on top of another. */
  read(snapshot: LedgerSnapshot): LedgerReading {
    const counters = new Map<string, number>();
    for (let i = 0; i < snapshot.counters.length; i++) counters.set(this.counterNames[i]!, snapshot.counters[i]!);
    const busy = new Map<string, number>();
    for (let i = 0; i < snapshot.busy_ns.length; i++) busy.set(this.activityNames[i]!, snapshot.busy_ns[i]!);
    return { elapsed_ns: snapshot.at_ns, counters, busy_ns: busy };
  }
}

export interface LedgerSnapshot {
  readonly at_ns: number;
  readonly counters: Float64Array;
  readonly busy_ns: Float64Array;
}

/** A ledger by name. */
export interface LedgerReading {
  readonly elapsed_ns: number;
  readonly counters: ReadonlyMap<string, number>;
  readonly busy_ns: ReadonlyMap<string, number>;
}

/** `base` + factor × (`to` − `from`), column by column; columns made after a snapshot count from 0. */
export function extrapolate(
  base: LedgerSnapshot,
  from: LedgerSnapshot,
  to: LedgerSnapshot,
  factor: number,
): LedgerSnapshot {
  const combine = (a: Float64Array, b: Float64Array, c: Float64Array): Float64Array => {
    const out = new Float64Array(c.length);
    for (let i = 0; i < out.length; i++) out[i] = (a[i] ?? 0) + factor * (c[i]! - (b[i] ?? 0));
    return out;
  };
  return {
    at_ns: base.at_ns + factor * (to.at_ns - from.at_ns),
    counters: combine(base.counters, from.counters, to.counters),
    busy_ns: combine(base.busy_ns, from.busy_ns, to.busy_ns),
  };
}

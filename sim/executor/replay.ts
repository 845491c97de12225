import type { AccountStretch, MemoryAccount } from '../resources/memoryAccount.ts';
import type { Engine } from './engine.ts';
import { EventOrders } from './eventOrders.ts';
import { TASK_WORDS, type Tape } from './tape.ts';

/**
 * Repetition. Between two barriers at which nothing is under way, what happens depends on the tape alone; so a step
 * whose tape equals that of an earlier step takes the same time to the nanosecond, and is repeated from the record
 * instead of simulated again. A step that waited for room in memory depends on more than its tape and is not recorded.
 */

/** Tapes kept; past this the record starts anew. */
const MAX_RECORDS = 20_000;

/**
 * Where no step has repeated for so many (a cache that grows with every token), only one in `SPARSELY` is looked up and
 * recorded still: a steady state that comes later is met within a few of them, and a growing one costs no record.
 */
const FRUITLESS = 64;
const SPARSELY = 32;

interface Record {
  readonly tasks: number;
  readonly words: Float64Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly durationNs: number;
  readonly activities: Int32Array;
  readonly busyNs: Float64Array;
  readonly accounts: readonly AccountStretch[];
}

export class Replay {
  private readonly records = new Map<number, Record[]>();
  private readonly orders = new EventOrders();
  private count = 0;
  /** Steps since one was last repeated. */
  private fruitless = 0;
  /** Steps repeated and steps simulated. */
  repeated = 0;
  simulated = 0;

  /** Repeats the tape from the record, or runs it on the engine and records it. */
  step(engine: Engine, tape: Tape): void {
    const quiet = engine.writeBack === null || !engine.writeBack.active;
    if (!quiet || engine.timeline !== null) {
      this.simulated += 1;
      engine.run(tape);
      return;
    }
    if (this.fruitless >= FRUITLESS && this.fruitless % SPARSELY !== 0) {
      this.fruitless += 1;
      this.simulated += 1;
      this.orders.run(engine, tape);
      return;
    }
    const hash = hashOf(tape);
    const known = this.records.get(hash)?.find((record) => equals(record, tape));
    if (known?.accounts.every((stretch, i) => engine.accounts[i]!.fits(stretch.peak))) {
      this.fruitless = 0;
      this.repeat(engine, known);
      return;
    }
    this.fruitless += 1;
    this.record(engine, tape, hash);
  }

  private repeat(engine: Engine, record: Record): void {
    this.repeated += 1;
    const now = engine.now;
    for (let i = 0; i < record.activities.length; i++) engine.ledger.addBusy(record.activities[i]!, record.busyNs[i]!);
    for (let i = 0; i < record.accounts.length; i++) {
      engine.accounts[i]!.repeat(now, record.durationNs, record.accounts[i]!);
    }
    engine.sim.run(now + record.durationNs);
  }

  private record(engine: Engine, tape: Tape, hash: number): void {
    const start = engine.now;
    const before = engine.accounts.map((account) => {
      account.openWindow(start);
      return { used: account.used, byKind: account.usedByKind.slice(), integral: account.integral };
    });
    const busyBefore = engine.ledger.busyAt(start);
    this.simulated += 1;
    this.orders.run(engine, tape);
    if (engine.blocked || (engine.writeBack?.active ?? false)) return;
    const end = engine.now;
    const busyAfter = engine.ledger.busyAt(end);
    const activities: number[] = [];
    const busyNs: number[] = [];
    for (let i = 0; i < busyAfter.length; i++) {
      const delta = busyAfter[i]! - (busyBefore[i] ?? 0);
      if (delta === 0) continue;
      activities.push(i);
      busyNs.push(delta);
    }
    if (this.count === MAX_RECORDS) {
      this.records.clear();
      this.count = 0;
    }
    this.count += 1;
    const record: Record = {
      tasks: tape.tasks,
      words: tape.words.slice(0, tape.tasks * TASK_WORDS),
      from: tape.from.slice(0, tape.edges),
      to: tape.to.slice(0, tape.edges),
      durationNs: end - start,
      activities: Int32Array.from(activities),
      busyNs: Float64Array.from(busyNs),
      accounts: engine.accounts.map((account, i) => stretchOf(account, before[i]!, end - start, end)),
    };
    const bucket = this.records.get(hash);
    if (bucket === undefined) this.records.set(hash, [record]);
    else bucket.push(record);
  }
}

function stretchOf(
  account: MemoryAccount,
  before: { used: number; byKind: Float64Array; integral: number },
  durationNs: number,
  endNs: number,
): AccountStretch {
  account.settle(endNs);
  return {
    peak: account.windowPeak - before.used,
    peakByKind: account.windowPeakByKind.map((peak, kind) => peak - before.byKind[kind]!),
    leftByKind: account.usedByKind.map((used, kind) => used - before.byKind[kind]!),
    integral: account.integral - before.integral - before.used * durationNs,
  };
}

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);

/** FNV-1a over the halves of every word and over the dependencies. */
function hashOf(tape: Tape): number {
  let hash = 0x811c9dc5;
  const words = tape.tasks * TASK_WORDS;
  for (let i = 0; i < words; i++) {
    const word = tape.words[i]!;
    if (word === 0) continue;
    float[0] = word;
    hash = Math.imul(hash ^ halves[0]! ^ (i << 7), 0x01000193);
    hash = Math.imul(hash ^ halves[1]!, 0x01000193);
  }
  for (let e = 0; e < tape.edges; e++) {
    hash = Math.imul(hash ^ tape.from[e]! ^ (tape.to[e]! << 12), 0x01000193);
  }
  return hash;
}

function equals(record: Record, tape: Tape): boolean {
  if (record.tasks !== tape.tasks || record.from.length !== tape.edges) return false;
  for (let e = 0; e < tape.edges; e++) {
    if (record.from[e] !== tape.from[e] || record.to[e] !== tape.to[e]) return false;
  }
  for (let i = 0; i < record.words.length; i++) if (record.words[i] !== tape.words[i]) return false;
  return true;
}

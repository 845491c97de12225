import { ceilNs } from '../kernel/time.ts';
import type { Ledger } from '../ledger.ts';
import { DONE_NS, type FlowWatcher } from '../resources/flowNetwork.ts';
import type { MemoryAccount } from '../resources/memoryAccount.ts';
import { MAX_PHASES, PHASE, PHASE_WORDS, TASK, TASK_WORDS, type Tape } from './tape.ts';

/**
 * The order in which the engine carried out a tape. A tape of the same shape with other durations and bytes (the next
 * token's step, which attends to one more) is carried out by doing the same again at its own instants: whatever the
 * engine decides follows from the order of its events alone. Whether they still come in that order is checked one by one.
 *
 * A launch of the host thread that lets nothing but the next launch begin is free to come earlier or later than the events
 * of other resources, as long as it still comes before whatever waited for it and was let go by another.
 */

/** What was done, in the low bits of a word; the rest is the number of what it was done to. */
const DID_BITS = 4;
const SCHEDULE = 0; // the end of a delay; the next word is where its phase stands on the tape
const REQUEST = 1; // a sharing of the channels at the end of this instant
const DELAY = 2; // the scheduled event of that number came: a delay has ended,
const SHARE = 3; // or that many flows share, as the next word's event, with the next of `rates`,
const WAKE = 4; // or of that many flows some have ended, as the next word's event, by the next of `ended`
const START = 5; // a flow; the next word is where its phase stands on the tape
const ON = 6; // an activity, from here
const OFF = 7;
const ALLOCATE = 8; // a task's bytes
const FREE = 9;
const LAUNCHED = 10; // as DELAY, of a launch that is free to come earlier or later
const AFTER = 11; // the present event comes after the event of that number

/** Words of a task that may differ between tapes of one shape, as long as both are positive or neither is. */
const measured = new Uint8Array(TASK_WORDS);
measured[TASK.allocateBytes] = 1;
measured[TASK.freeBytes] = 1;
for (let phase = 0; phase < MAX_PHASES; phase++) {
  measured[TASK.phase0 + phase * PHASE_WORDS + PHASE.delayNs] = 1;
  measured[TASK.phase0 + phase * PHASE_WORDS + PHASE.bytes] = 1;
}

/** Writes down what the engine does while it carries out one tape. */
export class OrderLog implements FlowWatcher {
  private words = new Int32Array(4096);
  private length = 0;
  private readonly rates: number[] = [];
  private readonly ended: number[] = [];
  /** Events scheduled so far, which numbers them, and events that came. */
  private scheduled = 0;
  private came = 0;
  private mostFlows = 0;
  /** Number of the event that ends the present delay of each task. */
  private readonly ends: Int32Array;
  private nextShare = 0;
  private nextWake = 0;
  private readonly launches: Uint8Array;
  /** Number of the launch that was the last thing but others that a task waited for; −1 is none. */
  private readonly launchedBy: Int32Array;
  /** The present event, where it ends a launch: its number, where its word stands, and whether it may move; −1 is none. */
  private launch = -1;
  private launchAt = -1;
  private movable = false;

  constructor(tape: Tape) {
    this.ends = new Int32Array(tape.tasks);
    this.launchedBy = new Int32Array(tape.tasks).fill(-1);
    this.launches = Uint8Array.from({ length: tape.tasks }, (_, task) => (isLaunch(tape, task) ? 1 : 0));
  }

  schedule(task: number, phaseAt: number): void {
    this.ends[task] = this.scheduled++;
    this.write(SCHEDULE, 0);
    this.writeMore(phaseAt);
  }

  delayEnded(task: number): void {
    this.begin();
    if (this.launches[task] === 1) {
      this.launch = this.ends[task]!;
      this.launchAt = this.length;
      this.movable = true;
    }
    this.write(DELAY, this.ends[task]!);
  }

  /** A task has all it waited for but room and places. */
  ready(task: number): void {
    if (this.launches[task] === 0) this.movable = false;
    const launched = this.launchedBy[task]!;
    if (launched >= 0 && launched !== this.launch) this.write(AFTER, launched);
  }

  /** A task waits for one less, and for more still. */
  awaits(task: number): void {
    if (this.launch >= 0) this.launchedBy[task] = this.launch;
  }

  /** A task that waited for a place got one. */
  passed(task: number): void {
    if (this.launches[task] === 0) this.movable = false;
  }

  start(phaseAt: number): void {
    this.write(START, 0);
    this.writeMore(phaseAt);
  }

  requested(): void {
    this.nextShare = this.scheduled++;
    this.write(REQUEST, 0);
  }

  shared(flows: number, rates: Float64Array): void {
    this.begin();
    this.write(SHARE, flows);
    this.writeMore(this.nextShare);
    for (let i = 0; i < flows; i++) this.rates.push(rates[i]!);
    this.mostFlows = Math.max(this.mostFlows, flows);
    if (flows > 0) this.nextWake = this.scheduled++;
  }

  woken(flows: number, ended: (flow: number) => boolean): void {
    this.begin();
    this.write(WAKE, flows);
    this.writeMore(this.nextWake);
    for (let i = 0; i < flows; i++) this.ended.push(ended(i) ? 1 : 0);
  }

  on(activity: number): void {
    this.write(ON, activity);
  }

  off(activity: number): void {
    this.write(OFF, activity);
  }

  allocate(task: number): void {
    this.write(ALLOCATE, task);
  }

  free(task: number): void {
    this.write(FREE, task);
  }

  /** Another event: what the last one did is known. */
  private begin(): void {
    if (this.launch >= 0 && this.movable) this.words[this.launchAt] = (this.launch << DID_BITS) | LAUNCHED;
    this.launch = -1;
    this.came += 1;
  }

  private write(did: number, to: number): void {
    this.writeMore((to << DID_BITS) | did);
  }

  private writeMore(word: number): void {
    if (this.length === this.words.length) {
      const words = new Int32Array(2 * this.length);
      words.set(this.words);
      this.words = words;
    }
    this.words[this.length++] = word;
  }

  /** The order, to be tried on tapes of this one's shape. */
  finish(tape: Tape): EventOrder {
    this.begin();
    this.came -= 1;
    return new EventOrder(
      {
        words: tape.words.slice(0, tape.tasks * TASK_WORDS),
        from: tape.from.slice(0, tape.edges),
        to: tape.to.slice(0, tape.edges),
      },
      {
        words: this.words.slice(0, this.length),
        rates: Float64Array.from(this.rates),
        ended: Uint8Array.from(this.ended),
        scheduled: this.scheduled,
        came: this.came,
        mostFlows: this.mostFlows,
      },
    );
  }
}

/** Whether a task is nothing but time of a server: those of the host thread, which follow one another in one queue. */
function isLaunch({ words }: Tape, task: number): boolean {
  const base = task * TASK_WORDS;
  return (
    words[base + TASK.server]! >= 0 &&
    words[base + TASK.tag]! < 0 &&
    words[base + TASK.allocateMemory]! < 0 &&
    words[base + TASK.freeMemory]! < 0 &&
    words[base + TASK.phases] === 1 &&
    words[base + TASK.phase0 + PHASE.engine]! < 0 &&
    words[base + TASK.phase0 + PHASE.path]! < 0
  );
}

interface Shape {
  readonly words: Float64Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

interface Done {
  readonly words: Int32Array;
  readonly rates: Float64Array;
  readonly ended: Uint8Array;
  readonly scheduled: number;
  readonly came: number;
  readonly mostFlows: number;
}

export class EventOrder {
  private readonly shape: Shape;
  private readonly done: Done;
  /** Of the tape that was timed last: when each scheduled event is due, and the instant of each that came. */
  private readonly due: Float64Array;
  private readonly instants: Float64Array;
  private readonly remaining: Float64Array;
  private readonly rate: Float64Array;

  constructor(shape: Shape, done: Done) {
    this.shape = shape;
    this.done = done;
    this.due = new Float64Array(done.scheduled);
    this.instants = new Float64Array(done.came);
    // Flows that start and end in one instant are never shared, and one is done before it starts.
    this.remaining = new Float64Array(2 * done.mostFlows);
    this.rate = new Float64Array(2 * done.mostFlows);
  }

  /** Events that carrying out a tape takes. */
  get events(): number {
    return this.done.came;
  }

  /** Words that the order keeps, for whoever limits them. */
  get size(): number {
    return this.shape.words.length + this.done.words.length;
  }

  /** Whether a tape asks for the same, but for how long it takes and how many bytes it is. */
  suits(tape: Tape): boolean {
    const { words, from, to } = this.shape;
    if (words.length !== tape.tasks * TASK_WORDS || from.length !== tape.edges) return false;
    for (let e = 0; e < from.length; e++) if (from[e] !== tape.from[e] || to[e] !== tape.to[e]) return false;
    const other = tape.words;
    for (let base = 0; base < words.length; base += TASK_WORDS) {
      const end = base + TASK.phase0 + words[base + TASK.phases]! * PHASE_WORDS;
      for (let i = base; i < end; i++) {
        const here = words[i]!;
        const there = other[i]!;
        if (here !== there && (measured[i - base] === 0 || here > 0 !== there > 0)) return false;
      }
    }
    return true;
  }

  /**
   * Finds the instant of every event when the tape begins at `now`. False where they would come in another order, or a
   * task would wait for room.
   */
  time(tape: Tape, now: number, accounts: readonly MemoryAccount[]): boolean {
    const { words: done, rates, ended } = this.done;
    const { due, instants, remaining, rate } = this;
    const { words } = tape;
    const used = Float64Array.from(accounts, (account) => account.used);
    let scheduled = 0;
    let came = 0;
    // The last event that has its place in the order: its instant, number and whether it shared.
    let reached = now;
    let event = -1;
    let sharing = false;
    let flows = 0;
    let movedTo = now;
    let rated = 0;
    let judged = 0;
    for (let i = 0; i < done.length; i++) {
      const did = done[i]! & ((1 << DID_BITS) - 1);
      const to = done[i]! >> DID_BITS;
      if (did === SCHEDULE) {
        due[scheduled++] = now + words[done[++i]! + PHASE.delayNs]!;
      } else if (did === DELAY) {
        now = due[to]!;
        if (now <= reached && (now < reached || sharing || to < event)) return false;
        reached = now;
        event = to;
        sharing = false;
        instants[came++] = now;
      } else if (did === LAUNCHED) {
        now = due[to]!;
        instants[came++] = now;
      } else if (did === AFTER) {
        if (due[to]! >= now && (due[to]! > now || to > event)) return false;
      } else if (did === ALLOCATE) {
        const memory = words[to * TASK_WORDS + TASK.allocateMemory]!;
        used[memory]! += words[to * TASK_WORDS + TASK.allocateBytes]!;
        if (used[memory]! > accounts[memory]!.capacity) return false;
      } else if (did === FREE) {
        used[words[to * TASK_WORDS + TASK.freeMemory]!]! -= words[to * TASK_WORDS + TASK.freeBytes]!;
      } else if (did === REQUEST) {
        due[scheduled++] = now;
      } else if (did === START || did === SHARE || did === WAKE) {
        const next = done[++i]!;
        if (did !== START) {
          now = due[next]!;
          const share = did === SHARE;
          const early = now < reached || (sharing && !share) || (sharing === share && next < event);
          if (now <= reached && early) return false;
          reached = now;
          event = next;
          sharing = share;
          instants[came++] = now;
        }
        const elapsed = now - movedTo;
        movedTo = now;
        if (elapsed > 0) for (let f = 0; f < flows; f++) remaining[f]! -= rate[f]! * elapsed;
        if (did === START) {
          remaining[flows] = words[next + PHASE.bytes]!;
          rate[flows++] = 0;
        } else if (did === SHARE) {
          let soonest = Number.POSITIVE_INFINITY;
          for (let f = 0; f < flows; f++) {
            rate[f] = rates[rated++]!;
            const left = remaining[f]! / rate[f]!;
            if (left < soonest) soonest = left;
          }
          if (flows > 0) due[scheduled++] = now + ceilNs(Math.max(0, soonest));
        } else {
          let kept = 0;
          for (let f = 0; f < flows; f++) {
            const over = remaining[f]! <= rate[f]! * DONE_NS;
            if (over !== (ended[judged++] === 1)) return false;
            if (over) continue;
            remaining[kept] = remaining[f]!;
            rate[kept++] = rate[f]!;
          }
          flows = kept;
        }
      }
    }
    return true;
  }

  /** Carries out the tape that was just timed to fit, from `now` on, and returns when it ends. */
  apply(tape: Tape, now: number, ledger: Ledger, accounts: readonly MemoryAccount[]): number {
    const { words: done } = this.done;
    const { instants } = this;
    const { words } = tape;
    let came = 0;
    let end = now;
    for (let i = 0; i < done.length; i++) {
      const did = done[i]! & ((1 << DID_BITS) - 1);
      const to = done[i]! >> DID_BITS;
      const base = to * TASK_WORDS;
      if (did === DELAY || did === LAUNCHED) {
        now = instants[came++]!;
        if (now > end) end = now;
      } else if (did === SCHEDULE || did === START) {
        i += 1;
      } else if (did === ON) {
        ledger.begin(to, now);
      } else if (did === OFF) {
        ledger.end(to, now);
      } else if (did === ALLOCATE) {
        const bytes = words[base + TASK.allocateBytes]!;
        accounts[words[base + TASK.allocateMemory]!]!.add(words[base + TASK.allocateKind]!, bytes, now);
      } else if (did === FREE) {
        const bytes = words[base + TASK.freeBytes]!;
        accounts[words[base + TASK.freeMemory]!]!.add(words[base + TASK.freeKind]!, -bytes, now);
      } else if (did === SHARE || did === WAKE) {
        i += 1;
        now = instants[came++]!;
        if (now > end) end = now;
      }
    }
    return end;
  }
}

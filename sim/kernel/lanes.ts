import { SimulationError } from './errors.ts';
import type { Handler } from './simulation.ts';
import { MAX_TIME_NS } from './time.ts';

const NONE = -1;
const FIRST_ROOM = 16;

/** Events of one kind, by time and then in the order they came: a ring of rows that a late comer is sorted into. */
class Lane {
  /** Two numbers a row: time, and the order of coming among all lanes. */
  keys = new Float64Array(2 * FIRST_ROOM);
  /** Two numbers a row: the payload. */
  words = new Int32Array(2 * FIRST_ROOM);
  mask = FIRST_ROOM - 1;
  head = 0;
  count = 0;
  /** Its place among the lanes that have had an event, which alone are looked through. */
  place = NONE;

  grow(): void {
    const rows = this.mask + 1;
    const keys = new Float64Array(4 * rows);
    const words = new Int32Array(4 * rows);
    for (let i = 0; i < this.count; i++) {
      const row = 2 * ((this.head + i) & this.mask);
      keys[2 * i] = this.keys[row]!;
      keys[2 * i + 1] = this.keys[row + 1]!;
      words[2 * i] = this.words[row]!;
      words[2 * i + 1] = this.words[row + 1]!;
    }
    this.keys = keys;
    this.words = words;
    this.mask = 2 * rows - 1;
    this.head = 0;
  }
}

/**
 * A clock like {@link Simulation} for a model of few kinds of events, those of one kind coming nearly in the order of
 * their times, as they do after equal delays: each kind is a first-in first-out lane, and the next event is the earliest
 * of their heads. An event costs a third of what it costs in a heap. Two events of one instant run in the order they were
 * scheduled in.
 *
 * An event that comes out of order is sorted in from the end of its lane, at the cost of those it passes.
 */
export class Lanes {
  private readonly handlers: Handler[] = [];
  private readonly lanes: Lane[] = [];
  /** By place: the kind of a lane, and of its first event time (∞: empty) and order. */
  private readonly kindAt: number[] = [];
  private headTime = new Float64Array(0);
  private headOrder = new Float64Array(0);
  private clock = Number.NaN;
  private order = Number.NaN;
  private handled = Number.NaN;

  constructor() {
    this.clock = 0;
    this.order = 0;
    this.handled = 0;
  }

  /** The present, in nanoseconds. */
  get now(): number {
    return this.clock;
  }

  /** Events handled so far. */
  get events(): number {
    return this.handled;
  }

  /** Adds a handler and returns the kind that names it: 0, 1, 2, … in the order of registration. */
  register(handler: Handler): number {
    const kind = this.handlers.push(handler) - 1;
    this.lanes.push(new Lane());
    return kind;
  }

  /** Gives a lane its place, at its first event. */
  private use(kind: number): void {
    const place = this.kindAt.push(kind) - 1;
    this.lanes[kind]!.place = place;
    const widen = (heads: Float64Array): Float64Array<ArrayBuffer> => {
      const wider = new Float64Array(place + 1).fill(Number.POSITIVE_INFINITY);
      wider.set(heads);
      return wider;
    };
    this.headTime = widen(this.headTime);
    this.headOrder = widen(this.headOrder);
  }

  /**
   * Schedules an event at an absolute time, which may be the present; `a` and `b` are int32.
   *
   * @throws SimulationError `past`, `not-integer` or `overflow`.
   */
  at(timeNs: number, kind: number, a = 0, b = 0): void {
    if (!(timeNs >= this.clock) || timeNs > MAX_TIME_NS || Math.floor(timeNs) !== timeNs) refuseTime(timeNs);
    const lane = this.lanes[kind]!;
    if (lane.count > lane.mask) lane.grow();
    const { keys, words, mask, head } = lane;
    let at = lane.count;
    lane.count = at + 1;
    for (; at > 0; at--) {
      const before = ((head + at - 1) & mask) << 1;
      if (keys[before]! <= timeNs) break;
      const row = ((head + at) & mask) << 1;
      keys[row] = keys[before]!;
      keys[row + 1] = keys[before + 1]!;
      words[row] = words[before]!;
      words[row + 1] = words[before + 1]!;
    }
    const row = ((head + at) & mask) << 1;
    keys[row] = timeNs;
    keys[row + 1] = this.order;
    words[row] = a;
    words[row + 1] = b;
    if (at === 0) {
      if (lane.place === NONE) this.use(kind);
      this.headTime[lane.place] = timeNs;
      this.headOrder[lane.place] = this.order;
    }
    this.order += 1;
  }

  /** Schedules an event `delayNs` ≥ 0 after the present; otherwise as `at`. */
  after(delayNs: number, kind: number, a = 0, b = 0): void {
    this.at(this.clock + delayNs, kind, a, b);
  }

  /** Handles every event up to and including `untilNs`, then sets the clock to it. */
  run(untilNs: number): void {
    if (!(untilNs >= this.clock))
      throw new SimulationError('past', `cannot run until ${untilNs}: now is ${this.clock}`);
    for (let place = this.first(untilNs); place !== NONE; place = this.first(untilNs)) {
      const kind = this.kindAt[place]!;
      const lane = this.lanes[kind]!;
      const { words, mask } = lane;
      const row = lane.head << 1;
      this.clock = this.headTime[place]!;
      this.handled += 1;
      lane.head = (lane.head + 1) & mask;
      lane.count -= 1;
      const next = lane.head << 1;
      this.headTime[place] = lane.count > 0 ? lane.keys[next]! : Number.POSITIVE_INFINITY;
      this.headOrder[place] = lane.keys[next + 1]!;
      this.handlers[kind]!(words[row]!, words[row + 1]!);
    }
    this.clock = untilNs;
  }

  /** The place of the lane with the earliest event, if that is due. */
  private first(untilNs: number): number {
    const { headTime, headOrder } = this;
    // By arithmetic, since no processor can predict which lane it is; ties are rare and looked at apart.
    let best = NONE;
    let time = untilNs + 1;
    let ties = 0;
    for (let place = 0; place < headTime.length; place++) {
      const candidate = headTime[place]!;
      const earlier = Number(candidate < time) | 0;
      ties |= Number(candidate === time) | 0;
      best = (best + ((place - best) & -earlier)) | 0;
      time = Math.min(time, candidate);
    }
    if (ties === 0 || best === NONE) return best;
    for (let place = 0; place < headTime.length; place++) {
      if (headTime[place] === time && headOrder[place]! < headOrder[best]!) best = place;
    }
    return best;
  }
}

function refuseTime(timeNs: number): never {
  if (timeNs > MAX_TIME_NS) throw new SimulationError('overflow', `${timeNs} ns is beyond the clock's 2^53 − 1 ns`);
  if (Math.floor(timeNs) !== timeNs) throw new SimulationError('not-integer', `${timeNs} is no whole number of ns`);
  throw new SimulationError('past', `cannot schedule at ${timeNs} ns, which has passed`);
}

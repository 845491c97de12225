import { SimulationError } from './errors.ts';
import { EventQueue } from './eventQueue.ts';
import { MAX_TIME_NS } from './time.ts';

/** Runs to completion when its event fires; `a` and `b` are the int32 payload it was scheduled with. */
export type Handler = (a: number, b: number) => void;

/** Why `run` returned: nothing is pending, the stated instant was reached, or a handler called `stop`. */
export type RunEnd = 'drained' | 'reached' | 'stopped';

export interface SimulationOptions {
  /** `run` throws `event-limit` beyond this many events in all. Default: no limit. */
  readonly eventLimit?: number;
  /** Events expected to be pending at once; the queue grows beyond it by doubling. */
  readonly initialCapacity?: number;
}

/**
 * The clock and its events. Time is a whole number of nanoseconds from 0 to 2^53 − 1 and moves only inside `run`.
 * Two events of one instant run in the order of their phases, then in the order they were scheduled in.
 *
 * @example
 * const sim = new Simulation();
 * const tick = sim.register((count) => {
 *   if (count > 0) sim.after(10, tick, count - 1);
 * });
 * sim.at(5, tick, 3);
 * sim.run(); // 'drained', with sim.now 35 and sim.events 4
 */
export class Simulation {
  private readonly queue: EventQueue;
  private readonly handlers: Handler[] = [];
  private readonly eventLimit: number;
  private clock = Number.NaN;
  private handled = Number.NaN;
  private running = false;
  private stopping = false;

  constructor(options: SimulationOptions = {}) {
    this.queue = new EventQueue(options);
    this.eventLimit = options.eventLimit ?? Number.POSITIVE_INFINITY;
    this.clock = 0;
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

  /** Events pending. */
  get pending(): number {
    return this.queue.size;
  }

  /** Time of the next event in nanoseconds; ∞ when none is pending. */
  get nextTime(): number {
    return this.queue.peekTime();
  }

  /** Adds a handler and returns the kind that names it: 0, 1, 2, … in the order of registration. */
  register(handler: Handler): number {
    return this.handlers.push(handler) - 1;
  }

  /**
   * Schedules an event at an absolute time, which may be the present, and returns its handle for `cancel`.
   * `a` and `b` are int32; `phase` is 0 … 7, lower first within one instant.
   *
   * @throws SimulationError `past`, `not-integer`, `overflow`, `unknown-kind` or `bad-phase`.
   */
  at(timeNs: number, kind: number, a = 0, b = 0, phase = 0): number {
    if (!(timeNs >= this.clock) || timeNs > MAX_TIME_NS || Math.floor(timeNs) !== timeNs) this.refuseTime(timeNs);
    if (kind >>> 0 !== kind || kind >= this.handlers.length)
      throw new SimulationError('unknown-kind', `no handler has kind ${kind}`);
    return this.queue.schedule(timeNs, phase, kind, a, b);
  }

  /** Schedules an event `delayNs` ≥ 0 after the present; otherwise as `at`. */
  after(delayNs: number, kind: number, a = 0, b = 0, phase = 0): number {
    return this.at(this.clock + delayNs, kind, a, b, phase);
  }

  /** Cancels a pending event. False when it has already run or been cancelled. */
  cancel(handle: number): boolean {
    return this.queue.cancel(handle);
  }

  /** Makes `run` return after the present event; called from a handler. */
  stop(): void {
    this.stopping = true;
  }

  /** Counts events that were handled elsewhere. */
  count(events: number): void {
    this.handled += events;
  }

  /**
   * Handles every event up to and including `untilNs`, then sets the clock to `untilNs`. Without it, handles all
   * events there are and leaves the clock at the last one. A run may be continued by another call.
   *
   * @throws SimulationError `event-limit`, `reentrant`, or `past` when `untilNs` lies before the present. What a
   * handler throws passes through; the event that threw counts as handled.
   */
  run(untilNs = Number.POSITIVE_INFINITY): RunEnd {
    if (this.running) throw new SimulationError('reentrant', 'run() was called from inside a handler');
    if (!(untilNs >= this.clock))
      throw new SimulationError('past', `cannot run until ${untilNs}: now is ${this.clock}`);
    this.running = true;
    this.stopping = false;
    try {
      return this.loop(untilNs);
    } finally {
      this.running = false;
    }
  }

  private loop(untilNs: number): RunEnd {
    const { queue, handlers, eventLimit } = this;
    while (queue.pop(untilNs)) {
      this.clock = queue.time;
      this.handled += 1;
      if (this.handled > eventLimit) {
        throw new SimulationError('event-limit', `more than ${eventLimit} events; the clock is at ${this.clock} ns`);
      }
      handlers[queue.kind]!(queue.a, queue.b);
      if (this.stopping) return 'stopped';
    }
    if (untilNs === Number.POSITIVE_INFINITY) return 'drained';
    this.clock = untilNs;
    return queue.size > 0 ? 'reached' : 'drained';
  }

  private refuseTime(timeNs: number): never {
    if (timeNs < this.clock) {
      throw new SimulationError('past', `cannot schedule at ${timeNs} ns: now is ${this.clock} ns`);
    }
    if (timeNs > MAX_TIME_NS) throw new SimulationError('overflow', `${timeNs} ns is beyond the clock's 2^53 − 1 ns`);
    throw new SimulationError('not-integer', `${timeNs} is not a whole number of nanoseconds`);
  }
}

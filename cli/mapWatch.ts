import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Seconds between looks at signals. */
const PULSE_S = 0.05;

const now_s = (): number => performance.now() / 1000;

/** Tells when to stop: the time is up, or a signal asks for what there is. A second signal ends the program at once. */
export class Watch {
  readonly signal: AbortSignal;
  private readonly begin_s = now_s();
  private readonly limit_s: number;
  private readonly halt: () => void;
  private pulse_s = this.begin_s;

  constructor(limit_s: number) {
    this.limit_s = limit_s;
    const stop = new AbortController();
    this.signal = stop.signal;
    this.halt = () => {
      this.end();
      stop.abort();
    };
  }

  /** From now on a signal is a wish to stop. */
  listen(): this {
    process.on('SIGINT', this.halt).on('SIGTERM', this.halt);
    return this;
  }

  get elapsed_s(): number {
    return now_s() - this.begin_s;
  }

  /** What is left of the time, 0 once a signal has come. */
  get left_s(): number {
    return this.signal.aborted ? 0 : Math.max(this.limit_s - this.elapsed_s, 0);
  }

  /** Whether a signal has asked to stop. Lets signals in from time to time. */
  async halted(): Promise<boolean> {
    const now = now_s();
    if (this.signal.aborted || now - this.pulse_s < PULSE_S) return this.signal.aborted;
    this.pulse_s = now;
    await nextTurn();
    return this.signal.aborted;
  }

  /** Whether to stop. Lets signals in from time to time. */
  async over(): Promise<boolean> {
    return this.left_s === 0 || this.halted();
  }

  /** Signals do again what they did before. */
  end(): void {
    process.off('SIGINT', this.halt).off('SIGTERM', this.halt);
  }
}

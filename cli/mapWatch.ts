import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Seconds between looks at signals. */
const PULSE_S = 0.05;

const now_s = (): number => performance.now() / 1000;

/** Tells a search when to stop: its time is up, or a signal asks for what there is. */
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
    this.halt = () => stop.abort();
    process.once('SIGINT', this.halt).once('SIGTERM', this.halt);
  }

  get elapsed_s(): number {
    return now_s() - this.begin_s;
  }

  /** Whether to stop. Lets signals in from time to time. */
  async over(): Promise<boolean> {
    const now = now_s();
    if (now - this.begin_s >= this.limit_s || this.signal.aborted) return true;
    if (now - this.pulse_s < PULSE_S) return false;
    this.pulse_s = now;
    await nextTurn();
    return this.signal.aborted;
  }

  /** Signals do again what they did before. */
  end(): void {
    process.off('SIGINT', this.halt).off('SIGTERM', this.halt);
  }
}

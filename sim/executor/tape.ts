import { PolicyError } from '../errors.ts';

/**
 * The tasks between two barriers, as flat arrays: what the policy asked for, in order. Task records are plain numbers,
 * so that two steps that ask for the same have equal tapes and the second can be replayed from the first.
 */

/** Words of a task record. */
export const TASK = {
  server: 0,
  tag: 1,
  allocateMemory: 2,
  allocateKind: 3,
  allocateBytes: 4,
  freeMemory: 5,
  freeKind: 6,
  freeBytes: 7,
  /** Bytes that become dirty in the page cache when the task ends. */
  dirtyBytes: 8,
  phases: 9,
  /** First phase; the second follows. */
  phase0: 10,
} as const;

/** Words of a phase: what it must hold, a delay, then bytes over a path. */
export const PHASE = { engine: 0, delayNs: 1, path: 2, bytes: 3, limit: 4 } as const;
export const PHASE_WORDS = 5;
export const MAX_PHASES = 2;
export const TASK_WORDS = TASK.phase0 + MAX_PHASES * PHASE_WORDS;

export class Tape {
  tasks = 0;
  words = new Float64Array(64 * TASK_WORDS);
  /** Dependencies: task `to[e]` waits for task `from[e]`, edges in the order of `to`. */
  edges = 0;
  from = new Int32Array(256);
  to = new Int32Array(256);
  /** Phases that carry bytes over a path. */
  transfers = 0;
  /** Names for the timeline, only kept when it is on. */
  names: string[] = [];

  /** Starts a task with no resources and no phases, and returns its number. */
  add(): number {
    const task = this.tasks++;
    const base = task * TASK_WORDS;
    if (base + TASK_WORDS > this.words.length) {
      const words = new Float64Array(2 * this.words.length);
      words.set(this.words);
      this.words = words;
    }
    const { words } = this;
    // For so few words a loop is faster than `fill`.
    for (let word = base; word < base + TASK_WORDS; word++) words[word] = 0;
    words[base + TASK.server] = -1;
    words[base + TASK.tag] = -1;
    words[base + TASK.allocateMemory] = -1;
    words[base + TASK.freeMemory] = -1;
    return task;
  }

  set(task: number, word: number, value: number): void {
    this.words[task * TASK_WORDS + word] = value;
  }

  get(task: number, word: number): number {
    return this.words[task * TASK_WORDS + word]!;
  }

  /** Appends a phase; negative `engine` or `path` mean none. */
  phase(task: number, engine: number, delayNs: number, path: number, bytes: number, limit: number): void {
    const base = task * TASK_WORDS;
    const count = this.words[base + TASK.phases]!;
    const at = base + TASK.phase0 + count * PHASE_WORDS;
    this.words[at + PHASE.engine] = engine;
    this.words[at + PHASE.delayNs] = delayNs;
    this.words[at + PHASE.path] = path;
    this.words[at + PHASE.bytes] = bytes;
    this.words[at + PHASE.limit] = limit;
    this.words[base + TASK.phases] = count + 1;
    if (bytes > 0) this.transfers += 1;
  }

  /**
   * `to` waits for `from`, an earlier task of this tape; −1 is no dependency.
   * @throws PolicyError for a task that is not there: most likely one asked for before the last barrier.
   */
  depend(to: number, from: number): void {
    if (from < 0) return;
    if (from >= to)
      throw new PolicyError(`task ${to} waits for task ${from}, which was not asked for since the last barrier`);
    if (this.edges === this.from.length) {
      this.from = doubled(this.from);
      this.to = doubled(this.to);
    }
    this.from[this.edges] = from;
    this.to[this.edges++] = to;
  }

  clear(): void {
    this.tasks = 0;
    this.edges = 0;
    this.transfers = 0;
    this.names.length = 0;
  }
}

function doubled(old: Int32Array): Int32Array<ArrayBuffer> {
  const next = new Int32Array(2 * old.length);
  next.set(old);
  return next;
}

import type { MemoryLayout } from './layout.ts';
import type { Machine } from './machine.ts';
import type { Kernel, Op, Program } from './program.ts';
import type { Metrics } from './result.ts';
import type { TensorKind } from './units.ts';

/**
 * What a policy sees and what it may ask for. A policy never touches memory or the clock: it emits actions, and the
 * executor carries them out and charges them.
 * @module
 */

/** A task's number since the last barrier, or `NONE`. It may be waited for until the next barrier. */
export type Task = number;
export const NONE: Task = -1;

/** The streams of the metrics `time.<phase>.<stream>_s`, in the order reports show them. */
export const STREAMS = [
  'compute',
  'weight_read',
  'kv_read',
  'kv_write',
  'activation_read',
  'activation_write',
  'bookkeeping',
] as const;
export type StreamName = (typeof STREAMS)[number];

/** One transfer between memories. */
export interface MoveRequest {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  readonly stream: StreamName;
  /** How the host side is held: `pinned` for plain DMA, `pageable` through the driver's bounce buffer. */
  readonly host_memory: 'pinned' | 'pageable';
  /** Transfers and kernels of one queue run in the order they were asked for; `null` = no order but `after`. */
  readonly queue: string | null;
  /** Pool of copy workers of which one is busy for the whole transfer, or `null`. */
  readonly workers: string | null;
  /** Limit of this one stream, beside those of the path; Infinity when there is none. */
  readonly limit_bytes_per_s: number;
  readonly after: Task;
}

/** A file read or written by one of a pool of copy workers. */
export interface FileRequest {
  /** Tensor id, or another number that names the file. */
  readonly file: number;
  readonly bytes: number;
  /** The memory on the other side: the host's, or a device's (then the worker relays through pinned host memory). */
  readonly memory: string;
  readonly stream: StreamName;
  readonly workers: string;
  readonly after: Task;
}

/** What a policy may ask of the executor. Every call returns the task that ends when the work is done. */
export interface Actions {
  /**
   * Runs kernels on a compute unit in the order of its queue (`queue` or the unit's own), holding `scratch_bytes` of the
   * unit's memory meanwhile; launches occupy the host thread, each for `launch_s` or the unit's own time.
   */
  run(
    unit: string,
    kernels: readonly Kernel[],
    stream: StreamName,
    after: Task,
    scratch_bytes?: number,
    queue?: string,
    launch_s?: number,
  ): Task;
  /** Busies a compute unit's queue for a time (quantisation and other work given as a rate). */
  busy(unit: string, seconds: number, stream: StreamName, after: Task): Task;
  /** Busies the host thread; its work runs in the order it was asked for. */
  host(seconds: number, stream: StreamName, after: Task): Task;
  move(request: MoveRequest): Task;
  /**
   * Busies a queue of collectives for a time; `bytes` cross the link from this device meanwhile. The host thread launches
   * it in `launch_s`.
   */
  collective(queue: string, link: string, seconds: number, bytes: number, after: Task, launch_s?: number): Task;
  readFile(request: FileRequest): Task;
  writeFile(request: FileRequest): Task;
  /** Takes bytes of a memory; ends when they are there and waits while they do not fit. */
  allocate(memory: string, kind: TensorKind, bytes: number, after: Task): Task;
  /** Gives bytes back. */
  free(memory: string, kind: TensorKind, bytes: number, after: Task): Task;
  /** Ends when all of these have. */
  join(tasks: readonly Task[]): Task;
  /** The last task asked of the host thread, or NONE: what comes after it in the host's program. */
  hostTail(): Task;
  /** Everything asked so far ends before anything asked later begins (write-back to disk goes on). */
  barrier(): void;
}

/** An op at its place in the program. */
export interface OpView {
  readonly op: Op;
  readonly layer: number;
}

/** The current op and its neighbours in program order. */
export interface OpCursor extends OpView {
  /** The op `offset` places ahead (or behind, for −1); null before the first and after the last. At most the placement's `lookahead`. */
  at(offset: number): OpView | null;
}

/** Bytes that are there before the first op, and why. */
export interface Holding {
  readonly memory: string;
  readonly kind: TensorKind;
  readonly bytes: number;
  readonly what: string;
}

/** What `plan` returns: where everything lives before the first op. */
export interface Plan {
  readonly held: readonly Holding[];
  /** Pools of copy workers. */
  readonly workers: readonly { readonly name: string; readonly count: number }[];
  /** Bytes of files on disk at the start, for the disk's capacity. */
  readonly files: readonly Holding[];
  /** Whether files go through the operating system's page cache. */
  readonly page_cache: boolean;
  readonly warnings: readonly string[];
  /** Figures of the plan itself, added to the metrics of the run. */
  readonly metrics?: Metrics;
  /** How tensors are laid out, where the plan gives them addresses or counts them step by step. */
  readonly layout?: MemoryLayout;
  /** Numbers that the policy has chosen by itself; reported as `choice.<name>`. */
  readonly choices?: Readonly<Record<string, number>>;
}

/** A placement: decides where tensors live and when they move, op by op. */
export interface Placement {
  readonly kind: string;
  /** How many ops ahead `onOp` looks. */
  readonly lookahead: number;
  /** The program to run instead of the given one, where the placement has chosen its batch sizes. */
  readonly program?: Program;
  plan(machine: Machine, program: Program): Plan;
  /** Called before the first op. */
  begin?(first: OpCursor, actions: Actions): void;
  /** Emits everything one op needs: transfers, host work, its kernels, stores, barriers. */
  onOp(cursor: OpCursor, actions: Actions): void;
}

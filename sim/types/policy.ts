import type { Machine } from './machine.ts';
import type { Kernel, Op, Program } from './program.ts';
import type { TensorKind } from './units.ts';

/**
 * What a policy sees and what it may ask for. A policy never touches memory or the clock: it emits actions, and the
 * executor carries them out and charges them.
 * @module
 */

/** A task's number within the current step, or `NONE`. Tasks are only valid as dependencies until the next barrier. */
export type Task = number;
export const NONE: Task = -1;

/** The streams of the metrics `time.<phase>.<stream>_s`. */
export type StreamName =
  | 'compute'
  | 'weight_read'
  | 'kv_read'
  | 'kv_write'
  | 'activation_read'
  | 'activation_write'
  | 'bookkeeping';

/** Where a tensor lives. A tensor split over memories has one entry a part. */
export interface Residence {
  readonly memory: string;
  readonly bytes: number;
}

/** One transfer. Streams are FIFO queues named by the policy; transfers in different streams share the link fairly. */
export interface MoveRequest {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** What is moved, for the ledger. */
  readonly kind: TensorKind;
  readonly stream: StreamName;
  /** `pinned` DMA, or `pageable` through the driver's bounce buffer. */
  readonly host_memory: 'pinned' | 'pageable';
  /** A FIFO queue that the transfer waits in; `null` = starts as soon as its dependency is done. */
  readonly queue: string | null;
  readonly after: Task;
}

/** What a policy may ask of the executor. Every call returns the task that ends when the work is done. */
export interface Actions {
  /** Run kernels on a compute unit, after its earlier work and after `after`. Launches go through the host thread. */
  run(unit: string, kernels: readonly Kernel[], stream: StreamName, after: Task): Task;
  /** Busy the host thread (relay, conversion, bookkeeping) for a time. */
  host(seconds: number, stream: StreamName, after: Task): Task;
  /** One transfer along a link (direct neighbours) or a path of links (streamed). */
  move(request: MoveRequest): Task;
  /** A file read by one of `workers` copy workers: disk to host, then (for `to` a device) host to device, one after the other. */
  readFile(
    file: number,
    bytes: number,
    to: string,
    kind: TensorKind,
    stream: StreamName,
    workers: string,
    after: Task,
  ): Task;
  /** A file written by a copy worker: device to host, then to the file through the page cache where there is one. */
  writeFile(
    file: number,
    bytes: number,
    from: string,
    kind: TensorKind,
    stream: StreamName,
    workers: string,
    after: Task,
  ): Task;
  /** A copy worker moves bytes off a device into pageable host memory. */
  storeByWorker(bytes: number, from: string, kind: TensorKind, stream: StreamName, workers: string, after: Task): Task;
  /** Take bytes of a memory; the task ends when they are there. Waits while they do not fit. */
  allocate(memory: string, kind: TensorKind, bytes: number, after: Task): Task;
  /** Give bytes back. */
  free(memory: string, kind: TensorKind, bytes: number, after: Task): Task;
  /** A task that ends when all of these have. */
  join(tasks: readonly Task[]): Task;
  /** Everything asked so far ends before anything asked later begins (write-back to disk goes on). */
  barrier(): void;
}

/** What `plan` returns: where everything lives before the first op. */
export interface Plan {
  /** Bytes held from the start, by memory and kind. */
  readonly held: readonly {
    readonly memory: string;
    readonly kind: TensorKind;
    readonly bytes: number;
    readonly what: string;
  }[];
  /** Tensors that live in files on disk: ids are tensor ids. */
  readonly files: readonly { readonly id: number; readonly memory: string; readonly bytes: number }[];
  /** Copy worker pools: name and number of workers. */
  readonly workers: readonly { readonly name: string; readonly count: number }[];
  /** Whether files go through the operating system's page cache. */
  readonly page_cache: boolean;
  readonly warnings: readonly string[];
}

/** A placement: decides where tensors live and when they move, op by op. */
export interface Placement {
  readonly kind: string;
  plan(machine: Machine, program: Program): Plan;
  /** Called before the first op. */
  begin?(actions: Actions): void;
  /** Emits everything one op needs: transfers, host work, the op's own kernels, stores, barriers. */
  onOp(op: Op, layer: number, actions: Actions): void;
  /** Called after the last op. */
  end?(actions: Actions): void;
}

import { type Actions, type Kernel, NONE, type Task } from '../../../sim/types/index.ts';
import type { Shared } from './shared.ts';

/** The one thread that reads mapped files. */
export const READER = 'mapped file reader';
/**
 * Traffic that gathering makes of a fetched byte, in bytes at streaming speed. Into a flat buffer and out of it are two
 * reads and two writes (DeepSpeed v0.7.7, partition_parameters.py, `all_gather_coalesced` and its handle); their
 * element-wise kernel reaches 0.56 of the speed of streaming. Fitted on ds-opt-6.7b-512.
 */
const GATHER_PASSES = 4 / 0.56;

/** Brings sub-layers' weights to the device and gives their buffers back. */
export class Weights {
  private readonly shared: Shared;
  /** Last task of what was fetched before: copies and gathers run in one stream. */
  private lastFetch: Task = NONE;
  private lastRead: Task = NONE;
  private readonly gathers = new Map<number, readonly Kernel[]>();

  constructor(shared: Shared) {
    this.shared = shared;
  }

  /** Forgets tasks of the step before; nothing is in flight across a barrier. */
  newStep(): void {
    this.lastFetch = NONE;
    this.lastRead = NONE;
  }

  isStreamed(layer: number): boolean {
    return this.shared.homes[layer]!.level !== 'gpu';
  }

  /** Begins to read a sub-layer from disk into a pinned host buffer; the task ends when it is there. */
  read(actions: Actions, layer: number, after: Task): Task {
    const { shared } = this;
    const { bytes } = shared.homes[layer]!;
    this.lastRead = actions.move({
      from: shared.disk,
      to: shared.cpu,
      bytes,
      stream: 'weight_read',
      host_memory: 'pinned',
      queue: 'direct reads',
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after,
    });
    return this.lastRead;
  }

  /**
   * Takes a buffer on the device and copies a sub-layer into it. The task ends when it can be used.
   *
   * @param free the task that frees the buffer.
   * @param ready the task after which its bytes are in host memory.
   */
  fetch(actions: Actions, layer: number, free: Task, ready: Task): Task {
    const { shared } = this;
    const home = shared.homes[layer]!;
    const room = actions.allocate(home.device, 'weight', home.bytes, actions.join([free, this.lastFetch]));
    let done: Task;
    if (home.level === 'disk' && shared.fields.disk_reads === 'mapped') {
      done = this.copyMapped(actions, layer, room);
    } else {
      done = this.copy(actions, layer, home.bytes, actions.join([room, ready]));
    }
    if (shared.fields.gathered) {
      const unit = shared.unit(home.device);
      // The flat buffer is one more copy of the weights while it lasts.
      done = actions.run(unit, this.gatherOf(home.bytes), 'weight_read', done, home.bytes, 'gather');
    }
    this.lastFetch = done;
    return done;
  }

  release(actions: Actions, layer: number, after: Task): void {
    const { device, bytes } = this.shared.homes[layer]!;
    actions.free(device, 'weight', bytes, after);
  }

  private copy(actions: Actions, layer: number, bytes: number, after: Task): Task {
    const { shared } = this;
    return actions.move({
      from: shared.cpu,
      to: shared.homes[layer]!.device,
      bytes,
      stream: 'weight_read',
      host_memory: shared.homes[layer]!.level === 'disk' ? 'pinned' : shared.fields.host_memory,
      queue: shared.blocking ? 'host' : 'weights',
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after,
    });
  }

  /** The host thread reads each tensor through the page cache and then copies it, pageable as it is. */
  private copyMapped(actions: Actions, layer: number, room: Task): Task {
    const { shared } = this;
    let done = room;
    for (const tensor of shared.program.layers[layer]!.weights) {
      const read = actions.readFile({
        file: tensor.alias_of < 0 ? tensor.id : tensor.alias_of,
        bytes: tensor.bytes,
        memory: shared.cpu,
        stream: 'weight_read',
        workers: READER,
        after: done,
      });
      done = actions.move({
        from: shared.cpu,
        to: shared.homes[layer]!.device,
        bytes: tensor.bytes,
        stream: 'weight_read',
        host_memory: 'pageable',
        queue: 'host',
        workers: null,
        limit_bytes_per_s: Number.POSITIVE_INFINITY,
        after: read,
      });
    }
    return done;
  }

  private gatherOf(bytes: number): readonly Kernel[] {
    let made = this.gathers.get(bytes);
    if (made === undefined) {
      made = [
        {
          name: 'gather',
          part: 'other',
          dtype: 'fp16',
          flops: 0,
          operand_bytes: 0,
          activation_bytes: GATHER_PASSES * bytes,
          launches: 2,
        },
      ];
      this.gathers.set(bytes, made);
    }
    return made;
  }
}

import { type Actions, NONE, type Op, type OpView, type StateUse, type Task } from '../../../sim/types/index.ts';
import { DeviceCopies } from './deviceCopies.ts';
import { HeldItems } from './heldItems.ts';
import { HostEviction } from './hostEviction.ts';
import { COPY_WORKERS, type Shared } from './shared.ts';

/** K and V: two items, so at most two workers are busy with one batch. */
const ITEMS = 2;

/** Loads and stores of the KV cache. */
export class KvMoves {
  private readonly shared: Shared;
  private readonly heldItems: HeldItems;
  private readonly copies: DeviceCopies;
  private readonly eviction: HostEviction;
  /** Arrivals of what was asked for ahead, by sub-layer. */
  private readonly prefetched = new Map<number, Task>();

  constructor(shared: Shared) {
    this.shared = shared;
    this.heldItems = new HeldItems(shared);
    this.copies = new DeviceCopies(shared.gpuUnit);
    this.eviction = new HostEviction(shared);
  }

  /** Tensor ids of K and V, which name their files. */
  private files(op: Op, layer: number): readonly number[] {
    return this.shared.program.layers[layer]!.state[op.batch]!;
  }

  /** Bytes of the K and V that a GPU attention step brings together on the GPU, the new token's place included. */
  private gpuLoadBytes(state: StateUse): number {
    return ITEMS * (state.read_tokens + 1) * state.bytes_per_token;
  }

  /** Brings the cache that an op reads to where its attention runs; prefill reads none. */
  load(actions: Actions, { op, layer }: OpView, after: Task): Task {
    const state = op.state;
    if (state === null || state.read_tokens === 0) return NONE;
    const files = this.files(op, layer);
    return this.shared.cpuAttention
      ? this.loadToWorkspace(actions, state, files, after)
      : this.loadToGpu(actions, state, files, layer, after);
  }

  /** CPU attention computes in a fp32 workspace: the host thread converts what is in memory, workers what is on disk. */
  private loadToWorkspace(actions: Actions, state: StateUse, files: readonly number[], after: Task): Task {
    const { kv, host, cpu } = this.shared;
    const arrivals: Task[] = [];
    if (kv.cpu > 0) {
      const elements = 2 * state.read_tokens * state.elements_per_token * kv.cpu;
      arrivals.push(actions.host(elements / host.convert_elements_per_s, 'kv_read', after));
    }
    if (kv.disk > 0)
      this.readFiles(actions, files, state.read_tokens * state.bytes_per_token * kv.disk, cpu, after, arrivals);
    return actions.join(arrivals);
  }

  private loadToGpu(actions: Actions, state: StateUse, files: readonly number[], layer: number, after: Task): Task {
    const { kv, levels } = this.shared;
    if (kv.gpu === 1) return NONE;
    const ahead = this.prefetched.get(layer);
    if (ahead !== undefined) {
      this.prefetched.delete(layer);
      return ahead;
    }
    const bytes = (state.read_tokens + 1) * state.bytes_per_token;
    const room = actions.allocate(levels.gpu, 'kv', this.gpuLoadBytes(state), after);
    const arrivals: Task[] = [room];
    if (kv.gpu > 0) {
      for (let item = 0; item < ITEMS; item++) arrivals.push(this.copyOnGpu(actions, bytes * kv.gpu, room));
    }
    if (kv.cpu > 0) arrivals.push(this.loadFromHost(actions, bytes * kv.cpu, room));
    if (kv.disk > 0) this.readFiles(actions, files, bytes * kv.disk, levels.gpu, room, arrivals);
    return actions.join(arrivals);
  }

  /**
   * Asks for the KV of a later attention behind what comes in between (InfiniGen and its fork of H2O, `prefetch_cache`): the
   * host copies it into a pinned buffer with all its threads (each byte read and written once), rows from all over the
   * cache by way of a gathered copy, and only the transfer runs on by itself.
   */
  prefetch(actions: Actions, { op, layer }: OpView, after: Task): void {
    const { kv, cpu, levels, cpuAttention } = this.shared;
    const { state } = op;
    if (state === null || state.read_tokens === 0 || cpuAttention || kv.cpu < 1) return;
    const bytes = ITEMS * state.read_tokens * state.bytes_per_token;
    const copies = state.use?.fetches.some(({ scattered }) => scattered) === true ? 2 : 1;
    const room = actions.allocate(levels.gpu, 'kv', this.gpuLoadBytes(state), after);
    const staged = actions.host((copies * 2 * bytes) / this.shared.hostBytesPerS, 'kv_read', room);
    const arrived = actions.move({
      from: cpu,
      to: levels.gpu,
      bytes,
      stream: 'kv_read',
      host_memory: 'pinned',
      queue: 'load_cache',
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after: staged,
    });
    this.prefetched.set(layer, arrived);
  }

  /** A barrier has ended all transfers: what was asked for is there. */
  newStep(): void {
    for (const layer of this.prefetched.keys()) this.prefetched.set(layer, NONE);
  }

  /**
   * KV in host memory is never pinned (FlexGen: too much overhead), so the host thread relays each of K and V. Where it
   * is a part of a larger buffer, it arrives beside it and is copied over (PyTorch copies whole rows only).
   */
  private loadFromHost(actions: Actions, bytes: number, room: Task): Task {
    const { kv, host, cpu, levels, fields } = this.shared;
    const direct = fields.kv_copies === 'direct';
    const apart = kv.gpu > 0;
    const landing = apart ? actions.allocate(levels.gpu, 'kv', bytes, room) : room;
    const arrivals: Task[] = [];
    for (let item = 0; item < ITEMS; item++) {
      const arrived = actions.move({
        from: cpu,
        to: levels.gpu,
        bytes,
        stream: 'kv_read',
        host_memory: direct ? 'pageable' : 'pinned',
        queue: this.queue('load_cache'),
        workers: null,
        limit_bytes_per_s: Number.POSITIVE_INFINITY,
        after: direct
          ? landing
          : actions.join([landing, actions.host(bytes / host.relay_bytes_per_s, 'kv_read', NONE)]),
      });
      // The driver returns from a pageable copy when it has staged all of it: what the host asks for next comes after.
      if (direct) actions.host(0, 'kv_read', arrived);
      arrivals.push(apart ? this.copyOnGpu(actions, bytes, arrived) : arrived);
    }
    const all = actions.join(arrivals);
    return apart ? actions.free(levels.gpu, 'kv', bytes, all) : all;
  }

  private copyOnGpu(actions: Actions, bytes: number, after: Task): Task {
    return this.copies.run(actions, bytes, 'kv_read', after, this.queue('load_cache'));
  }

  /** Streams of their own when things overlap, else the one stream of the kernels. */
  private queue(stream: 'load_cache' | 'store_cache'): string {
    return this.shared.fields.overlap ? stream : this.shared.gpuUnit;
  }

  private readFiles(
    actions: Actions,
    files: readonly number[],
    bytes: number,
    memory: string,
    after: Task,
    arrivals: Task[],
  ): void {
    for (const file of files) {
      arrivals.push(actions.readFile({ file, bytes, memory, stream: 'kv_read', workers: COPY_WORKERS, after }));
    }
  }

  /** Gives back the GPU copy that `load` brought. */
  release(actions: Actions, state: StateUse, after: Task): void {
    if (this.shared.cpuAttention || this.shared.kv.gpu === 1 || state.read_tokens === 0) return;
    actions.free(this.shared.levels.gpu, 'kv', this.gpuLoadBytes(state), after);
  }

  /**
   * Takes an op's new keys and values home: on the GPU by a copy, though attention has written the token's place already
   * (`general_copy`), unless the policy has put them in an evicted one's place. Several tokens go to unpinned host memory through a copy worker; one token
   * is copied directly; files are written by workers.
   */
  store(actions: Actions, { op, layer }: OpView, after: Task): Task {
    const state = op.state;
    if (state === null || state.write_tokens === 0) return NONE;
    const { kv, host, cpu, levels } = this.shared;
    const bytes = state.write_tokens * state.bytes_per_token;
    const byWorker = state.write_tokens > 1;
    const stores: Task[] = [after];
    const replaced = state.use !== undefined && state.use.replaced_tokens > 0;
    for (const file of this.files(op, layer)) {
      if (kv.gpu > 0 && !replaced) {
        stores.push(this.copies.run(actions, bytes * kv.gpu, 'kv_write', after, this.queue('store_cache')));
      }
      if (kv.cpu > 0) {
        stores.push(
          actions.move({
            from: levels.gpu,
            to: cpu,
            bytes: bytes * kv.cpu,
            stream: 'kv_write',
            host_memory: 'pinned',
            queue: byWorker ? null : this.queue('store_cache'),
            workers: byWorker ? COPY_WORKERS : null,
            limit_bytes_per_s: byWorker ? host.store_stream_bytes_per_s : Number.POSITIVE_INFINITY,
            after,
          }),
        );
      }
      if (kv.disk > 0) {
        stores.push(
          actions.writeFile({
            file,
            bytes: bytes * kv.disk,
            memory: levels.gpu,
            stream: 'kv_write',
            workers: COPY_WORKERS,
            after,
          }),
        );
      }
    }
    // Attention on the GPU leaves the replacing of tokens to the host that holds them.
    if (!this.shared.cpuAttention && kv.cpu > 0) stores.push(this.eviction.run(actions, state, after));
    const stored = actions.join(stores);
    if (kv.disk > 0 || (kv.cpu > 0 && byWorker)) {
      for (let item = 0; item < ITEMS; item++) this.heldItems.release(actions, bytes, stored, state.use?.side_tensors);
    } else {
      actions.free(levels.gpu, 'kv', this.newBytes(state), stored);
    }
    return stored;
  }

  /** GPU bytes that new keys and values take until they are stored; what stays on the GPU is held from the start. */
  newBytes(state: StateUse): number {
    return ITEMS * state.write_tokens * state.bytes_per_token;
  }
}

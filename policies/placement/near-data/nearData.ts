import { MissingFactError } from '../../../sim/errors.ts';
import { kernelSeconds } from '../../../sim/resources/kernelTime.ts';
import {
  type Actions,
  type ComputeUnit,
  type Holding,
  type Kernel,
  type Memory,
  NONE,
  type Op,
  type OpCursor,
  type Placement,
  type Plan,
  type StreamName,
  type Task,
} from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { unitOn } from '../units.ts';
import type { NearDataFields } from './schema.ts';

/**
 * Attention where the KV cache lies (InstInfer / InstAttention, HPCA 2025): weights on the GPU, the cache in a
 * computational drive. Each layer sends q, k and v to the drive and takes the attention's output back; the drive reads
 * the cache at its internal rate, then computes, and the GPU goes on. With `attention_on: fast` the cache is in mapped
 * files behind the host instead; one stream brings it to the GPU in every step and takes its new keys and values back.
 */
export class NearDataPlacement implements Placement {
  readonly kind = 'near-data';
  readonly lookahead = 1;
  private readonly fields: NearDataFields;
  private readonly context: PlacementContext;
  private readonly fast: string;
  private readonly home: string;
  private readonly gpu: ComputeUnit;
  /** The drive's compute; null when the GPU does everything. */
  private readonly drive: ComputeUnit | null;
  private last: Task = NONE;
  /** The end of the last writes to the mapped files, which their stream waits for. */
  private stored: Task = NONE;
  private readonly parts = new WeakMap<Op['kernels'], { before: Kernel[]; attention: number; after: Kernel[] }>();

  constructor(fields: NearDataFields, context: PlacementContext) {
    const { machine } = context;
    const near = fields.attention_on === 'near';
    this.fields = fields;
    this.context = context;
    this.fast = roleOf(context, 'fast');
    this.home = roleOf(context, near ? 'near' : 'storage');
    this.gpu = unitOn(machine, this.fast);
    this.drive = near ? unitOn(machine, this.home) : null;
  }

  plan(): Plan {
    const { program } = this.context;
    const sum = (kind: 'weight' | 'kv'): number =>
      program.tensors.reduce((total, tensor) => {
        return tensor.kind === kind && tensor.alias_of < 0 ? total + tensor.bytes : total;
      }, 0);
    const kv: Holding = { memory: this.home, kind: 'kv', bytes: sum('kv') * this.layouts(), what: 'KV cache' };
    return {
      held: [{ memory: this.fast, kind: 'weight', bytes: sum('weight'), what: 'weights' }],
      files: [kv],
      workers: this.drive === null ? [{ name: STREAM, count: 1 }] : [],
      page_cache: false,
      warnings: [],
    };
  }

  onOp(cursor: OpCursor, actions: Actions): void {
    const { op } = cursor;
    if (cursor.at(-1)?.op.step !== op.step) {
      this.last = this.bookkeeping(actions);
      this.stored = NONE;
    }
    if (op.state === null) this.last = actions.run(this.gpu.id, op.kernels, 'compute', this.last);
    else if (op.phase === 'prefill') this.prefill(actions, op);
    else this.decode(actions, op);
    const next = cursor.at(1);
    if (next === null || next.op.step !== op.step) actions.barrier();
  }

  /** Scheduling of a step, and of every sequence in it. */
  private bookkeeping(actions: Actions): Task {
    const { machine, program } = this.context;
    const { step_s = 0, sequence_s = 0 } = machine.host ?? {};
    const sequences = program.summary.batch * program.summary.batches;
    return actions.host(step_s + sequences * sequence_s, 'bookkeeping', NONE);
  }

  /** The GPU computes; the layer's keys and values leave it while the next layer computes. */
  private prefill(actions: Actions, op: Op): void {
    const { state } = op;
    this.last = actions.run(this.gpu.id, op.kernels, 'compute', this.last);
    const bytes = 2 * state!.write_tokens * state!.bytes_per_token * this.layouts();
    if (bytes > 0) this.move(actions, this.fast, this.home, bytes, 'kv_write', this.last, Number.POSITIVE_INFINITY);
  }

  private decode(actions: Actions, op: Op): void {
    const { state } = op;
    const { before, attention, after } = this.partsOf(op);
    const context = state!.read_tokens + 1;
    const { read = 1, compute = 1 } = this.fields.sparse ?? {};
    const bytes = 2 * read * context * state!.bytes_per_token;
    const projected = actions.run(this.gpu.id, before, 'compute', this.last);
    if (this.drive === null) {
      const ready = actions.join([projected, this.stored]);
      this.last = this.fetch(actions, bytes, context * 2 * state!.bytes_per_token, ready);
    } else {
      this.last = this.attendThere(actions, op, bytes, attention * compute, projected);
    }
    const own: Kernel[] =
      this.drive === null ? op.kernels.filter(({ part }) => part === 'attention').map(scaled(compute)) : [];
    if (this.drive === null) this.store(actions, op, this.last);
    this.last = actions.run(this.gpu.id, [...own, ...after], 'compute', this.last);
  }

  private keyCopies(): 1 | 2 {
    return this.fields.sparse?.key_copies ?? 1;
  }

  /** Bytes stored for a byte of the cache, half of which is keys. */
  private layouts(): number {
    return (1 + this.keyCopies()) / 2;
  }

  /** New keys and values into their mapped files, each a small write of the stream that also reads them. */
  private store(actions: Actions, { state }: Op, after: Task): void {
    const { write_tokens, bytes_per_token, tensors } = state!;
    const bytes = write_tokens * bytes_per_token;
    if (bytes === 0) return;
    const files = this.keyCopies() === 2 ? [tensors[0]!, ...tensors] : tensors;
    const request = { bytes, memory: this.fast, stream: 'kv_write', workers: STREAM, after } as const;
    this.stored = actions.join(files.map((file) => actions.writeFile({ file, ...request })));
  }

  /** q, k and v to the drive, the cache read and computed on there, the output back. */
  private attendThere(actions: Actions, op: Op, bytes: number, flops: number, after: Task): Task {
    const { machine } = this.context;
    const drive = this.drive!;
    const width = op.output_bytes;
    const buffer = machine.links.find(({ from }) => from === this.fast)?.to ?? this.home;
    const kernel = (flops: number): Kernel => ({
      name: 'attention',
      part: 'attention',
      dtype: 'fp16',
      flops,
      operand_bytes: bytes,
      activation_bytes: 0,
      launches: 1,
    });
    const room = actions.allocate(buffer, 'activation', 4 * width, after);
    const sent = this.move(actions, this.fast, buffer, 3 * width, 'kv_write', room, Number.POSITIVE_INFINITY);
    // New keys and values are programmed while the drive goes on.
    const appended = 2 * op.state!.write_tokens * op.state!.bytes_per_token * this.layouts();
    if (appended > 0 && buffer !== this.home) {
      this.move(actions, buffer, this.home, appended, 'kv_write', sent, Number.POSITIVE_INFINITY);
    }
    const there = actions.run(drive.id, [kernel(0)], 'kv_read', sent);
    // What the reads do not hide of the arithmetic follows them.
    const rate = memoryOf(this.context, this.home).read_bytes_per_s;
    const rest = kernelSeconds(drive, rate, kernel(flops)) - kernelSeconds(drive, rate, kernel(0));
    const done = actions.busy(drive.id, rest, 'compute', there);
    const back = this.move(actions, buffer, this.fast, width, 'activation_read', done, Number.POSITIVE_INFINITY);
    return actions.free(buffer, 'activation', 4 * width, back);
  }

  /** One stream over the cache in mapped files: into host memory, then to the GPU. */
  private fetch(actions: Actions, bytes: number, layerBytes: number, after: Task): Task {
    const { machine, program } = this.context;
    const host = roleOf(this.context, 'host');
    const disk = memoryOf(this.context, this.home);
    const room = memoryOf(this.context, host);
    const layers = program.layers.filter(({ name }) => name === 'attention').length;
    // What no longer fits the host's page cache is read without its read-ahead.
    const cached = layerBytes * this.layouts() * layers <= room.capacity_bytes - room.reserved_bytes;
    const stream = cached ? disk.read_stream_bytes_per_s : disk.page_cache?.uncached_read_stream_bytes_per_s;
    if (stream === undefined) {
      throw new MissingFactError(
        `memory "${disk.id}" of machine "${machine.id}" has no rate of one mapped-file stream`,
      );
    }
    const read = this.move(actions, this.home, host, bytes, 'kv_read', after, stream);
    return this.move(actions, host, this.fast, bytes, 'kv_read', read, Number.POSITIVE_INFINITY);
  }

  private move(
    actions: Actions,
    from: string,
    to: string,
    bytes: number,
    stream: StreamName,
    after: Task,
    limit_bytes_per_s: number,
  ): Task {
    const host_memory = 'pinned';
    return actions.move({ from, to, bytes, stream, host_memory, queue: null, workers: null, limit_bytes_per_s, after });
  }

  private partsOf({ kernels }: Op): { before: Kernel[]; attention: number; after: Kernel[] } {
    const known = this.parts.get(kernels);
    if (known !== undefined) return known;
    const made = {
      before: kernels.filter(({ part }) => part === 'projection'),
      attention: kernels.reduce((sum, { part, flops }) => (part === 'attention' ? sum + flops : sum), 0),
      after: kernels.filter(({ part }) => part !== 'projection' && part !== 'attention'),
    };
    this.parts.set(kernels, made);
    return made;
  }
}

/** The one worker that copies from and to mapped files. */
const STREAM = 'mapped-files';

const scaled =
  (share: number) =>
  (kernel: Kernel): Kernel => ({
    ...kernel,
    flops: kernel.flops * share,
    operand_bytes: kernel.operand_bytes * share,
    activation_bytes: kernel.activation_bytes * share,
  });

function roleOf({ machine }: PlacementContext, role: 'fast' | 'host' | 'storage' | 'near'): string {
  const id = machine.roles[role];
  if (id === undefined) throw new MissingFactError(`machine "${machine.id}" has no ${role} role`);
  return id;
}

function memoryOf({ machine }: PlacementContext, id: string): Memory {
  return machine.memories.find((memory) => memory.id === id)!;
}

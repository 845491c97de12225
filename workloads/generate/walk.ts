import type { Dtype, Kernel, KernelPart } from '../../sim/types/index.ts';

/** What a sub-layer asks of a device, whatever its place in the program. */
export interface Work {
  readonly kernels: readonly Kernel[];
  /** Peak device bytes live beside the op's input and output, the output counted from the start. */
  readonly scratch_bytes: number;
}

/** One or more kernel launches of the same kind. */
export interface Step {
  readonly part: KernelPart;
  /** Kernels of one name in one part are reported together. */
  readonly name: string;
  /** Buffers read. */
  readonly reads?: readonly string[];
  /** New buffers, with their bytes; each is written once. */
  readonly makes?: Readonly<Record<string, number>>;
  /** Buffers changed in place: read and written. */
  readonly updates?: readonly string[];
  /** Bytes read of parts of buffers (gathered rows). */
  readonly part_bytes?: number;
  /** Buffers given back when the step has ended. */
  readonly frees?: readonly string[];
  readonly flops?: number;
  /** Bytes of weights or KV streamed beside the buffers. */
  readonly operand_bytes?: number;
  /** Un-fused attention: a small matrix for every head. */
  readonly batched?: boolean;
  /** 1 unless said otherwise. */
  readonly launches?: number;
  /** Runs of the step one after another in the same buffers; 1 unless said otherwise, an expected number may be real. */
  readonly times?: number;
}

const NONE: readonly string[] = [];

/**
 * The allocation walk of an un-fused implementation: it is told each buffer as it comes and goes and each kernel with
 * what it reads and writes, and gives the peak of live bytes, the device-memory traffic and the launches.
 * Every tensor that a kernel reads or writes passes through device memory once.
 */
export class Walk {
  readonly #dtype: Dtype;
  #sizes = new Map<string, number>();
  #kernels = new Map<string, Kernel>();
  #live_bytes = 0;
  #peak_bytes = 0;
  #output_bytes = 0;

  /** `input_bytes` is the buffer `input`, which is there from the start and is not scratch. */
  constructor(dtype: Dtype, input_bytes: number) {
    this.#dtype = dtype;
    this.#sizes.set('input', input_bytes);
  }

  /** A walk that has come as far as this one and goes on by itself. */
  fork(): Walk {
    const copy = new Walk(this.#dtype, 0);
    copy.#sizes = new Map(this.#sizes);
    copy.#kernels = new Map(this.#kernels);
    copy.#live_bytes = this.#live_bytes;
    copy.#peak_bytes = this.#peak_bytes;
    copy.#output_bytes = this.#output_bytes;
    return copy;
  }

  /** Takes bytes whose filling is charged elsewhere (expanded copies of quantised tensors). */
  take(buffers: Readonly<Record<string, number>>): void {
    for (const name in buffers) {
      const bytes = buffers[name]!;
      if (this.#sizes.has(name)) throw new Error(`buffer ${name} is live already`);
      this.#sizes.set(name, bytes);
      this.#live_bytes += bytes;
      if (name === 'output') this.#output_bytes = bytes;
    }
    this.#peak_bytes = Math.max(this.#peak_bytes, this.#live_bytes);
  }

  /** Runs a step: makes its new buffers, moves its bytes, gives back what it frees. */
  run(step: Step): void {
    const { makes, reads = NONE, updates = NONE, frees = NONE, times = 1 } = step;
    if (makes !== undefined) this.take(makes);
    let made_bytes = 0;
    for (const name in makes) made_bytes += makes[name]!;
    const moved_bytes = (step.part_bytes ?? 0) + this.#sum(reads) + made_bytes + 2 * this.#sum(updates);
    const key = `${step.part} ${step.name}`;
    const before = this.#kernels.get(key);
    this.#kernels.set(key, {
      name: step.name,
      part: step.part,
      dtype: this.#dtype,
      flops: (before?.flops ?? 0) + times * (step.flops ?? 0),
      operand_bytes: (before?.operand_bytes ?? 0) + times * (step.operand_bytes ?? 0),
      activation_bytes: (before?.activation_bytes ?? 0) + times * moved_bytes,
      launches: (before?.launches ?? 0) + Math.ceil(times) * (step.launches ?? 1),
      ...(step.batched === true && { batched: true }),
    });
    for (const name of frees) this.#drop(name);
  }

  /** Gives buffers back. */
  free(...names: readonly string[]): void {
    for (const name of names) this.#drop(name);
  }

  /** A view: the same bytes under another name. */
  rename(from: string, to: string): void {
    const bytes = this.#size(from);
    this.free(from);
    this.take({ [to]: bytes });
  }

  /** Kernels in the order in which each first ran, and what the peak has beside input and output. */
  work(): Work {
    const scratch_bytes = Math.max(0, this.#peak_bytes - this.#output_bytes);
    return { kernels: [...this.#kernels.values()], scratch_bytes };
  }

  #drop(name: string): void {
    this.#live_bytes -= this.#size(name);
    this.#sizes.delete(name);
  }

  #sum(names: readonly string[]): number {
    let bytes = 0;
    for (const name of names) bytes += this.#size(name);
    return bytes;
  }

  #size(name: string): number {
    const bytes = this.#sizes.get(name);
    if (bytes === undefined) throw new Error(`no live buffer ${name}`);
    return bytes;
  }
}

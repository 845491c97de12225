import type { Dtype, GemmShape, Kernel, KernelPart } from '../../sim/types/index.ts';

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
  /** Shape of its matrix product, where it is one. */
  readonly shape?: GemmShape;
  /** Bytes of weights or KV streamed beside the buffers. */
  readonly operand_bytes?: number;
  /** Un-fused attention: a small matrix for every head. */
  readonly batched?: boolean;
  /** A fused attention kernel over many queries. */
  readonly fused_attention?: 'forward';
  /** Keys and values that thread blocks of one query head each load. */
  readonly head_loaded_bytes?: number;
  /** Fused linear attention: heads of sequences, each a stream through its tokens. */
  readonly linear_streams?: number;
  /** 1 unless said otherwise. */
  readonly launches?: number;
  /** Tensor operations that launch nothing; 0 unless said otherwise. */
  readonly views?: number;
  /** Runs of the step one after another in the same buffers; 1 unless said otherwise, an expected number may be real. */
  readonly times?: number;
}

/** The parts of a walk's work. */
export interface WalkAccount {
  readonly kernels: readonly Kernel[];
  /** Live bytes each time something was taken. */
  readonly live: readonly number[];
  /** Live at the end. */
  readonly left_bytes: number;
  readonly output_bytes: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The allocation walk of an un-fused implementation: it is told each buffer as it comes and goes and each kernel with
 * what it reads and writes, and gives the peak of live bytes, the device-memory traffic and the launches.
 * Every tensor that a kernel reads or writes passes through device memory once.
 */
export class Walk {
  readonly #dtype: Dtype;
  readonly #sizes = new Map<string, number>();
  readonly #kernels: Writable<Kernel>[] = [];
  #live_bytes = 0;
  #peak_bytes = 0;
  #output_bytes = 0;
  /** Live bytes each time something was taken. */
  readonly #live: number[] = [];

  /** `input_bytes` is the buffer `input`, which is there from the start and is not scratch. */
  constructor(dtype: Dtype, input_bytes: number) {
    this.#dtype = dtype;
    this.#sizes.set('input', input_bytes);
  }

  /** The same walk up to here, to go on from more than once. */
  clone(): Walk {
    const copy = new Walk(this.#dtype, 0);
    for (const [name, bytes] of this.#sizes) copy.#sizes.set(name, bytes);
    for (const kernel of this.#kernels) copy.#kernels.push({ ...kernel });
    copy.#live_bytes = this.#live_bytes;
    copy.#peak_bytes = this.#peak_bytes;
    copy.#output_bytes = this.#output_bytes;
    copy.#live.push(...this.#live);
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
    this.#live.push(this.#live_bytes);
    if (this.#live_bytes > this.#peak_bytes) this.#peak_bytes = this.#live_bytes;
  }

  /** Runs a step: makes its new buffers, moves its bytes, gives back what it frees. */
  run(step: Step): void {
    let made_bytes = 0;
    if (step.makes !== undefined) {
      this.take(step.makes);
      for (const name in step.makes) made_bytes += step.makes[name]!;
    }
    const read_bytes = step.reads === undefined ? 0 : this.#sum(step.reads);
    const changed_bytes = step.updates === undefined ? 0 : this.#sum(step.updates);
    const moved_bytes = (step.part_bytes ?? 0) + read_bytes + made_bytes + 2 * changed_bytes;
    const times = step.times ?? 1;
    const kernel = this.#kernelOf(step);
    kernel.flops += times * (step.flops ?? 0);
    kernel.operand_bytes += times * (step.operand_bytes ?? 0);
    kernel.activation_bytes += times * moved_bytes;
    kernel.launches += Math.ceil(times) * (step.launches ?? 1);
    if (step.shape !== undefined) {
      const product = { shape: step.shape, flops: times * (step.flops ?? 0) };
      kernel.products = kernel.products === undefined ? [product] : [...kernel.products, product];
    }
    if (step.views !== undefined) kernel.views = (kernel.views ?? 0) + times * step.views;
    if (step.batched === true) kernel.batched = true;
    if (step.fused_attention !== undefined) kernel.fused_attention = step.fused_attention;
    if (step.head_loaded_bytes !== undefined) kernel.head_loaded_bytes = step.head_loaded_bytes;
    if (step.linear_streams !== undefined) kernel.linear_streams = step.linear_streams;
    if (step.frees !== undefined) for (const name of step.frees) this.#free(name);
  }

  /** Gives buffers back. */
  free(...names: readonly string[]): void {
    for (const name of names) this.#free(name);
  }

  /** A view: the same bytes under another name. */
  rename(from: string, to: string): void {
    const bytes = this.#size(from);
    this.#free(from);
    this.take({ [to]: bytes });
  }

  /** Kernels in the order in which each first ran, and what the peak has beside input and output. */
  work(): Work {
    const scratch_bytes = Math.max(0, this.#peak_bytes - this.#output_bytes);
    return { kernels: this.#kernels, scratch_bytes };
  }

  /** What `work` is made from. */
  account(): WalkAccount {
    return {
      kernels: this.#kernels,
      live: this.#live,
      left_bytes: this.#live_bytes,
      output_bytes: this.#output_bytes,
    };
  }

  /** The kernel that this step adds to: few enough that looking through them is quicker than a map. */
  #kernelOf({ part, name }: Step): Writable<Kernel> {
    for (const kernel of this.#kernels) if (kernel.name === name && kernel.part === part) return kernel;
    const dtype = this.#dtype;
    const kernel = { name, part, dtype, flops: 0, operand_bytes: 0, activation_bytes: 0, launches: 0 };
    this.#kernels.push(kernel);
    return kernel;
  }

  #sum(names: readonly string[]): number {
    let bytes = 0;
    for (const name of names) bytes += this.#size(name);
    return bytes;
  }

  #free(name: string): void {
    this.#live_bytes -= this.#size(name);
    this.#sizes.delete(name);
  }

  #size(name: string): number {
    const bytes = this.#sizes.get(name);
    if (bytes === undefined) throw new Error(`no live buffer ${name}`);
    return bytes;
  }
}

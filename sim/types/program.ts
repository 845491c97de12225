import type { KvUse } from './kv.ts';
import type { LayerKind, Network } from './network.ts';
import type { Training } from './training.ts';
import type { Dtype, Phase, TensorKind } from './units.ts';

/**
 * A program: the work of one workload as a lazy stream of ops, with the tensors it uses and a static summary.
 * @module
 */

/** Named bytes. `bytes` is the stored size at its precision; `elements` what computation sees. */
export interface Tensor {
  /** Index in the program's tensor table. */
  readonly id: number;
  readonly name: string;
  readonly kind: TensorKind;
  /** Sub-layer it belongs to, or -1. */
  readonly layer: number;
  /** Batch of the block it belongs to, or -1 when all share it. */
  readonly batch: number;
  readonly elements: number;
  /** Number of dimensions: biases and norms have one. */
  readonly dimensions: number;
  /** Rows (outputs) and columns (inputs) of a weight matrix; absent for what is none. */
  readonly shape?: readonly number[];
  /** Full size (a KV tensor's is that of the longest context). */
  readonly bytes: number;
  /** Stored in fewer bits than it is computed in, so it must be expanded before use. */
  readonly quantised: boolean;
  /** Id of the tensor it is a second copy of (a tied embedding), or -1; a policy may keep one copy for both. */
  readonly alias_of: number;
}

/** Bits of what is stored and moved; computation stays in the model's own precision. */
export interface Precision {
  readonly weight_bits: number;
  readonly kv_bits: number;
  readonly activation_bits: number;
  /** Elements that share one scale and one minimum where bits < 16. */
  readonly group_size: number;
  /** Bits of scale and minimum together, per group. */
  readonly group_overhead_bits: number;
  /**
   * How products read weights of fewer than 16 bits: as they are stored, widened inside the kernel (`fused`), or from a copy at
   * compute precision that is made before each use (`expanded`, what absence means).
   */
  readonly weight_kernels?: 'fused' | 'expanded';
}

/** What a kernel is part of; a policy may run some parts on another unit. */
export type KernelPart = 'projection' | 'attention' | 'output' | 'mlp' | 'embed' | 'head' | 'other';

/** One kind of device work inside an op. Bytes are of the unit's memory. */
export interface Kernel {
  readonly name: string;
  readonly part: KernelPart;
  readonly dtype: Dtype;
  /** Floating point operations (a multiply-add is two). */
  readonly flops: number;
  /** Bytes of weights or KV it streams. */
  readonly operand_bytes: number;
  /** Bytes of activations it reads and writes. */
  readonly activation_bytes: number;
  /** Kernel launches it stands for. */
  readonly launches: number;
  /** Tensor operations of its code that launch nothing (views, indexing, moves to where it is); absent = not counted. */
  readonly views?: number;
  /** Shape where it is a matrix product; units that state their tiles then lose what the shape leaves idle. */
  readonly gemm?: GemmShape;
  /** The same where it stands for products of several shapes, run one after another. */
  readonly products?: readonly Product[];
  /** A fused attention kernel, whose rate a machine may state apart. */
  readonly fused_attention?: 'forward' | 'backward';
  /** Share of the unit's rate that it gets, as when its thread blocks fill the last round only in part; absent = all. */
  readonly rate_share?: number;
  /** Share of the memory rate of streaming kernels that it gets, as when it writes in another order; absent = all. */
  readonly memory_share?: number;
  /** Fused linear attention over so many independent streams (heads of sequences); a machine may state its rate apart. */
  readonly linear_streams?: number;
  /** Keys and values that thread blocks of one query head each load, those that heads share as often as they do. */
  readonly head_loaded_bytes?: number;
  /** Un-fused attention: a small matrix for every head, in strided batches; absent = it is not. */
  readonly batched?: boolean;
  /** Elements that it copies one by one, without wide loads; a machine may state the rate. */
  readonly copied_elements?: number;
  /** What it is of a network's layer, for units whose kernels tell layer kinds apart. */
  readonly layer?: LayerWork;
}

/** The work of one layer, whole; `share` is the part of it that the kernel does. */
export interface LayerWork {
  readonly kind: LayerKind;
  readonly share: number;
  readonly multiply_adds: number;
  /** Elements that it makes and reads. */
  readonly outputs: number;
  readonly inputs: number;
  /** Elements of all windows that its outputs read, shared ones counted each time. */
  readonly window_elements: number;
  /** Channels, height and width of what it makes of one image. */
  readonly made: readonly [channels: number, height: number, width: number];
  /** Channels of the input that one output reads, and positions of its window. */
  readonly read_channels: number;
  readonly taps: number;
}

/** `count` products C(m,n) = A(m,k) B(k,n) launched together. */
export interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly count: number;
  /** The largest number of elements that divides every operand's row; absent = rows begin at any aligned place. */
  readonly row_elements?: number;
}

/** The part of a growing state (a KV cache) that an op uses. Bytes are of one of the K and V pair. */
export interface StateUse {
  /** Tensor ids of K and V. */
  readonly tensors: readonly number[];
  /** Tokens read, before the new ones. */
  readonly read_tokens: number;
  readonly write_tokens: number;
  /** Stored bytes and elements of one token in one tensor, all sequences of the batch together. */
  readonly bytes_per_token: number;
  readonly elements_per_token: number;
  /** Present where a KV policy governs the cache. */
  readonly use?: KvUse;
}

/** Products of one shape among those of a kernel, and the FLOPs of them all. */
export interface Product {
  readonly shape: GemmShape;
  readonly flops: number;
}

/** One step of the program: a sub-layer applied to one batch. */
export interface Op {
  readonly name: string;
  readonly phase: Phase;
  /** Output token (0 in prefill), or training step. */
  readonly step: number;
  /** Sub-layer index, 0..layers-1. */
  readonly layer: number;
  /** Batch inside the block, 0..batches-1. */
  readonly batch: number;
  readonly kernels: readonly Kernel[];
  readonly state: StateUse | null;
  readonly input_bytes: number;
  readonly output_bytes: number;
  /** Device bytes live only while the op runs (score matrices, logits), beside its inputs and outputs. */
  readonly scratch_bytes: number;
  /** What the devices that share the op exchange after it; absent = nothing. */
  readonly collective?: OpCollective;
}

/** Bytes of the whole buffer that tensor-parallel devices sum (`all-reduce`) or put together (`all-gather`). */
export interface OpCollective {
  readonly kind: 'all-reduce' | 'all-gather';
  readonly bytes: number;
}

/** A body repeated `repeat` times; in repetition r its ops apply to layer `op.layer + r * layer_stride`. */
export interface Segment {
  readonly repeat: number;
  readonly layer_stride: number;
  readonly ops: readonly Op[];
}

/** One sub-layer: what it is and the weights it reads, in storage order. */
export interface LayerInfo {
  readonly name: 'embed' | 'attention' | 'mlp' | 'head' | 'layer';
  readonly weights: readonly Tensor[];
  /** Tensor ids of the KV state per batch (K, V), or empty. */
  readonly state: readonly (readonly number[])[];
}

/** Bytes and FLOPs per phase, which the bound, `lp` and planners read. */
export interface ProgramSummary {
  readonly batch: number;
  readonly batches: number;
  readonly prompt_tokens: number;
  readonly output_tokens: number;
  /** Per phase: total FLOPs by precision. */
  readonly flops: Readonly<Partial<Record<Phase, Readonly<Partial<Record<Dtype, number>>>>>>;
  /** Times the whole set of weights must be read at least once, per phase. */
  readonly passes: Readonly<Partial<Record<Phase, number>>>;
  readonly weight_bytes: number;
  /** KV bytes of all sequences at the longest context. */
  readonly kv_bytes: number;
  /** KV bytes that decode must read in all, over all steps, layers and sequences. */
  readonly kv_read_bytes: number;
  readonly kv_write_bytes: number;
  readonly hidden_bytes: number;
  /** Weight bytes that one pass must read at least: no embedding tables (only rows are gathered), only experts that are reached. */
  readonly pass_weight_bytes?: Readonly<Partial<Record<Phase, number>>>;
}

/**
 * How the published figure was taken. `projected`: prefill, then a few sub-layers of the first decode token, extrapolated.
 * `cut`: prefill, then some decode steps, the mean of those after the first `settling` ones standing for the rest.
 */
export type Measurement =
  | { readonly kind: 'full' }
  | { readonly kind: 'projected'; readonly sample_from: number; readonly sample_to: number }
  | { readonly kind: 'cut'; readonly settling: number; readonly steps: number };

export interface Program {
  readonly kind: 'generate' | 'serve' | 'train' | 'cnn' | 'search' | 'graph' | 'trace';
  readonly tensors: readonly Tensor[];
  readonly layers: readonly LayerInfo[];
  /** Width of an attention head, where there are heads. */
  readonly head_width?: number;
  readonly batches: number;
  /** Output tokens, sequences and other units that throughput metrics divide. */
  readonly produced: {
    readonly tokens: number;
    readonly decode_tokens: number;
    readonly requests: number;
    /** Images or other inputs of a network. */
    readonly samples?: number;
  };
  readonly measurement: Measurement;
  readonly summary: ProgramSummary;
  /** Devices that share each op; ops, tensors and the summary are of one of them. Absent = 1. */
  readonly devices?: number;
  /** Name of the KV policy that governs the cache; then every op says what appears and what goes. */
  readonly kv_policy?: string;
  /** Tokens that each layer's cache holds in the end under that policy. */
  readonly kv_layers?: readonly number[];
  /** What its reader must know (values that no source gives). */
  readonly warnings?: readonly string[];
  /** The layers and maps of a `cnn` program; its sub-layers are these layers. */
  readonly network?: Network;
  /** What a `train` program runs; its segments are one micro-batch forward. */
  readonly training?: Training;
  /** The same stream each time it is called. */
  segments(): Iterable<Segment>;
}

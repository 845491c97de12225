import type { Kernel } from './program.ts';
import type { Dtype } from './units.ts';

/**
 * A training step as one rank of each pipeline stage sees it. The workload builds it; the `activations` and `optimizer`
 * parts decide what is kept and moved; `sim/training` runs it.
 * @module
 */

/** Ranks that share something: a layer (`tensor`), a sequence (`context`), the experts, or copies of the model (`data`). */
export type GroupName = 'tensor' | 'data' | 'context' | 'expert';

/** One collective over a group. `bytes` is the whole buffer, all shards together; of an all-to-all, what one rank holds. */
export interface Collective {
  readonly kind: 'all-reduce' | 'all-gather' | 'reduce-scatter' | 'all-to-all' | 'ring';
  readonly group: GroupName;
  readonly bytes: number;
}

/** What backward needs of a forward op, on one rank. */
export interface Saved {
  readonly name: string;
  readonly bytes: number;
  /** Rows (tokens) it has, for thinning by rows. */
  readonly rows: number;
  /** Made by the op that saves it; otherwise it is the op's input. */
  readonly made_here?: true;
  /** Only the gradient of the op's weights needs it: where they are frozen it is not kept. */
  readonly weight_only?: true;
  /** A mask: its elements have a byte each and say one bit. */
  readonly mask?: true;
}

/** One weight matrix of an op on one rank: what optimizers and adapters see of it. */
export interface WeightMatrix {
  readonly name: string;
  /** Outputs. */
  readonly rows: number;
  /** Inputs. */
  readonly columns: number;
  /** Equal matrices side by side: the experts of a rank. */
  readonly count: number;
}

/**
 * One operator of a layer, forward and backward. Forward: `gather`, kernels, `reduce`. Backward: `backward_gather`, the
 * input's gradient beside `gather_again`, then the weights' gradient beside `backward_reduce`.
 */
export interface TrainOp {
  readonly name: string;
  readonly forward: readonly Kernel[];
  readonly backward: readonly Kernel[];
  readonly weight_gradient: readonly Kernel[];
  readonly gather?: Collective;
  readonly reduce?: Collective;
  readonly backward_gather?: Collective;
  readonly gather_again?: Collective;
  readonly backward_reduce?: Collective;
  readonly saves: readonly Saved[];
  /** Inner attention: what `selective` computes again. */
  readonly core?: boolean;
  /** Matrices it multiplies with or gathers from; none where it has no weights. */
  readonly weights?: readonly WeightMatrix[];
  /** It is a norm with this many parameters. */
  readonly norm_parameters?: number;
  /** Its matrices are one product; otherwise each is its own. */
  readonly packed?: true;
  /** Block of a network it belongs to, with its parameters: what can be trained or frozen by itself. */
  readonly block?: { readonly name: string; readonly matrices: number; readonly others: number };
  /** Most bytes live inside the op beside inputs and outputs, forward and backward. */
  readonly scratch_bytes: number;
  /** Bytes of the gradient it hands on, where not all of its input's is there at once: of a slice. */
  readonly handed_bytes?: number;
  /** The same bytes as single tensors, where an allocator must find a place for each. */
  readonly temporaries?: { readonly forward: readonly number[]; readonly backward: readonly number[] };
}

/** Parameters of one rank. */
export interface Parameters {
  /** Weights that the optimizer updates. */
  readonly trained: number;
  /** Weights that stay as they are, with the bits each is stored in. */
  readonly frozen: number;
  readonly frozen_bits: number;
}

/** A body of ops with its parameters: a transformer layer, the embedding or the head with its loss. */
export interface TrainBody {
  readonly ops: readonly TrainOp[];
  /** Bytes that forward hands to its caller beside the hidden state; they are there until backward begins. */
  readonly returned_bytes?: number;
  /** Matrices of a layer, which published formulas count. */
  readonly matrices: Parameters;
  /** Biases, norms and tables. */
  readonly others: Parameters;
}

export interface TrainLayout {
  readonly gpus: number;
  readonly tensor: number;
  readonly pipeline: number;
  readonly data: number;
  readonly context: number;
  readonly expert: number;
  /** Model chunks of a stage in an interleaved schedule; 1 = plain 1F1B. */
  readonly interleave: number;
  readonly microbatches: number;
  readonly sequence_parallel: boolean;
}

export interface Training {
  readonly layout: TrainLayout;
  readonly dtype: Dtype;
  readonly layers: number;
  /** Layers at the start that backward never reaches: they run forward and keep nothing. */
  readonly trunk_layers: number;
  readonly layer: TrainBody;
  readonly embed: TrainBody;
  readonly head: TrainBody;
  /** A side network trains; the model it stands beside is frozen. */
  readonly side?: true;
  /** Layers that run before those of the decoder, and what ends them. */
  readonly encoder?: Encoder;
  /** The head's matrix is the embedding's table: on different stages their gradients are summed. */
  readonly tied_table_parameters: number;
  /** Width of the hidden state and tokens of a micro-batch on one rank, where a layer is a transformer's. */
  readonly shape?: { readonly hidden: number; readonly tokens: number };
  /** Hidden state between layers: bytes of one micro-batch, not divided over the tensor group. */
  readonly hidden_bytes: number;
  /** Bytes that a rank sends to the next stage. */
  readonly boundary_bytes: number;
  /** FLOPs of the whole step by the convention of the workload, recomputation left out, all ranks together. */
  readonly model_flops: number;
  /** Share of them that backward does: two thirds where every weight is trained. */
  readonly backward_share: number;
  /** Tokens of the whole step. */
  readonly tokens: number;
  readonly samples: number;
  /** How device memory is taken: by PyTorch's caching allocator, or null where bytes alone are counted. */
  readonly allocator: Allocator | null;
  /** Numbers that the workload works out beside the step; reported as `choice.<name>`. */
  readonly choices?: Readonly<Record<string, number>>;
  /** `requirement`: memory is counted but not limited, as papers draw what a step would need. */
  readonly measured_as: 'full' | 'requirement';
}

/** An encoder: its layers and, after the last, what the decoder's layers all attend to. */
export interface Encoder {
  readonly layers: number;
  readonly layer: TrainBody;
  readonly end: TrainBody;
}

/** Settings of a caching allocator. */
export interface Allocator {
  readonly expandable_segments: boolean;
  /** Blocks of this size and more are not split; null = no limit. */
  readonly max_split_bytes: number | null;
}

/** Shares of one saved tensor: kept on the device, moved to the host; the rest is dropped and computed again. */
export interface SavedShare {
  readonly keep: number;
  readonly host: number;
}

/** What becomes of the activations of a layer. */
export interface ActivationPlan {
  readonly kind: string;
  /** By name of the saved tensor; kept whole where it is not named. */
  readonly saved: Readonly<Record<string, SavedShare>>;
  /** Share of an op's forward that backward runs again, by name of the op. */
  readonly again: Readonly<Record<string, number>>;
  /** Outputs of a layer that are kept beside what backward needs, in bytes. */
  readonly extra_bytes: number;
  /** Layers at the end of a chunk whose activations never leave the device. */
  readonly stay_layers: number;
  /** Device buffers through which moved activations pass; a layer waits until one is free. */
  readonly buffers: number;
  /** Numbers the policy has chosen; reported as `choice.<name>`. */
  readonly choices: Readonly<Record<string, number>>;
  /** Top of a plan of addresses for all that the step holds; absent where nothing is planned. */
  readonly planned_peak_bytes?: number;
  readonly warnings: readonly string[];
}

/** Optimizer state of a layer's matrices that depends on their shapes, on one rank. */
export interface ProjectedState {
  /** Parameters of a layer whose state this is, in place of `state_bytes` each. */
  readonly layer_parameters: number;
  readonly layer_state_bytes: number;
  /** What an update of the layer's matrices runs beside the element-wise passes. */
  readonly kernels: readonly Kernel[];
}

/** What the optimizer keeps and does, per trained parameter of one rank. */
export interface OptimizerPlan {
  readonly kind: string;
  readonly weight_bytes: number;
  readonly gradient_bytes: number;
  readonly state_bytes: number;
  /** Device bytes the update reads and writes per parameter it owns. */
  readonly update_bytes: number;
  /** Ranks over which state (1), gradients (2) and weights (3) are divided. */
  readonly zero: 0 | 1 | 2 | 3;
  /** Bytes of a weight on the wire, as it is computed with. */
  readonly gather_bytes: number;
  /** Bytes of a gradient on the wire. */
  readonly reduce_bytes: number;
  readonly offload: 'none' | 'optimizer' | 'optimizer-and-weights';
  /** Host bytes the update reads and writes per parameter, when the host does it. */
  readonly host_update_bytes: number;
  /** State of matrices that is not a number of bytes a parameter, as a projected gradient's; null where all of it is. */
  readonly projected: ProjectedState | null;
  /** The update follows each layer's gradient, so that only one layer's gradient lives. */
  readonly per_layer: boolean;
  /** Gradients exist from backward to the update alone. */
  readonly release_gradients: boolean;
  readonly warnings: readonly string[];
}

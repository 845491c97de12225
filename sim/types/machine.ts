import type { DramChannels } from '../resources/dram/device.ts';
import type { FlashDevice } from '../resources/flash/device.ts';
import type { LayerKind } from './network.ts';
import type { Curve, Dtype } from './units.ts';

/**
 * A machine: memories and compute units joined by links. Plain numbers in SI units; where each number comes from
 * stays in the machine file (`source`, `fitted_on`), which the hardware loader checks.
 * @module
 */

/** The roles that presets and policies name, mapped to memory ids by each machine file. */
export type Role = 'fast' | 'host' | 'storage' | 'near';

/** A place that holds bytes. Bandwidths are what software can reach, not the label on the box. */
export interface Memory {
  readonly id: string;
  /** Bytes the device has. */
  readonly capacity_bytes: number;
  /** Bytes taken by the system before any tensor is placed (driver context, operating system). */
  readonly reserved_bytes: number;
  readonly read_bytes_per_s: number;
  readonly write_bytes_per_s: number;
  /** Joint limit of reads and writes by read share: (read share 0..1, fraction of `read_bytes_per_s`). Empty = no coupling. */
  readonly read_share_curve: Curve;
  readonly latency_s: number;
  /** Transfers are rounded up to a multiple of this. */
  readonly granularity_bytes: number;
  /** Limit of one reader (one thread or file stream); absent where a single stream reaches the whole device. */
  readonly read_stream_bytes_per_s?: number;
  /** The same for one writer. */
  readonly write_stream_bytes_per_s?: number;
  /** Rate at which rows are put into place in a matrix held here, and others moved for them. */
  readonly insert_bytes_per_s?: number;
  /** The operating system's page cache in front of this memory, where it is a disk. */
  readonly page_cache?: PageCache;
  /** What the drive is made of, where it is a flash drive that is simulated page by page. */
  readonly flash?: FlashDevice;
  /** Its channels and banks, where it is a DRAM that is simulated access by access. */
  readonly dram_channels?: DramChannels;
  readonly energy?: AccessEnergy;
  /** Largest bank, a range of addresses that one buffer cannot reach beyond; absent = the whole memory. */
  readonly bank_bytes?: number;
}

/** The operating system's cache of disk files, held in the spare bytes of a host memory. */
export interface PageCache {
  /** The memory whose spare bytes it uses. */
  readonly memory: string;
  /** Share of those spare bytes that may be dirty before writers are slowed to the device. */
  readonly dirty_fraction: number;
  /** Limit of one stream served from the cache (a copy, not a device read). */
  readonly hit_stream_bytes_per_s: number;
  /** Limit of one reader when the cache (and so read-ahead) is switched off. */
  readonly uncached_read_stream_bytes_per_s: number;
  /** Time one small write to a file takes on the writing thread. */
  readonly small_write_s: number;
}

/** Energy of an access as a low and a high published value: sources differ by up to two times. */
export interface AccessEnergy {
  readonly low_j_per_byte: number;
  readonly high_j_per_byte: number;
}

/** One direction of a link. */
export interface LinkDirection {
  /** `h2d`/`d2h`, `read`/`write` or `tx`/`rx`. */
  readonly name: string;
  /** Plateau for pinned memory; absent where the link never limits and the memories at its ends do. */
  readonly bytes_per_s?: number;
  /** Plateau while the other direction is busy too; absent where it does not change. */
  readonly duplex_bytes_per_s?: number;
  /** Plateau for pageable host memory, the driver's own bounce buffer included. */
  readonly pageable_bytes_per_s?: number;
  /** Fixed cost of one transfer. */
  readonly setup_s: number;
  /** Measured (bytes, seconds) of single transfers; what exceeds `setup + bytes / plateau` is added to the setup. */
  readonly transfer_times: Curve;
}

/** Moves bytes between two memories. `forward` runs from `from` to `to`. */
export interface Link {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly forward: LinkDirection;
  readonly backward: LinkDirection;
  /** Joint limit of both directions; absent where they are independent. */
  readonly total_bytes_per_s?: number;
  /** Transfers in flight per direction; further ones queue, streams taking turns. */
  readonly copy_engines: number;
  /** Measured all-reduces over a whole node: (bytes of the buffer, bus bandwidth 2(n-1)/n x bytes / time). Empty = the plateau. */
  readonly collective_bytes_per_s?: Curve;
  /** Fixed cost of one collective beyond what it moves: launch and synchronisation of its ranks. */
  readonly collective_setup_s?: number;
  readonly energy?: AccessEnergy;
}

/** A version of fused attention kernels: what they reach, and how they cut the work. */
export interface FusedAttention {
  /** Fraction of the peak, forward and backward, when every place for a thread block is taken. */
  readonly forward: number;
  readonly backward: number;
  /** Share of that rate which is left with dropout; absent = all of it. */
  readonly dropout?: number;
  /** Thread blocks that run at once, one a head and sequence; absent = as many as there are. */
  readonly forward_blocks?: number;
  readonly backward_blocks?: number;
  /** Keys of a block; absent = what the scratchpad holds. */
  readonly key_rows?: number;
  /** Bytes of an element of an output that later blocks add to; absent = as of any element. */
  readonly partial_bytes?: number;
}

/** Does arithmetic on data in the memories it is attached to. */
export interface ComputeUnit {
  readonly id: string;
  /** Memory its operands stream from. */
  readonly memory: string;
  /** Datasheet peak per precision; the bound uses it. */
  readonly peak_flop_per_s: Readonly<Partial<Record<Dtype, number>>>;
  /** Fraction of the peak that a kernel reaches, by its FLOPs. */
  readonly efficiency: Readonly<Partial<Record<Dtype, Curve>>>;
  /** Fraction of the memory's bandwidth that a kernel reaches, by its bytes. */
  readonly memory_efficiency: Curve;
  /** The same of un-fused attention, a small matrix for every head; absent = as any other kernel. */
  readonly batched_memory_efficiency?: Curve;
  /** The same of products of several rows, whose weights stream through GEMM's tiles; absent = as a matrix-vector product. */
  readonly matrix_memory_efficiency?: Curve;
  /** Elements a second of kernels that copy them one by one; absent = bytes alone decide. */
  readonly copy_elements_per_s?: number;
  /** Bandwidth from the unit to its memory; absent = the memory's own. */
  readonly memory_bytes_per_s?: number;
  /** Host time to launch one kernel. */
  readonly launch_s: number;
  /** Host time of a tensor operation that launches nothing; absent = none, or part of launch_s. */
  readonly view_s?: number;
  /**
   * How compute and memory time combine: t = (t_compute^p + t_memory^p)^(1/p). 1 adds them (no overlap inside a
   * kernel), a large p is the classic roofline's maximum.
   */
  readonly roofline_exponent: number;
  /** How matrix-vector products are laid out on it, where it is an array that computes them tile by tile. */
  readonly matrix_vector?: MatrixVector;
  /** Fused attention kernels; absent = as any kernel. */
  readonly fused_attention?: FusedAttention;
  /** Memory of one multiprocessor that kernels manage themselves; fused attention keeps its tiles there. */
  readonly scratchpad_bytes?: number;
  /** Cache between all multiprocessors and the memory, to which thread blocks come back; absent = none. */
  readonly l2_cache_bytes?: number;
  /**
   * Fused linear attention: the fraction of the peak that many streams reach together, and the rate of one stream, a head
   * of a sequence that carries its state through all tokens. Absent = as any kernel.
   */
  readonly linear_attention?: {
    readonly fraction: number;
    readonly stream_flop_per_s: number;
    /** p of the law that joins the two times; absent = roofline_exponent. */
    readonly exponent?: number;
  };
  /** Bytes a second that decode kernels of one query head a thread block load, all of them together; absent = not stated. */
  readonly head_load_bytes_per_s?: number;
  /** Device time of one kernel beyond its roofline: starting and draining. Absent = none. */
  readonly kernel_s?: number;
  /** How matrix products are cut over the unit; absent = shapes cost nothing. */
  readonly tiling?: Tiling;
  /** Elements per second of group-wise (de)quantisation. */
  readonly quantise_elements_per_s?: number;
  /** A memory that it reads where it stands, such as memory-mapped flash; weights need no other place. */
  readonly reads_in_place?: string;
  /** Bytes that the program of its kernels takes in that memory. */
  readonly code_bytes?: number;
  /** How its kernels compute the layers of 8-bit networks; absent = as any kernel. */
  readonly layer_kernels?: LayerKernels;
  /** Power while busy. */
  readonly busy_w?: number;
  /** Power beside it while the array of an accelerator multiplies. */
  readonly multiplying_w?: number;
  readonly idle_w?: number;
}

/** Kernels of a library on a core: the steps (instructions, or cycles of an accelerator) of a layer, and their rate. */
export interface LayerKernels {
  readonly law: LayerLaw;
  readonly per_s: number;
}

export type LayerLaw = { readonly kind: 'counted'; readonly costs: LayerCosts } | { readonly kind: 'ne16' };

export type LayerCosts = Readonly<Record<LayerKind, LayerCost>>;

/** Instructions of one multiply-add, one output element, one element gathered into a window, and one input element. */
export interface LayerCost {
  readonly multiply_add: number;
  readonly output: number;
  readonly window: number;
  readonly input: number;
}

/** Matrix-vector products on an array with a weight buffer in front of it. */
export interface MatrixVector {
  /** Outputs computed at once; a matrix is padded to a multiple of it. */
  readonly outputs: number;
  /** Inputs of one weight tile, the first of which must be there before a product begins. */
  readonly tile_rows: number;
  /** Rate at which an input vector is brought into its buffer. */
  readonly vector_bytes_per_s: number;
  readonly softmax_elements_per_s: number;
  /** 2 (the default): a weight tile is loaded while another is multiplied; 1: loading and multiplying take turns. */
  readonly weight_buffers?: 1 | 2;
  /** Ports through which the array reads the weight buffer, and the rate of each; without a rate they never limit. */
  readonly buffer_ports?: number;
  readonly port_bytes_per_s?: number;
}

/** A spatial array of processing elements that a dataflow is mapped onto cycle by cycle; one row is a row of lanes. */
export interface SpatialArray {
  readonly id: string;
  readonly rows: number;
  readonly columns: number;
  readonly clock_hz: number;
  /** Energy of its operations, and of the on-chip accesses of one score in each dataflow. */
  readonly energy?: {
    readonly multiply_add_j: number;
    readonly add_j: number;
    readonly exponent_j: number;
    readonly divide_j: number;
    readonly one_pass_buffer_j: number;
    readonly row_wise_buffer_j: number;
  };
}

/** A matrix product is cut into tiles that its multiprocessors compute in waves. */
export interface Tiling {
  readonly multiprocessors: number;
  /** Bandwidth of the cache that feeds all tiles; small tiles ask more of it. */
  readonly cache_bytes_per_s: number;
  /** Inner size at which half of a tile's time goes to filling and emptying its pipeline. */
  readonly inner_half: number;
  /** The most parts into which the inner dimension is cut, each a tile of its own, to be added up; absent = 1. */
  readonly inner_splits?: number;
  /** Multiprocessors that a collective occupies while it runs beside kernels; absent = none. */
  readonly collective_multiprocessors?: number;
  /** Share of its rate that a product keeps whose rows do not begin at multiples of four bytes; absent = all of it. */
  readonly odd_row_efficiency?: number;
}

/** What a training framework costs the host thread that drives one device. */
export interface Framework {
  readonly forward_op_s: number;
  readonly backward_op_s: number;
  /** Share of a layer's host time by which the ranks of a group differ (one standard deviation); they wait at every collective. */
  readonly rank_skew: number;
  /** Host time of one micro-batch beside its ops: its batch and masks are made, its loss is summed. Absent = none. */
  readonly microbatch_s?: number;
  /** Layers of a shape that were measured; others follow the model. Absent = none. */
  readonly layer_profile?: readonly LayerProfile[];
}

/** Measured time of a transformer layer for one micro-batch, forward and backward, on one rank. */
export interface LayerProfile {
  readonly hidden: number;
  /** Devices that share the layer. */
  readonly tensor: number;
  readonly tokens: number;
  readonly layer_s: number;
}

/** Work of the host that is a resource too. */
export interface Host {
  /** The memory the host's threads work in. */
  readonly memory: string;
  /** One thread copying pageable memory into a pinned buffer. */
  readonly relay_bytes_per_s: number;
  /** One call converting fp16 to fp32 (or back), in elements. */
  readonly convert_elements_per_s: number;
  /** One thread scattering rows into a cache in its memory, in elements; absent where nothing says. */
  readonly scatter_elements_per_s?: number;
  /** One copy worker taking bytes off the device and storing them in pageable memory or a mapped file. */
  readonly store_stream_bytes_per_s: number;
  /** Bookkeeping of one scheduling step (Python, allocator, synchronisation). */
  readonly step_s: number;
  /** Bookkeeping of one sequence in one step; absent where it is in `step_s`. */
  readonly sequence_s?: number;
  /** The training framework's host time; absent = kernel launches alone. */
  readonly framework?: Framework;
  /** What the first computation of a process takes beside (library handles, loading of kernels), where a run includes it. */
  readonly first_run_s?: number;
}

/** A cluster of equal nodes: `nvlink` joins the devices of a node, `net` the nodes, and the memories are one device's. */
export interface Cluster {
  readonly devices_per_node: number;
  /** Absent where any number of nodes may be asked for. */
  readonly nodes?: number;
}

export interface Machine {
  readonly id: string;
  readonly title: string;
  readonly memories: readonly Memory[];
  readonly links: readonly Link[];
  readonly compute: readonly ComputeUnit[];
  readonly arrays?: readonly SpatialArray[];
  readonly host?: Host;
  readonly cluster?: Cluster;
  readonly roles: Readonly<Partial<Record<Role, string>>>;
  readonly cost_usd_per_h?: number;
  readonly carbon_gco2e_per_kwh?: number;
}

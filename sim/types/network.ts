/**
 * A network: layers joined by the tensors they make and read. Workloads build it, policies schedule and plan it.
 * @module
 */

/** One feature map or vector of one image. Shapes are channels, height, width. */
export interface NetworkTensor {
  readonly id: number;
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Bytes of the whole batch. */
  readonly bytes: number;
  /** Its number in the model file, where one holds it. */
  readonly file_index?: number;
  /** Address that the model file has fixed for it. */
  readonly offset_bytes?: number;
}

/** A sliding window: what one output position reads. */
export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  /** Rows and columns added around the input. */
  readonly padding: readonly [top: number, left: number, bottom: number, right: number];
}

/**
 * How outputs depend on positions of the inputs: `window` (convolution, pooling), `point` (the same position alone),
 * `all` (every position: dense, global pooling, attention), `view` (the same bytes under another shape).
 */
export type Reach = 'window' | 'point' | 'all' | 'view';

/** Kinds of layer that kernels of microcontrollers tell apart. */
export type LayerKind = 'conv' | 'pointwise' | 'depthwise' | 'dense' | 'add' | 'pool' | 'other';

export interface NetworkLayer {
  readonly id: number;
  readonly name: string;
  /** Operator, as the layer table names it (`conv`, `dw`, `fc`, `add`, …). */
  readonly op: string;
  /** Part of the network it belongs to: what stands before the first dot of its name. */
  readonly block: string;
  /** Tensor ids. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly reach: Reach;
  readonly window: Window;
  /** Channels of its input that one output channel reads. */
  readonly group_channels: number;
  /** Channels that it reads of each input, where that is a part of them. */
  readonly reads?: number;
  /** A non-linearity follows. */
  readonly activation?: boolean;
  /** Attention scores of one image. */
  readonly scores?: number;
  /** Multiply-adds of the whole batch. */
  readonly macs: number;
  /** Weight elements (kernels and matrices). */
  readonly weights: number;
  /** Bias elements once normalisation is folded into the layer. */
  readonly biases: number;
  /** Elements of the affine of a batch normalisation that folding removes. */
  readonly norm: number;
  /** Other constants it reads (position tables, state matrices). */
  readonly tables: number;
  /** Name of the non-linearity that follows, where one does. */
  readonly nonlinearity?: string;
  /** Bytes its constants take, where a model file says so. */
  readonly constant_bytes?: number;
}

export interface Network {
  readonly id: string;
  readonly title: string;
  readonly batch: number;
  /** Bytes of one element of a feature map. */
  readonly element_bytes: number;
  /** Tensor ids of what comes from outside. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly tensors: readonly NetworkTensor[];
  /** Tensors of the model file, constants included, where one holds it. */
  readonly file_tensors?: number;
  /** In the order in which they run. */
  readonly layers: readonly NetworkLayer[];
}

/**
 * One row of a layer table before shapes are known: what its author wrote, the rest left to inference.
 * @module
 */

export const OPERATORS = [
  'conv',
  'dw',
  'tconv',
  'fc',
  'add',
  'mul',
  'concat',
  'act',
  'norm',
  'maxpool',
  'avgpool',
  'gap',
  'mean',
  'pad',
  'resize',
  'reshape',
  'transpose',
  'softmax',
  'quantize',
  'dequantize',
  'attn',
  'dwt',
  'scan',
  'other',
] as const;
export type Operator = (typeof OPERATORS)[number];

export const ACTIVATIONS = ['none', 'relu', 'relu6', 'hswish', 'hsigmoid', 'sigmoid', 'silu', 'gelu'] as const;

/** Padding: rows and columns on each side, or TensorFlow's rules. */
export type Padding = number | 'same' | 'valid';

export interface LayerSpec {
  readonly name: string;
  readonly op: Operator;
  /** Names of layers, or `input`; null = the layer before. */
  readonly inputs: readonly string[] | null;
  /** Output channels (classes of a dense layer); null where they follow from the inputs. */
  readonly out: number | null;
  /** Output shape where an operator is free to choose it (reshape, transpose). */
  readonly shape: readonly [number, number, number] | null;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly padding: Padding | null;
  readonly groups: number;
  /** Channels it reads of each input, which are then added; null = all channels of all inputs, one after the other. */
  readonly reads: number | null;
  /** A batch normalisation follows (and folds away), precedes (`input`), or neither. */
  readonly norm: 'output' | 'input' | 'none';
  /** A non-linearity follows. */
  readonly activation: boolean;
  readonly bias: boolean;
  /** Side of an attention window, channels of all queries of a position, and heads that share them. */
  readonly window: number | null;
  readonly key: number | null;
  readonly heads: number;
  /** Selective scan: state size, rank of the step projection, directions. */
  readonly state: number | null;
  readonly rank: number | null;
  readonly directions: number;
  /** Multiply-adds of an operator that is given by its output alone (`other`), and its constants, or those of attention. */
  readonly macs: number;
  readonly constants: number;
  /** Resize: factor of each side. Mean: which sides are averaged away. */
  readonly factor: number;
  readonly over: 'h' | 'w' | 'hw';
  /** Name of the non-linearity that follows; null = none. */
  readonly nonlinearity: string | null;
}

export const PLAIN: LayerSpec = {
  name: '',
  op: 'conv',
  inputs: null,
  out: null,
  shape: null,
  kernel: [1, 1],
  stride: 1,
  padding: null,
  groups: 1,
  reads: null,
  norm: 'none',
  bias: true,
  activation: false,
  window: null,
  key: null,
  heads: 1,
  state: null,
  rank: null,
  directions: 1,
  macs: 0,
  constants: 0,
  factor: 1,
  over: 'hw',
  nonlinearity: null,
};

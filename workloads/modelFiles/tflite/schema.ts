import type { FlatBuffer, Table } from './flatbuffer.ts';

/**
 * The parts of TensorFlow Lite's schema (tensorflow/lite/schema/schema.fbs, version 3) that a graph with lifetimes needs.
 * @module
 */

export interface LiteTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Bits of one element; 0 where it has no fixed size. */
  readonly bits: number;
  /** Whether the file holds its values. */
  readonly constant: boolean;
  /** Kept from one inference to the next. */
  readonly variable: boolean;
  /** The values, where the file holds them. */
  readonly data: Uint8Array;
}

export interface LiteOperator {
  /** Name of the builtin operator in lower case, or of the custom one. */
  readonly op: string;
  /** Tensor numbers; absent optional inputs are left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly stride: readonly [number, number];
  readonly same: boolean;
  /** Window of a pooling operator. */
  readonly filter: readonly [number, number];
}

export interface LiteModel {
  readonly description: string;
  readonly tensors: readonly LiteTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly LiteOperator[];
  /** Metadata entries by name. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

/** Bits by TensorType. */
const BITS = [32, 16, 32, 8, 64, 0, 8, 16, 64, 8, 64, 128, 64, 0, 0, 32, 16, 4, 16];

/** Names by BuiltinOperator, in the order of the schema. */
const BUILTINS =
  'add average_pool_2d concatenation conv_2d depthwise_conv_2d depth_to_space dequantize embedding_lookup floor fully_connected hashtable_lookup l2_normalization l2_pool_2d local_response_normalization logistic lsh_projection lstm max_pool_2d mul relu relu_n1_to_1 relu6 reshape resize_bilinear rnn softmax space_to_depth svdf tanh concat_embeddings skip_gram call custom embedding_lookup_sparse pad unidirectional_sequence_rnn gather batch_to_space_nd space_to_batch_nd transpose mean sub div squeeze unidirectional_sequence_lstm strided_slice bidirectional_sequence_rnn exp topk_v2 split log_softmax delegate bidirectional_sequence_lstm cast prelu maximum arg_max minimum less neg padv2 greater greater_equal less_equal select slice sin transpose_conv sparse_to_dense tile expand_dims equal not_equal log sum sqrt rsqrt shape pow arg_min fake_quant reduce_prod reduce_max pack logical_or one_hot logical_and logical_not unpack reduce_min floor_div reduce_any square zeros_like fill floor_mod range resize_nearest_neighbor leaky_relu squared_difference mirror_pad abs split_v unique ceil reverse_v2 add_n gather_nd cos where rank elu reverse_sequence matrix_diag quantize matrix_set_diag round hard_swish if while non_max_suppression_v4 non_max_suppression_v5 scatter_nd select_v2 densify segment_sum batch_matmul'.split(
    ' ',
  );

/**
 * Reads a model.
 * @throws InputError where the bytes are no model, are cut off, or name a tensor that is not there.
 */
export function readLiteModel(buffer: FlatBuffer): LiteModel {
  const { view } = buffer;
  const identifier = view.byteLength >= 8 ? String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(i))) : '';
  if (identifier !== 'TFL3') buffer.fail('the file has no TensorFlow Lite identifier (TFL3)');
  const model = buffer.root();
  const [graph] = model.tables(2);
  if (!graph) buffer.fail('the file holds no graph');
  const buffers = model.tables(4);
  const codes = model.tables(1).map((code) => operatorName(code));
  const tensors = graph.tables(0).map((tensor) => readTensor(buffer, tensor, buffers));
  const known = (numbers: readonly number[]): number[] =>
    numbers.filter((id) => {
      if (id >= tensors.length || id < -1) buffer.fail(`an operator names tensor ${id} of ${tensors.length}`);
      return id >= 0;
    });
  return {
    description: model.text(3),
    tensors,
    inputs: known(graph.ints(1)),
    outputs: known(graph.ints(2)),
    operators: graph.tables(3).map((operator) => {
      const op = codes[operator.i32(0)];
      if (op === undefined) buffer.fail(`an operator has the unknown code ${operator.i32(0)}`);
      return readOperator(op, operator, known);
    }),
    metadata: new Map(
      model.tables(6).map((entry) => [entry.text(0), buffers[entry.i32(1)]?.bytes(0) ?? new Uint8Array()] as const),
    ),
  };
}

/** The newer field holds the code; old files have it in one byte. */
function operatorName(code: Table): string {
  const builtin = Math.max(code.i8(0), code.i32(3));
  const name = BUILTINS[builtin] ?? `operator_${builtin}`;
  return name === 'custom' ? code.text(1) || name : name;
}

function readTensor(buffer: FlatBuffer, tensor: Table, buffers: readonly Table[]): LiteTensor {
  const at = tensor.i32(2);
  if (at < 0 || at >= buffers.length) buffer.fail(`a tensor names buffer ${at} of ${buffers.length}`);
  const data = buffers[at]!.bytes(0);
  const shape = tensor.ints(0).map((side) => Math.max(1, side));
  const elements = shape.reduce((product, side) => product * side, 1);
  if (!Number.isSafeInteger(elements)) buffer.fail(`a tensor has the shape ${shape.join(' x ')}`);
  return {
    name: tensor.text(3),
    shape,
    bits: BITS[tensor.i8(1)] ?? 0,
    constant: data.length > 0,
    variable: tensor.i8(5) !== 0,
    data,
  };
}

function readOperator(op: string, operator: Table, known: (ids: readonly number[]) => number[]): LiteOperator {
  const options = operator.table(4);
  const slides = /(conv_2d|pool_2d|transpose_conv)$/.test(op);
  const pools = /pool_2d$/.test(op);
  return {
    op,
    inputs: known(operator.ints(1)),
    outputs: known(operator.ints(2)),
    stride: slides && options ? [options.i32(2, 1), options.i32(1, 1)] : [1, 1],
    same: !slides || options === null || options.i8(0) === 0,
    filter: pools && options ? [options.i32(4, 1), options.i32(3, 1)] : [1, 1],
  };
}

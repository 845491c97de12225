import type { Network, Reach } from '../../../sim/types/index.ts';
import { slide } from '../../cnn/table/window.ts';
import { type GraphLayer, type GraphTensor, networkOf } from '../graph.ts';
import { decodeOfflinePlan, OFFLINE_PLAN } from './offlinePlan.ts';
import type { LiteModel, LiteOperator, LiteTensor } from './schema.ts';

/** Our names of operators that schedules and planners know; others keep the name of the file. */
const NAMES: Readonly<Record<string, string>> = {
  conv_2d: 'conv',
  depthwise_conv_2d: 'dw',
  transpose_conv: 'tconv',
  fully_connected: 'fc',
  max_pool_2d: 'maxpool',
  average_pool_2d: 'avgpool',
  concatenation: 'concat',
  resize_bilinear: 'resize',
  resize_nearest_neighbor: 'resize',
};

/** Operators whose outputs read their own position alone. */
const POINTWISE = new Set(
  'add sub mul div maximum minimum relu relu6 relu_n1_to_1 leaky_relu prelu hard_swish logistic tanh quantize dequantize cast abs neg floor exp sqrt rsqrt square squared_difference concatenation'.split(
    ' ',
  ),
);
const VIEWS = new Set(['reshape', 'squeeze', 'expand_dims']);

/** The graph of a model: every operator a layer, every tensor that is computed a map, in the order of the file. */
export function liteNetwork(model: LiteModel, id: string, batch: number): Network {
  const tensors = new Map<number, GraphTensor>();
  const metadata = model.metadata.get(OFFLINE_PLAN);
  // The plan holds for one inference at a time.
  const plan = metadata && batch === 1 ? decodeOfflinePlan(metadata) : [];
  model.tensors.forEach((tensor, key) => {
    if (tensor.constant) return;
    const offset_bytes = plan[key] ?? undefined;
    const known = { name: tensor.name, shape: imageShape(tensor.shape), bytes: bytesOf(tensor) };
    tensors.set(key, { ...known, ...(offset_bytes !== undefined && { offset_bytes }) });
  });
  const layers = model.operators.map((operator, i) => layerOf(operator, i, model.tensors));
  return networkOf(id, model.description || id, batch, {
    tensors,
    layers,
    inputs: model.inputs,
    outputs: model.outputs,
    file_tensors: model.tensors.length,
  });
}

const elementsOf = ({ shape }: LiteTensor): number => shape.reduce((product, side) => product * side, 1);
const bytesOf = (tensor: LiteTensor): number => Math.ceil((elementsOf(tensor) * tensor.bits) / 8);

/** Channels, height, width from a shape that begins with the batch and ends with the channels. */
export function imageShape(shape: readonly number[]): readonly [number, number, number] {
  if (shape.length < 4) {
    const [channels = 1, height = 1] = [shape.at(-1), shape.length === 3 ? shape[1] : 1];
    const rest = shape.slice(0, -1).reduce((product, side) => product * side, 1);
    return [channels, shape.length === 3 ? height * shape[0]! : rest, 1];
  }
  const [n, height, width, ...channels] = shape;
  return [channels.reduce((product, side) => product * side, n!), height!, width!];
}

function layerOf(operator: LiteOperator, i: number, tensors: readonly LiteTensor[]): GraphLayer {
  const { op, inputs, outputs } = operator;
  const constants = inputs.filter((key) => tensors[key]!.constant);
  const elements = (keys: readonly number[]): number => keys.reduce((sum, key) => sum + elementsOf(tensors[key]!), 0);
  const [data, kernel] = [tensors[inputs[0]!], tensors[inputs[1]!]];
  const out = tensors[outputs[0]!];
  const weighted = WEIGHTED.has(op);
  const isWeight = (key: number): boolean => weighted && key === inputs[1];
  const isBias = (key: number): boolean => weighted && op !== 'transpose_conv' && key === inputs[2];
  const work = kernel && out && data ? workOf(operator, data, kernel, out) : { macs: 0, group_channels: 1 };
  return {
    name: `${NAMES[op] ?? op}${i}`,
    op: NAMES[op] ?? op,
    inputs: inputs.filter((key) => !tensors[key]!.constant),
    outputs,
    reach: reachOf(operator, data, out),
    ...(data && out && { window: windowOf(operator, data, kernel, out) }),
    ...work,
    weights: elements(constants.filter(isWeight)),
    biases: elements(constants.filter(isBias)),
    tables: elements(constants.filter((key) => !isWeight(key) && !isBias(key))),
    constant_bytes: constants.reduce((sum, key) => sum + bytesOf(tensors[key]!), 0),
  };
}

const WEIGHTED = new Set(['conv_2d', 'depthwise_conv_2d', 'fully_connected', 'transpose_conv']);

/** Multiply-adds, from the shapes of kernel and output. */
function workOf({ op, stride }: LiteOperator, data: LiteTensor, kernel: LiteTensor, out: LiteTensor) {
  const [first = 1, tall = 1, wide = 1, last = 1] = kernel.shape;
  switch (op) {
    case 'conv_2d':
      return { macs: elementsOf(out) * tall * wide * last, group_channels: last };
    case 'depthwise_conv_2d':
      return { macs: elementsOf(out) * tall * wide, group_channels: 1 };
    case 'fully_connected':
      return { macs: elementsOf(out) * (kernel.shape.at(-1) ?? 1), group_channels: kernel.shape.at(-1) ?? 1 };
    case 'transpose_conv': {
      // Every input position meets the whole kernel; strides make the outputs so many times more.
      const positions = elementsOf(out) / (first * stride[0] * stride[1]);
      return { macs: positions * first * tall * wide * last, group_channels: last };
    }
    case 'batch_matmul':
      return { macs: elementsOf(out) * (data.shape.at(-1) ?? 1), group_channels: data.shape.at(-1) ?? 1 };
    default:
      return { macs: 0, group_channels: 1 };
  }
}

function windowOf(operator: LiteOperator, data: LiteTensor, kernel: LiteTensor | undefined, out: LiteTensor) {
  const { op, stride, same, filter } = operator;
  const none = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] } as const;
  if (op === 'pad' && data.shape.length === 4) {
    const added = [1, 2].map((axis) => out.shape[axis]! - data.shape[axis]!);
    const before = padsBefore(kernel);
    return {
      ...none,
      padding: [before[0], before[1], added[0]! - before[0], added[1]! - before[1]] as const,
    };
  }
  const size = /conv_2d$/.test(op) && kernel ? ([kernel.shape[1] ?? 1, kernel.shape[2] ?? 1] as const) : filter;
  if (!/(conv_2d|pool_2d)$/.test(op) || data.shape.length !== 4) return none;
  const rows = slide(data.shape[1]!, size[0], stride[0], same ? 'same' : 'valid');
  const columns = slide(data.shape[2]!, size[1], stride[1], same ? 'same' : 'valid');
  return { kernel: size, stride, padding: [rows.before, columns.before, rows.after, columns.after] as const };
}

/** Rows and columns that a PAD puts before the map, from its table of (before, after) per dimension. */
function padsBefore(table: LiteTensor | undefined): readonly [number, number] {
  if (table === undefined || table.bits !== 32 || table.data.length < 24) return [0, 0];
  const view = new DataView(table.data.buffer, table.data.byteOffset, table.data.byteLength);
  return [view.getInt32(8, true), view.getInt32(16, true)];
}

function reachOf({ op, inputs }: LiteOperator, data: LiteTensor | undefined, out: LiteTensor | undefined): Reach {
  if (VIEWS.has(op)) return 'view';
  if (/(conv_2d|pool_2d)$/.test(op) || op === 'pad') return 'window';
  const sameSides =
    data && out && data.shape.length === 4 && data.shape[1] === out.shape[1] && data.shape[2] === out.shape[2];
  return POINTWISE.has(op) && inputs.length > 0 && sameSides ? 'point' : 'all';
}

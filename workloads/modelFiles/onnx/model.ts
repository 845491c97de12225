import { InputError, unknownName } from '../../../input/index.ts';
import type { Network, Reach, Window } from '../../../sim/types/index.ts';
import type { ModelFile } from '../../models/any.ts';
import { type GraphLayer, type GraphTensor, networkOf } from '../graph.ts';
import { bitsOf, type OnnxGraph, type OnnxNode, type OnnxTensor, readOnnx } from './schema.ts';
import { constant, infer, type Known, product } from './shapes.ts';

const NAMES: Readonly<Record<string, string>> = {
  Conv: 'conv',
  ConvTranspose: 'tconv',
  Gemm: 'fc',
  MatMul: 'matmul',
  MaxPool: 'maxpool',
  AveragePool: 'avgpool',
  GlobalAveragePool: 'gap',
  Concat: 'concat',
};
const POINTWISE = new Set(
  'Add Sub Mul Div Max Min Pow Relu Sigmoid HardSigmoid HardSwish Tanh Clip Erf Exp Sqrt LeakyRelu PRelu BatchNormalization Concat Cast'.split(
    ' ',
  ),
);
const VIEWS = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Dropout']);

/** @throws InputError where the bytes are no ONNX model. */
export function onnxModelFile(bytes: Uint8Array, file: string, id: string): Omit<ModelFile, 'digest'> {
  const graph = readOnnx(bytes, file);
  return {
    kind: 'file',
    id,
    title: graph.name || id,
    source: `ONNX, ${graph.nodes.length} nodes${graph.producer ? `, by ${graph.producer}` : ''}`,
    network: ({ batch, dims }) => onnxNetwork(graph, id, file, batch, dims),
  };
}

/** Channels, height, width from a shape that begins with the batch and the channels. */
function imageShape(dims: readonly number[]): readonly [number, number, number] {
  const [n = 1, channels = 1, height = 1, ...rest] = dims;
  return dims.length < 2 ? [n, 1, 1] : [n * channels, height, product(rest)];
}

/**
 * The graph at these values of its open dimensions (a batch that is left open is one image).
 * @throws InputError for a dimension that is neither known nor given, or an operator without a rule.
 */
function onnxNetwork(
  graph: OnnxGraph,
  id: string,
  file: string,
  batch: number,
  given: Readonly<Record<string, number>>,
): Network {
  const known = new Map<string, Known>();
  const constants = new Map<string, OnnxTensor>(graph.initializers);
  const keys = new Map<string, number>();
  const tensors = new Map<number, GraphTensor>();
  const key = (name: string): number => {
    if (!keys.has(name)) keys.set(name, keys.size);
    return keys.get(name)!;
  };
  const add = (name: string, value: Known, bits: number): void => {
    known.set(name, value);
    tensors.set(key(name), { name, shape: imageShape(value.dims), bytes: Math.ceil((product(value.dims) * bits) / 8) });
  };
  for (const [name, tensor] of graph.initializers) known.set(name, constant(tensor));
  const bits = bitsOf(graph.inputs[0]?.type ?? 1) || 32;
  checkDims(graph, given, file);
  for (const { name, shape } of graph.inputs)
    add(name, { dims: openShape(name, shape, given, file), ints: null, floats: null }, bits);
  const layers: GraphLayer[] = [];
  for (const node of graph.nodes) {
    const value = node.attributes.get('value')?.tensor;
    if (node.op === 'Constant') {
      if (value && node.outputs[0] !== undefined) {
        constants.set(node.outputs[0], value);
        known.set(node.outputs[0], constant(value));
      }
      continue;
    }
    const inputs = node.inputs.map((name) => (name === '' ? undefined : known.get(name)));
    const outputs = infer(node, inputs, file);
    // What only computes shapes is known beforehand and never runs.
    const folds = outputs.every(({ ints }) => ints !== null);
    node.outputs.forEach((name, i) => {
      const made = outputs[i];
      if (made === undefined || name === '') return;
      if (folds) known.set(name, made);
      else add(name, made, bits);
    });
    if (!folds) layers.push(layerOf(node, layers.length, inputs, outputs, constants, keys));
  }
  const numbers = (values: readonly { readonly name: string }[]): number[] =>
    values.flatMap(({ name }) => keys.get(name) ?? []);
  return networkOf(id, graph.name || id, batch, {
    tensors,
    layers,
    inputs: numbers(graph.inputs),
    outputs: numbers(graph.outputs),
  });
}

/** Refuses values of dimensions that the file does not leave open. */
function checkDims({ inputs }: OnnxGraph, given: Readonly<Record<string, number>>, file: string): void {
  const open = inputs.flatMap(({ name, shape }) =>
    shape.flatMap((side, axis) => (typeof side === 'string' ? [side, `${name}.${axis}`] : [])),
  );
  const wrong = Object.keys(given).find((name) => !open.includes(name));
  if (wrong !== undefined) throw unknownName('open dimension', wrong, open, { file });
}

function openShape(
  name: string,
  shape: readonly (number | string)[],
  given: Readonly<Record<string, number>>,
  file: string,
): number[] {
  return shape.map((side, axis) => {
    if (typeof side === 'number') return side;
    const value = given[side] ?? given[`${name}.${axis}`];
    if (value !== undefined) return value;
    if (axis === 0) return 1;
    throw new InputError({
      code: 'missing_key',
      problem: `the input ${JSON.stringify(name)} leaves the dimension ${JSON.stringify(side)} open`,
      found: side,
      expected: `--dim ${name}.${axis}=N, in a study workload.dims: {${JSON.stringify(`${name}.${axis}`)}: N}; it is also known as ${JSON.stringify(side)}`,
      place: { file },
    });
  });
}

function layerOf(
  node: OnnxNode,
  i: number,
  inputs: readonly (Known | undefined)[],
  outputs: readonly Known[],
  constants: ReadonlyMap<string, OnnxTensor>,
  keys: ReadonlyMap<string, number>,
): GraphLayer {
  const { op } = node;
  const fixed = node.inputs.map((name) => constants.get(name));
  const weighted = op === 'Conv' || op === 'ConvTranspose' || op === 'Gemm' || op === 'MatMul';
  const count = (wanted: (at: number) => boolean): number =>
    fixed.reduce((sum, tensor, at) => sum + (tensor && wanted(at) ? product(tensor.dims) : 0), 0);
  const groups = node.attributes.get('group')?.int ?? 1;
  const channels = inputs[0]?.dims[1] ?? 1;
  const isDepthwise = op === 'Conv' && groups > 1 && groups === channels;
  return {
    name: `${isDepthwise ? 'dw' : (NAMES[op] ?? op.toLowerCase())}${i}`,
    op: isDepthwise ? 'dw' : (NAMES[op] ?? op.toLowerCase()),
    inputs: node.inputs.flatMap((name, at) => (fixed[at] ? [] : (keys.get(name) ?? []))),
    outputs: node.outputs.flatMap((name) => keys.get(name) ?? []),
    reach: reachOf(op, inputs, outputs),
    window: windowOf(node, inputs),
    group_channels: inputs[1]?.dims[1] ?? 1,
    macs: macsOf(op, inputs, outputs),
    weights: count((at) => weighted && at === 1),
    biases: count((at) => weighted && at === 2),
    tables: count((at) => !weighted || at > 2),
    constant_bytes: fixed.reduce(
      (sum, tensor) => sum + (tensor ? Math.ceil((product(tensor.dims) * bitsOf(tensor.type)) / 8) : 0),
      0,
    ),
  };
}

function macsOf(op: string, inputs: readonly (Known | undefined)[], outputs: readonly Known[]): number {
  const out = product(outputs[0]?.dims ?? []);
  const kernel = inputs[1]?.dims ?? [];
  if (op === 'Conv') return out * product(kernel.slice(1));
  if (op === 'ConvTranspose') return product(inputs[0]!.dims) * product(kernel.slice(1));
  if (op === 'MatMul' || op === 'Gemm') return out * (inputs[0]!.dims.at(-1) ?? 1);
  return 0;
}

function windowOf({ op, attributes }: OnnxNode, inputs: readonly (Known | undefined)[]): Window {
  const ints = (name: string): readonly number[] => attributes.get(name)?.ints ?? [];
  const kernel = op === 'Conv' ? (inputs[1]?.dims.slice(2) ?? []) : ints('kernel_shape');
  if (!['Conv', 'MaxPool', 'AveragePool'].includes(op)) {
    return { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] };
  }
  const [strides, pads, dilations] = [ints('strides'), ints('pads'), ints('dilations')];
  const reach = (axis: number): number => ((kernel[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;
  return {
    kernel: [reach(0), reach(1)],
    stride: [strides[0] ?? 1, strides[1] ?? 1],
    padding: [pads[0] ?? 0, pads[1] ?? 0, pads[2] ?? 0, pads[3] ?? 0],
  };
}

function reachOf(op: string, inputs: readonly (Known | undefined)[], outputs: readonly Known[]): Reach {
  if (VIEWS.has(op)) return 'view';
  if (op === 'Conv' || op === 'MaxPool' || op === 'AveragePool') return 'window';
  const [from, to] = [inputs[0]?.dims, outputs[0]?.dims];
  const aligned = from?.length === 4 && to?.length === 4 && from[2] === to[2] && from[3] === to[3];
  return POINTWISE.has(op) && aligned ? 'point' : 'all';
}

import { InputError } from '../../../input/index.ts';
import type { OnnxNode, OnnxTensor } from './schema.ts';

/**
 * What a node makes of shapes, and of the small whole-number tensors that compute shapes (ONNX operator specifications,
 * opset 7 to 17).
 * @module
 */

export type Dims = readonly number[];

/** What is known of a value: its shape, and its numbers where they are few and whole. */
export interface Known {
  readonly dims: Dims;
  readonly ints: readonly number[] | null;
  readonly floats: readonly number[] | null;
}

const shaped = (dims: Dims): Known => ({ dims, ints: null, floats: null });
export const product = (dims: Dims): number => dims.reduce((all, side) => all * side, 1);
const vector = (ints: readonly number[]): Known => ({ dims: [ints.length], ints, floats: null });

interface Call {
  readonly node: OnnxNode;
  readonly inputs: readonly (Known | undefined)[];
  int(name: string, absent: number): number;
  ints(name: string): readonly number[];
}

type Rule = (call: Call) => readonly Known[];

/** Outputs of a node. @throws InputError where the operator is not known or its inputs are not of its kind. */
export function infer(node: OnnxNode, inputs: readonly (Known | undefined)[], file: string): readonly Known[] {
  const rule = RULES[node.op];
  const bad = (problem: string): InputError => new InputError({ code: 'bad_value', problem, place: { file } });
  if (rule === undefined)
    throw bad(`the shape of operator ${JSON.stringify(node.op)} (node ${node.name}) is not known`);
  const call: Call = {
    node,
    inputs,
    int: (name, absent) => node.attributes.get(name)?.int ?? absent,
    ints: (name) => node.attributes.get(name)?.ints ?? [],
  };
  const isShape = ({ dims }: Known): boolean => dims.every((side) => Number.isSafeInteger(side) && side >= 0);
  const made = attempt(() => {
    const known = rule(call);
    return known.every(isShape) ? known : null;
  });
  if (made === null) {
    const shapes = inputs.map((input) => (input ? input.dims.join(' x ') : '?')).join(', ');
    throw bad(`node ${node.name} (${node.op}) cannot have inputs of the shapes ${shapes}`);
  }
  return made;
}

/** A rule that reaches for an input that is not there has been given a damaged graph. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return null;
    throw error;
  }
}

const same: Rule = ({ inputs }) => [inputs[0]!];
const map: Rule = ({ inputs }) => [shaped(inputs[0]!.dims)];

function broadcast(a: Dims, b: Dims): Dims {
  const length = Math.max(a.length, b.length);
  const side = (dims: Dims, i: number): number => dims[i - (length - dims.length)] ?? 1;
  return Array.from({ length }, (_, i) => Math.max(side(a, i), side(b, i)));
}

const arithmetic =
  (of: (a: number, b: number) => number): Rule =>
  ({ inputs }) => {
    const [a, b] = [inputs[0]!, inputs[1]!];
    const dims = broadcast(a.dims, b.dims);
    if (a.ints === null || b.ints === null) return [shaped(dims)];
    const [x, y] = [a.ints, b.ints];
    const ints = Array.from({ length: product(dims) }, (_, i) => of(x[i % x.length]!, y[i % y.length]!));
    return [{ dims, ints, floats: null }];
  };

/** Side of a sliding window's output; `auto_pad` as TensorFlow's rules. */
function slid({ node, int, ints }: Call, dims: Dims, kernel: Dims): number[] {
  const auto = node.attributes.get('auto_pad')?.text ?? 'NOTSET';
  const pads = ints('pads');
  const ceil = int('ceil_mode', 0) === 1;
  return kernel.map((size, axis) => {
    const stride = ints('strides')[axis] ?? 1;
    const reach = (size - 1) * (ints('dilations')[axis] ?? 1) + 1;
    const side = dims[axis + 2]!;
    if (auto.startsWith('SAME')) return Math.ceil(side / stride);
    const added = (pads[axis] ?? 0) + (pads[axis + kernel.length] ?? 0);
    return (ceil ? Math.ceil : Math.floor)((side + added - reach) / stride) + 1;
  });
}

const pool: Rule = (call) => {
  const { dims } = call.inputs[0]!;
  return [shaped([dims[0]!, dims[1]!, ...slid(call, dims, call.ints('kernel_shape'))])];
};

const axesOf = ({ inputs, ints }: Call): readonly number[] =>
  ints('axes').length > 0 ? ints('axes') : (inputs[1]?.ints ?? []);
const from = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

const reduce: Rule = (call) => {
  const { dims } = call.inputs[0]!;
  const axes = new Set(axesOf(call).map((axis) => from(axis, dims.length)));
  const all = axes.size === 0;
  const keep = call.int('keepdims', 1) === 1;
  return [shaped(dims.flatMap((side, axis) => (all || axes.has(axis) ? (keep ? [1] : []) : [side])))];
};

const slice: Rule = ({ inputs, ints }) => {
  const data = inputs[0]!;
  const starts = inputs[1]?.ints ?? ints('starts');
  const ends = inputs[2]?.ints ?? ints('ends');
  const axes = inputs[3]?.ints ?? (ints('axes').length > 0 ? ints('axes') : starts.map((_, i) => i));
  const steps = inputs[4]?.ints ?? starts.map(() => 1);
  const dims = [...data.dims];
  let values = data.ints;
  axes.forEach((given, i) => {
    const axis = from(given, dims.length);
    const side = dims[axis]!;
    const clamp = (at: number): number => Math.max(0, Math.min(side, at < 0 ? at + side : at));
    const [start, end] = [clamp(starts[i]!), clamp(ends[i]!)];
    dims[axis] = Math.max(0, Math.ceil((end - start) / Math.abs(steps[i]!)));
    values = data.dims.length === 1 && steps[i] === 1 ? (values?.slice(start, end) ?? null) : null;
  });
  return [{ dims, ints: values, floats: null }];
};

const reshape: Rule = ({ inputs }) => {
  const data = inputs[0]!;
  const wanted = inputs[1]!.ints!.map((side, i) => (side === 0 ? data.dims[i]! : side));
  const known = wanted.filter((side) => side > 0).reduce((all, side) => all * side, 1);
  const dims = wanted.map((side) => (side === -1 ? product(data.dims) / known : side));
  return [{ dims, ints: data.ints, floats: null }];
};

const resize: Rule = ({ inputs, node }) => {
  const { dims } = inputs[0]!;
  const sizes = inputs[3]?.ints;
  if (sizes && sizes.length > 0) return [shaped(sizes)];
  const scales = (node.op === 'Upsample' ? inputs[1] : inputs[2])!.floats!;
  return [shaped(dims.map((side, i) => Math.floor(side * scales[i]!)))];
};

const matmul: Rule = ({ inputs }) => {
  const [a, b] = [inputs[0]!.dims, inputs[1]!.dims];
  return [shaped([...broadcast(a.slice(0, -2), b.slice(0, -2)), ...a.slice(-2, -1), ...b.slice(-1)])];
};

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    'Relu Sigmoid HardSigmoid HardSwish Tanh Clip Softmax LogSoftmax Exp Sqrt Erf Log Abs Neg Elu LeakyRelu PRelu BatchNormalization InstanceNormalization LayerNormalization Dropout Softplus Reciprocal Not Ceil'
      .split(' ')
      .map((op) => [op, map]),
  ),
  Identity: same,
  Cast: same,
  Floor: same,
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b),
  Div: arithmetic((a, b) => Math.trunc(a / b)),
  Pow: arithmetic((a, b) => a ** b),
  Max: arithmetic(Math.max),
  Min: arithmetic(Math.min),
  Equal: arithmetic((a, b) => Number(a === b)),
  Greater: arithmetic((a, b) => Number(a > b)),
  Less: arithmetic((a, b) => Number(a < b)),
  Where: ({ inputs }) => [shaped(broadcast(inputs[0]!.dims, broadcast(inputs[1]!.dims, inputs[2]!.dims)))],
  Conv: (call) => {
    const { dims } = call.inputs[0]!;
    const kernel = call.inputs[1]!.dims;
    return [shaped([dims[0]!, kernel[0]!, ...slid(call, dims, kernel.slice(2))])];
  },
  ConvTranspose: ({ inputs, ints, int }) => {
    const { dims } = inputs[0]!;
    const kernel = inputs[1]!.dims;
    const sides = kernel.slice(2).map((size, axis) => {
      const pads = (ints('pads')[axis] ?? 0) + (ints('pads')[axis + kernel.length - 2] ?? 0);
      const reach = (size - 1) * (ints('dilations')[axis] ?? 1) + 1;
      return (ints('strides')[axis] ?? 1) * (dims[axis + 2]! - 1) + (ints('output_padding')[axis] ?? 0) + reach - pads;
    });
    return [shaped([dims[0]!, kernel[1]! * int('group', 1), ...sides])];
  },
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: ({ inputs }) => [shaped(inputs[0]!.dims.map((side, axis) => (axis < 2 ? side : 1)))],
  GlobalMaxPool: ({ inputs }) => [shaped(inputs[0]!.dims.map((side, axis) => (axis < 2 ? side : 1)))],
  Concat: ({ inputs, int }) => {
    const parts = inputs.map((input) => input!);
    const axis = from(int('axis', 0), parts[0]!.dims.length);
    const dims = parts[0]!.dims.map((side, i) =>
      i === axis ? parts.reduce((sum, part) => sum + part.dims[i]!, 0) : side,
    );
    const ints = parts.every((part) => part.ints !== null) ? parts.flatMap((part) => part.ints!) : null;
    return [{ dims, ints, floats: null }];
  },
  Resize: resize,
  Upsample: resize,
  Reshape: reshape,
  Flatten: ({ inputs, int }) => {
    const { dims } = inputs[0]!;
    const axis = from(int('axis', 1), dims.length);
    return [shaped([product(dims.slice(0, axis)), product(dims.slice(axis))])];
  },
  Transpose: ({ inputs, ints }) => {
    const { dims } = inputs[0]!;
    const order = ints('perm').length > 0 ? ints('perm') : dims.map((_, i) => dims.length - 1 - i);
    return [shaped(order.map((axis) => dims[axis]!))];
  },
  Squeeze: (call) => {
    const data = call.inputs[0]!;
    const axes = new Set(axesOf(call).map((axis) => from(axis, data.dims.length)));
    const dims = data.dims.filter((side, axis) => (axes.size === 0 ? side !== 1 : !axes.has(axis)));
    return [{ ...data, dims }];
  },
  Unsqueeze: (call) => {
    const data = call.inputs[0]!;
    const axes = axesOf(call);
    const dims = [...data.dims];
    const rank = dims.length + axes.length;
    for (const axis of axes.map((a) => from(a, rank)).sort((a, b) => a - b)) dims.splice(axis, 0, 1);
    return [{ ...data, dims }];
  },
  MatMul: matmul,
  Gemm: ({ inputs, int }) => {
    const [a, b] = [inputs[0]!.dims, inputs[1]!.dims];
    return [shaped([a[int('transA', 0) === 1 ? 1 : 0]!, b[int('transB', 0) === 1 ? 0 : 1]!])];
  },
  Shape: ({ inputs }) => [vector(inputs[0]!.dims)],
  Slice: slice,
  Gather: ({ inputs, int }) => {
    const [data, at] = [inputs[0]!, inputs[1]!];
    const axis = from(int('axis', 0), data.dims.length);
    const dims = [...data.dims.slice(0, axis), ...at.dims, ...data.dims.slice(axis + 1)];
    const ints = data.ints && at.ints && data.dims.length === 1 ? at.ints.map((i) => data.ints!.at(i)!) : null;
    return [{ dims, ints, floats: null }];
  },
  ReduceMean: reduce,
  ReduceSum: reduce,
  ReduceMax: reduce,
  Pad: ({ inputs, ints }) => {
    const { dims } = inputs[0]!;
    const pads = inputs[1]?.ints ?? ints('pads');
    return [shaped(dims.map((side, i) => side + (pads[i] ?? 0) + (pads[i + dims.length] ?? 0)))];
  },
  Split: ({ node, inputs, ints, int }) => {
    const { dims } = inputs[0]!;
    const axis = from(int('axis', 0), dims.length);
    const sizes = ints('split').length > 0 ? ints('split') : (inputs[1]?.ints ?? null);
    return node.outputs.map((_, i) =>
      shaped(dims.map((side, j) => (j === axis ? (sizes?.[i] ?? side / node.outputs.length) : side))),
    );
  },
  Expand: ({ inputs }) => [shaped(broadcast(inputs[0]!.dims, inputs[1]!.ints!))],
  ConstantOfShape: ({ inputs }) => [shaped(inputs[0]!.ints!)],
};

export const constant = ({ dims, ints, floats }: OnnxTensor): Known => ({ dims, ints, floats });

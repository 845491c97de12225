import type {
  LayerInfo,
  LayerKind,
  LayerWork,
  Network,
  NetworkLayer,
  Op,
  Program,
  Segment,
  Tensor,
} from '../../sim/types/index.ts';
import { ELEMENT_BYTES, isInteger, type NetworkDtype } from './dtypes.ts';
import { eagerKernels, type Layout, readBytes } from './eager.ts';
import { totalMacs } from './network.ts';

/** Whether biases, activations and the steps of attention are part of the kernels before them, or kernels of their own. */
export type Runtime = 'fused' | 'eager';

/** How a network's layers become kernels. */
export interface KernelStyle {
  readonly runtime: Runtime;
  /** Absent = channels first. */
  readonly layout?: Layout | undefined;
}
const FUSED: KernelStyle = { runtime: 'fused' };

/**
 * Bytes a layer's constants take. In 8 or 4 bits every output channel has a 32-bit bias and a 32-bit scale beside its weights
 * (TinyEngine, GeneralMemoryScheduler: weights + 4 · channels + 4 · channels).
 */
export function constantBytes({ weights, biases, tables, constant_bytes }: NetworkLayer, dtype: NetworkDtype): number {
  if (constant_bytes !== undefined) return constant_bytes;
  const elements = Math.ceil((weights + tables) * ELEMENT_BYTES[dtype]);
  return elements + biases * (isInteger(dtype) ? 8 : ELEMENT_BYTES[dtype]);
}

/** One forward pass of a network, an op per layer. */
export function networkProgram(network: Network, dtype: NetworkDtype, style: KernelStyle = FUSED): Program {
  const tensors: Tensor[] = [];
  const layers = network.layers.map((layer): LayerInfo => {
    const bytes = constantBytes(layer, dtype);
    if (bytes === 0) return { name: 'layer', weights: [], state: [] };
    const tensor: Tensor = {
      id: tensors.length,
      name: layer.name,
      kind: 'weight',
      layer: layer.id,
      batch: -1,
      elements: layer.weights + layer.biases + layer.tables,
      dimensions: 2,
      bytes,
      quantised: false,
      alias_of: -1,
    };
    tensors.push(tensor);
    return { name: 'layer', weights: [tensor], state: [] };
  });
  const ops = network.layers.map((layer, i) => opOf(network, layer, layers[i]!, dtype, style));
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  return {
    kind: 'cnn',
    network,
    tensors,
    layers,
    batches: 1,
    produced: { tokens: 0, decode_tokens: 0, requests: 0, samples: network.batch },
    measurement: { kind: 'full' },
    summary: {
      batch: network.batch,
      batches: 1,
      prompt_tokens: 0,
      output_tokens: 0,
      flops: { forward: { [dtype]: 2 * totalMacs(network) } },
      passes: { forward: 1 },
      weight_bytes: bytes,
      kv_bytes: 0,
      kv_read_bytes: 0,
      kv_write_bytes: 0,
      hidden_bytes: 0,
    },
    segments: (): Iterable<Segment> => [{ repeat: 1, layer_stride: 0, ops }],
  };
}

function opOf(network: Network, layer: NetworkLayer, info: LayerInfo, dtype: NetworkDtype, style: KernelStyle): Op {
  const { tensors } = network;
  const sum = (ids: readonly number[]): number => ids.reduce((bytes, id) => bytes + tensors[id]!.bytes, 0);
  const [input_bytes, output_bytes] = [sum(layer.inputs), sum(layer.outputs)];
  return {
    name: layer.name,
    phase: 'forward',
    step: 0,
    layer: layer.id,
    batch: 0,
    kernels: [
      {
        name: layer.name,
        part: 'other',
        dtype,
        flops: 2 * layer.macs,
        operand_bytes: info.weights.reduce((bytes, tensor) => bytes + tensor.bytes, 0),
        activation_bytes: layer.reach === 'view' ? 0 : readBytes(network, layer) + output_bytes,
        launches: layer.reach === 'view' ? 0 : 1,
        layer: workOf(network, layer),
      },
      ...(style.runtime === 'eager' ? eagerKernels(network, layer, dtype, style.layout) : []),
    ],
    state: null,
    input_bytes,
    output_bytes,
    scratch_bytes: 0,
  };
}

/** What one kernel of the layer has to do, in elements of the whole batch. */
function workOf({ tensors, batch }: Network, layer: NetworkLayer): LayerWork {
  const elements = (ids: readonly number[]): number =>
    batch * ids.reduce((sum, id) => sum + tensors[id]!.channels * tensors[id]!.height * tensors[id]!.width, 0);
  const [tall, wide] = layer.window.kernel;
  const made = tensors[layer.outputs[0] ?? layer.inputs[0] ?? 0]!;
  const channels = layer.inputs.reduce((sum, id) => sum + tensors[id]!.channels, 0);
  return {
    kind: kindOf(layer, channels),
    share: 1,
    multiply_adds: layer.macs,
    outputs: elements(layer.outputs),
    inputs: elements(layer.inputs),
    window_elements: batch * tall * wide * channels * made.height * made.width,
    made: [made.channels, made.height, made.width],
    read_channels: layer.group_channels,
    taps: tall * wide,
  };
}

const KINDS: Readonly<Record<string, LayerKind>> = {
  dw: 'depthwise',
  fc: 'dense',
  add: 'add',
  mul: 'add',
  maxpool: 'pool',
  avgpool: 'pool',
  gap: 'pool',
  mean: 'pool',
};

function kindOf({ op, window, group_channels }: NetworkLayer, channels: number): LayerKind {
  if (op !== 'conv' && op !== 'tconv') return KINDS[op] ?? 'other';
  if (window.kernel.every((side) => side === 1)) return 'pointwise';
  return group_channels === 1 && channels > 1 ? 'depthwise' : 'conv';
}

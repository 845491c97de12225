import type { Dtype, Kernel, Network, NetworkLayer } from '../../sim/types/index.ts';
import { ELEMENT_BYTES, type NetworkDtype } from './dtypes.ts';

/**
 * Kernels that PyTorch runs beside those that multiply, each reading and writing whole maps: a convolution's bias is
 * added after it (ATen, native/Convolution.cpp: `output.add_(reshape_bias(…))` behind cuDNN), activations, joined and
 * cut maps and the steps of attention are kernels of their own (microsoft/Cream, EfficientViT/classification/model).
 * Convolutions on tensor cores want channels innermost, PyTorch's maps have them outermost: cuDNN copies maps before and
 * after each (NVIDIA, Convolutional Layers User's Guide, tensor layouts; microsoft/onnxruntime #17200 lists the kernels).
 * @module
 */

/** The bytes that each further kernel of a layer moves, in the order in which they run. */
export function eagerKernels(network: Network, layer: NetworkLayer, dtype: NetworkDtype): Kernel[] {
  const made = layer.outputs.reduce((sum, id) => sum + network.tensors[id]!.bytes, 0);
  const read = readBytes(network, layer);
  const multiplies = layer.weights > 0;
  const bytes: number[] = [];
  if (multiplies && layer.inputs.length > 1) {
    // Added maps are read one by one and written once; joined ones are copied.
    bytes.push(layer.reads === undefined ? 2 * read : read + read / layer.inputs.length);
  } else if (multiplies && layer.reads !== undefined) bytes.push(2 * read);
  if (layer.op === 'conv' && dtype === 'fp16') bytes.push(...layoutCopies(network, layer));
  if (multiplies && layer.biases > 0) bytes.push(2 * made);
  if (layer.activation) bytes.push(2 * made);
  bytes.push(...attentionSteps(network, layer, dtype));
  return bytes.map((moved): Kernel => elementwise(layer.name, dtype, moved));
}

/** Channels are filled up to a multiple of this many fp16 values for tensor cores (NVIDIA, the same guide). */
const CHANNEL_STEP = 8;

/** What copies of the maps move, channels first to last before a convolution and back after it. */
function layoutCopies({ tensors }: Network, layer: NetworkLayer): number[] {
  const copy = (bytes: number, channels: number): number =>
    bytes + (bytes * Math.ceil(channels / CHANNEL_STEP) * CHANNEL_STEP) / channels;
  const made = tensors[layer.outputs[0]!]!;
  const read = layer.inputs.reduce(
    (sum, id) => ({ bytes: sum.bytes + tensors[id]!.bytes, channels: sum.channels + tensors[id]!.channels }),
    { bytes: 0, channels: 0 },
  );
  const channels = layer.group_channels;
  return [copy((read.bytes * channels) / read.channels, channels), copy(made.bytes, made.channels)];
}

/** Bytes of its inputs that a layer reads: of maps cut by channels, its part alone. */
export function readBytes({ tensors }: Network, { inputs, reads }: NetworkLayer): number {
  return inputs.reduce((sum, id) => {
    const { bytes, channels } = tensors[id]!;
    return sum + (reads === undefined ? bytes : (bytes * Math.min(reads, channels)) / channels);
  }, 0);
}

/**
 * Scores are written by the first product, scaled, given their positions, normalised, and read by the second; in reduced
 * precision the softmax runs in fp32, with a conversion before and after it (autocast).
 */
function attentionSteps({ batch }: Network, { scores }: NetworkLayer, dtype: NetworkDtype): number[] {
  if (scores === undefined) return [];
  const own = batch * scores * ELEMENT_BYTES[dtype];
  const wide = batch * scores * ELEMENT_BYTES.fp32;
  const softmax = dtype === 'fp32' ? [2 * wide] : [own + wide, 2 * wide, wide + own];
  return [2 * own, 2 * own, 2 * own, ...softmax];
}

const elementwise = (name: string, dtype: Dtype, activation_bytes: number): Kernel => ({
  name,
  part: 'other',
  dtype,
  flops: 0,
  operand_bytes: 0,
  activation_bytes,
  launches: 1,
});

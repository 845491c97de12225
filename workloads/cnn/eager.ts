import type { Dtype, Kernel, Network, NetworkLayer } from '../../sim/types/index.ts';
import { ELEMENT_BYTES, type NetworkDtype } from './dtypes.ts';

/**
 * Kernels that PyTorch runs beside those that multiply, each reading and writing whole maps: a convolution's bias is
 * added after it (ATen, native/Convolution.cpp: `output.add_(reshape_bias(…))` behind cuDNN), activations, joined and
 * cut maps and the steps of attention are kernels of their own (microsoft/Cream, EfficientViT/classification/model).
 * Convolutions on tensor cores want channels innermost, PyTorch's maps have them outermost: cuDNN copies maps before and
 * after each (NVIDIA, Convolutional Layers User's Guide, tensor layouts; microsoft/onnxruntime #17200 lists the kernels).
 * Images arrive in fp32 and are converted (autocast).
 * @module
 */

/** Whether channels are the outermost dimension of a map, PyTorch's default, or the innermost. */
export type Layout = 'channels-first' | 'channels-last';

/** What a kernel of its own moves, and the share of a streaming kernel's rate at which it does. */
interface Move {
  readonly bytes: number;
  readonly share?: number;
}

/** The bytes that each further kernel of a layer moves, in the order in which they run. */
export function eagerKernels(
  network: Network,
  layer: NetworkLayer,
  dtype: NetworkDtype,
  layout: Layout = 'channels-first',
): Kernel[] {
  const made = layer.outputs.reduce((sum, id) => sum + network.tensors[id]!.bytes, 0);
  const read = readBytes(network, layer);
  const multiplies = layer.weights > 0;
  const moves: Move[] = [];
  const push = (...bytes: number[]) => moves.push(...bytes.map((moved) => ({ bytes: moved })));
  if (dtype === 'fp16') push(...imageConversions(network, layer));
  if (multiplies && layer.inputs.length > 1) {
    // Added maps are read one by one and written once; joined ones are copied.
    push(layer.reads === undefined ? 2 * read : read + read / layer.inputs.length);
  } else if (multiplies && layer.reads !== undefined) push(2 * read);
  if (layout === 'channels-first' && dtype === 'fp16' && layer.op === 'conv' && !isPlainProduct(network, layer)) {
    moves.push(...layoutCopies(network, layer).map((bytes) => ({ bytes, share: REORDER_SHARE })));
  }
  if (multiplies && layer.biases > 0) push(2 * made);
  if (layer.activation) push(2 * made);
  push(...attentionSteps(network, layer, dtype));
  return moves.map((move) => elementwise(layer.name, dtype, move));
}

/** Images that a layer reads first, converted from fp32. */
function imageConversions({ inputs, tensors }: Network, layer: NetworkLayer): number[] {
  return layer.inputs
    .filter((id) => inputs.includes(id))
    .map((id) => tensors[id]!.bytes * (1 + ELEMENT_BYTES.fp32 / ELEMENT_BYTES.fp16));
}

/** Channels are filled up to a multiple of this many fp16 values for tensor cores (NVIDIA, the same guide). */
const CHANNEL_STEP = 8;

/**
 * Rate of a copy that changes the order over that of one that does not. Fitted: with channels last MobileNetV2,
 * MobileNetV3-Large and ResNet-50 take 0.88, 0.81 and 0.82 of the time on an RTX 3090 (study `timm/rtx3090`, ratios
 * `timm-*-layout`); the geometric mean of what each asks for.
 */
const REORDER_SHARE = 0.75;

/** The least side of a tile that cuBLAS works in (NVIDIA, Matrix Multiplication Background, section 2.3: 64 x 64). */
const TILE_SIDE = 64;

/**
 * A convolution of one point is a matrix product over positions, which tensor cores do in place where the positions of a
 * map fill whole vectors (NVIDIA, the same guide, section 2.2: dimensions in multiples of 16 bytes) and at least a tile.
 * The copied maps of a batch lie beside each other and fill tiles whatever their size.
 */
function isPlainProduct({ tensors }: Network, { window, inputs }: NetworkLayer): boolean {
  const { height, width } = tensors[inputs[0]!]!;
  const pointwise = window.kernel.every((side) => side === 1) && window.stride.every((step) => step === 1);
  const positions = height * width;
  return pointwise && positions % CHANNEL_STEP === 0 && positions >= TILE_SIDE;
}

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

const elementwise = (name: string, dtype: Dtype, { bytes, share }: Move): Kernel => ({
  name,
  part: 'other',
  dtype,
  flops: 0,
  operand_bytes: 0,
  activation_bytes: bytes,
  launches: 1,
  ...(share !== undefined && { memory_share: share }),
});

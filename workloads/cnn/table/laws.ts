import type { Reach } from '../../../sim/types/index.ts';
import type { LayerSpec, Operator } from './spec.ts';

/**
 * What each operator makes of its inputs: shape, multiply-adds and parameters of one image.
 * @module
 */

export type Shape = readonly [channels: number, height: number, width: number];

/** What a layer has been found to be. */
export interface Measured {
  readonly shape: Shape;
  readonly macs: number;
  readonly weights: number;
  readonly tables: number;
  /** Channels of its input that one output channel reads. */
  readonly group_channels: number;
  /** Attention scores, where it makes any. */
  readonly scores?: number;
  /** Elements of its bias where it has one. */
  readonly bias_of: number;
}

interface Law {
  readonly reach: Reach;
  /** Whether its window slides; otherwise its kernel and stride mean nothing. */
  readonly slides: boolean;
  measure(spec: LayerSpec, inputs: readonly Shape[], slid: readonly [height: number, width: number]): Measured;
}

const elements = ([channels, height, width]: Shape): number => channels * height * width;
const plain = (shape: Shape): Measured => ({ shape, macs: 0, weights: 0, tables: 0, group_channels: 1, bias_of: 0 });
/** Channels a convolution reads: of each input alike and added, or of all one after the other. */
const channelsRead = (spec: LayerSpec, inputs: readonly Shape[]): number =>
  spec.reads ?? inputs.reduce((sum, [channels]) => sum + channels, 0);

const same: Law['measure'] = (_spec, inputs) =>
  plain(inputs.reduce((largest, next) => (elements(next) > elements(largest) ? next : largest)));

const convolution: Law['measure'] = (spec, inputs, [height, width]) => {
  const out = spec.out!;
  const group_channels = channelsRead(spec, inputs) / spec.groups;
  const weights = out * group_channels * spec.kernel[0] * spec.kernel[1];
  return {
    shape: [out, height, width],
    macs: weights * height * width,
    weights,
    tables: 0,
    group_channels,
    bias_of: out,
  };
};

const depthwise: Law['measure'] = (spec, inputs, [height, width]) => {
  const channels = channelsRead(spec, inputs);
  const weights = channels * spec.kernel[0] * spec.kernel[1];
  const macs = weights * height * width;
  return { shape: [channels, height, width], macs, weights, tables: 0, group_channels: 1, bias_of: channels };
};

const transposed: Law['measure'] = (spec, inputs) => {
  const [, height, width] = inputs[0]!;
  const group_channels = channelsRead(spec, inputs) / spec.groups;
  const weights = spec.out! * group_channels * spec.kernel[0] * spec.kernel[1];
  const shape: Shape = [spec.out!, height * spec.stride, width * spec.stride];
  return { shape, macs: weights * height * width, weights, tables: 0, group_channels, bias_of: spec.out! };
};

const dense: Law['measure'] = (spec, inputs) => {
  const reads = inputs.reduce((sum, shape) => sum + elements(shape), 0);
  const weights = reads * spec.out!;
  return { shape: [spec.out!, 1, 1], macs: weights, weights, tables: 0, group_channels: reads, bias_of: spec.out! };
};

/**
 * Attention in windows of at most `window` × `window` positions (the whole map without one): QKᵀ with `key` channels
 * and its product with V of `out` channels, each cut among the heads. A table of relative positions has, unless its
 * size is given, one entry a head and offset of a window (EfficientViT, arXiv:2305.07027, section 3.2).
 */
const attention: Law['measure'] = (spec, inputs) => {
  const [channels, height, width] = inputs[0]!;
  const tall = Math.min(spec.window ?? height, height);
  const wide = Math.min(spec.window ?? width, width);
  const windows = Math.ceil(height / tall) * Math.ceil(width / wide);
  const tokens = tall * wide;
  const value = spec.out ?? channels;
  return {
    ...plain([value, height, width]),
    macs: windows * tokens * tokens * ((spec.key ?? channels) + value),
    scores: windows * tokens * tokens * spec.heads,
    tables: spec.constants > 0 ? spec.constants : spec.window === null ? 0 : tokens * spec.heads,
  };
};

/**
 * Selective scan of a map along `directions` paths (Mamba's S6; VMamba, arXiv:2401.10166): projections of the input to
 * step (rank), B and C (state), the step's own projection, then nine element-wise operations per position, channel and
 * state and one more per position and channel. They do not pair into multiply-adds, so each counts as one, as the
 * authors' counter has it.
 */
const scan: Law['measure'] = (spec, inputs) => {
  const shape = inputs[0]!;
  const [channels, height, width] = shape;
  const state = spec.state ?? 16;
  const rank = spec.rank ?? Math.ceil(channels / 16);
  // Each direction visits every stride-th row and column (EfficientVMamba, arXiv:2403.09977, section 3.2).
  const positions = Math.ceil(height / spec.stride) * Math.ceil(width / spec.stride);
  const projections = spec.directions * channels * (rank + 2 * state + rank);
  return {
    ...plain(shape),
    weights: projections,
    macs: positions * (projections + spec.directions * channels * (9 * state + 1)),
    tables: spec.directions * channels * (state + 2),
  };
};

const LAWS: Readonly<Record<Operator, Law>> = {
  conv: { reach: 'window', slides: true, measure: convolution },
  dw: { reach: 'window', slides: true, measure: depthwise },
  tconv: { reach: 'all', slides: false, measure: transposed },
  fc: { reach: 'all', slides: false, measure: dense },
  add: { reach: 'point', slides: false, measure: same },
  mul: { reach: 'point', slides: false, measure: same },
  act: { reach: 'point', slides: false, measure: same },
  norm: {
    reach: 'all',
    slides: false,
    measure: (_spec, inputs) => ({ ...plain(inputs[0]!), weights: inputs[0]![0], bias_of: inputs[0]![0] }),
  },
  softmax: { reach: 'all', slides: false, measure: same },
  quantize: { reach: 'point', slides: false, measure: same },
  dequantize: { reach: 'point', slides: false, measure: same },
  concat: {
    reach: 'point',
    slides: false,
    measure: (_spec, inputs) =>
      plain([inputs.reduce((sum, [channels]) => sum + channels, 0), inputs[0]![1], inputs[0]![2]]),
  },
  maxpool: { reach: 'window', slides: true, measure: (_s, inputs, [h, w]) => plain([inputs[0]![0], h, w]) },
  avgpool: { reach: 'window', slides: true, measure: (_s, inputs, [h, w]) => plain([inputs[0]![0], h, w]) },
  gap: { reach: 'all', slides: false, measure: (_s, inputs) => plain([inputs[0]![0], 1, 1]) },
  mean: {
    reach: 'all',
    slides: false,
    measure: ({ over }, [shape]) =>
      plain([shape![0], over.includes('h') ? 1 : shape![1], over.includes('w') ? 1 : shape![2]]),
  },
  pad: {
    reach: 'all',
    slides: false,
    measure: ({ padding }, [shape]) => {
      const added = 2 * (typeof padding === 'number' ? padding : 0);
      return plain([shape![0], shape![1] + added, shape![2] + added]);
    },
  },
  resize: {
    reach: 'all',
    slides: false,
    measure: ({ factor }, [shape]) =>
      plain([shape![0], Math.round(shape![1] * factor), Math.round(shape![2] * factor)]),
  },
  reshape: { reach: 'view', slides: false, measure: ({ shape }, inputs) => plain(shape ?? inputs[0]!) },
  transpose: { reach: 'all', slides: false, measure: ({ shape }, inputs) => plain(shape ?? inputs[0]!) },
  attn: { reach: 'all', slides: false, measure: attention },
  dwt: {
    reach: 'all',
    slides: false,
    // One level of the 2D Haar transform: four half-sized bands, additions alone (WaveMix, arXiv:2205.14375).
    measure: ({ reads }, [shape]) =>
      plain([(reads ?? shape![0]) * 4, Math.ceil(shape![1] / 2), Math.ceil(shape![2] / 2)]),
  },
  scan: { reach: 'all', slides: false, measure: scan },
  other: {
    reach: 'all',
    slides: false,
    measure: ({ shape, macs, constants }, inputs) => ({ ...plain(shape ?? inputs[0]!), macs, tables: constants }),
  },
};

export const lawOf = (op: Operator): Law => LAWS[op];
export const elementsOf = elements;

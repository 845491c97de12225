import { InputError, unknownName } from '../../input/index.ts';
import type { Network, NetworkLayer, NetworkTensor } from '../../sim/types/index.ts';
import { elementsOf, lawOf, type Measured, type Shape } from './table/laws.ts';
import type { NetworkTable, TableLayer } from './table/read.ts';
import type { LayerSpec, Padding } from './table/spec.ts';
import { NO_WINDOW, slide } from './table/window.ts';

/** What may be asked of a table beside its layers. */
export interface NetworkOptions {
  /** Side of a square image, or height and width; absent = the table's own. */
  readonly resolution?: number | readonly [number, number];
  /** Images computed together. */
  readonly batch?: number;
  /** Factor of every channel count. */
  readonly width?: number;
  /** Bytes of one element of a feature map. */
  readonly element_bytes?: number;
  /** Other kernel sizes, by layer or block; pointwise convolutions keep theirs. */
  readonly kernels?: Readonly<Record<string, number>>;
}

/**
 * The network of a table at a resolution, batch and width: shapes, multiply-adds and parameters of every layer.
 * @throws InputError where a kernel is larger than what it slides over, a layer lacks its channels, or a count that the
 * table states is not the one its shapes give.
 */
export function buildNetwork(table: NetworkTable, options: NetworkOptions = {}): Network {
  const batch = options.batch ?? 1;
  const bytes = options.element_bytes ?? 1;
  const asTable = [options.resolution, options.width, options.kernels].every((o) => o === undefined);
  checkKernelNames(table, options.kernels);
  const tensors: NetworkTensor[] = [];
  const add = (name: string, [channels, height, width]: Shape): number => {
    const id = tensors.length;
    tensors.push({ id, name, channels, height, width, bytes: Math.ceil(channels * height * width * batch * bytes) });
    return id;
  };
  const byName = new Map([['input', add('input', inputShape(table, options))]]);
  const layers: NetworkLayer[] = [];
  let previous = 'input';
  const last = table.layers.findLastIndex(({ spec }) => spec.op === 'fc');
  for (const [index, layer] of table.layers.entries()) {
    const spec = withKernel(widened(layer.spec, options.width ?? 1, index === last), options.kernels);
    const inputs = (spec.inputs ?? [previous]).map((name) => byName.get(name)!);
    const shapes = inputs.map((id): Shape => [tensors[id]!.channels, tensors[id]!.height, tensors[id]!.width]);
    const { measured, window } = measure(spec, shapes, table, layer);
    if (asTable) checkDeclared(layer, measured);
    const output = add(spec.name, measured.shape);
    byName.set(spec.name, output);
    previous = spec.name;
    layers.push({
      id: index,
      name: spec.name,
      op: spec.op,
      block: blockOf(spec.name),
      inputs,
      outputs: [output],
      reach: lawOf(spec.op).reach,
      window,
      group_channels: measured.group_channels,
      ...(isPart(spec, shapes) && { reads: spec.reads! }),
      activation: spec.activation,
      ...(measured.scores !== undefined && { scores: measured.scores }),
      macs: measured.macs * batch,
      weights: measured.weights,
      biases: measured.bias_of > 0 && (spec.bias || spec.norm !== 'none') ? measured.bias_of : 0,
      norm: spec.norm === 'output' ? 2 * measured.shape[0] : spec.norm === 'input' ? 2 * shapes[0]![0] : 0,
      tables: measured.tables,
      ...(spec.nonlinearity !== null && { nonlinearity: spec.nonlinearity }),
    });
  }
  const read = new Set(layers.flatMap(({ inputs }) => inputs));
  const outputs = layers.flatMap((layer) => layer.outputs).filter((id) => !read.has(id));
  return { id: table.id, title: table.title, batch, element_bytes: bytes, inputs: [0], outputs, tensors, layers };
}

/** Whether it reads a part of its inputs' channels, or adds them, in place of taking them one after the other. */
const isPart = ({ reads }: LayerSpec, inputs: readonly Shape[]): boolean =>
  reads !== null && reads !== inputs.reduce((sum, [channels]) => sum + channels, 0);

function inputShape({ input, id }: NetworkTable, { resolution }: NetworkOptions): Shape {
  if (resolution === undefined) return input;
  if (input[1] === 1 && input[2] === 1) {
    throw new InputError({
      code: 'bad_value',
      problem: `${id} reads a vector, which has no resolution`,
      found: String(resolution),
    });
  }
  if (typeof resolution !== 'number') return [input[0], resolution[0], resolution[1]];
  return [input[0], resolution, Math.round((resolution * input[2]) / input[1])];
}

/** Channels scaled and rounded to a multiple of eight, at most a tenth below (MobileNetV2, `make_divisible`). */
export function scaleChannels(channels: number, width: number): number {
  if (width === 1) return channels;
  const scaled = channels * width;
  const rounded = Math.max(8, Math.floor((scaled + 4) / 8) * 8);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}

/** A kernel of another size, padded so that the map keeps its size (MCUNetV2's redistribution of receptive fields). */
function withKernel(spec: LayerSpec, kernels: NetworkOptions['kernels']): LayerSpec {
  const size = kernels?.[spec.name] ?? kernels?.[blockOf(spec.name)];
  const slides = (spec.op === 'conv' || spec.op === 'dw') && spec.kernel[0] > 1;
  if (size === undefined || !slides) return spec;
  return { ...spec, kernel: [size, size], padding: spec.padding === 'same' ? 'same' : Math.floor(size / 2) };
}

const blockOf = (name: string): string => name.split('.')[0]!;

function checkKernelNames({ id, layers }: NetworkTable, kernels: NetworkOptions['kernels']): void {
  if (kernels === undefined) return;
  const names = layers.flatMap(({ spec }) => [spec.name, blockOf(spec.name)]);
  for (const name of Object.keys(kernels)) {
    if (!names.includes(name)) throw unknownName(`layer or block of ${id}`, name, [...new Set(names)]);
  }
}

/** The classes of the last dense layer stay. */
function widened(spec: LayerSpec, width: number, isClassifier: boolean): LayerSpec {
  if (width === 1 || isClassifier) return spec;
  const scale = (channels: number | null): number | null => (channels === null ? null : scaleChannels(channels, width));
  return { ...spec, out: scale(spec.out), reads: scale(spec.reads), key: scale(spec.key) };
}

function measure(spec: LayerSpec, inputs: readonly Shape[], table: NetworkTable, { place }: TableLayer) {
  const law = lawOf(spec.op);
  const [, height, width] = inputs[0]!;
  const needsOut = spec.op === 'conv' || spec.op === 'tconv' || spec.op === 'fc';
  if (needsOut && spec.out === null) {
    throw new InputError({
      code: 'missing_key',
      problem: `layer ${JSON.stringify(spec.name)} does not say how many channels it makes`,
      expected: `a number after ${JSON.stringify(spec.op)}`,
      place,
    });
  }
  if (!law.slides) return { measured: law.measure(spec, inputs, [height, width]), window: NO_WINDOW };
  const [tall, wide] = spec.kernel;
  const rows = slide(height, tall, spec.stride, paddingOf(spec, table, tall));
  const columns = slide(width, wide, spec.stride, paddingOf(spec, table, wide));
  if (rows.out < 1 || columns.out < 1) {
    throw new InputError({
      code: 'out_of_range',
      problem: `the ${tall} x ${wide} kernel of layer ${JSON.stringify(spec.name)} is larger than its ${height} x ${width} input`,
      expected: 'a higher resolution',
      place,
    });
  }
  const window = {
    kernel: spec.kernel,
    stride: [spec.stride, spec.stride] as const,
    padding: [rows.before, columns.before, rows.after, columns.after] as const,
  };
  return { measured: law.measure(spec, inputs, [rows.out, columns.out]), window };
}

const paddingOf = (spec: LayerSpec, table: NetworkTable, kernel: number): Padding =>
  spec.padding ?? (table.padding === 'half' ? Math.floor(kernel / 2) : table.padding);

/** A table that states its counts must agree with its shapes. */
function checkDeclared({ spec, declared, place }: TableLayer, measured: Measured): void {
  if (declared === null) return;
  const pairs = [
    ['macs', declared.macs, measured.macs],
    ['w', declared.w, measured.weights],
  ] as const;
  for (const [what, stated, found] of pairs) {
    if (stated === undefined || stated === found) continue;
    throw new InputError({
      code: 'bad_value',
      problem: `layer ${JSON.stringify(spec.name)} states ${what} ${stated}, but its shapes give ${found}`,
      found: String(stated),
      expected: String(found),
      place,
    });
  }
}

/** Parameters as trained: normalisations unfolded, biases only where a layer has one of its own. */
export function trainedParameters({ layers }: Network): number {
  return layers.reduce((sum, { weights, biases, norm, tables, op }) => {
    const ownBias = norm === 0 || op === 'fc' ? biases : 0;
    return sum + weights + norm + tables + ownBias;
  }, 0);
}

/** Elements once normalisations are folded away. */
export function foldedParameters({ layers }: Network): number {
  return layers.reduce((sum, { weights, biases, tables }) => sum + weights + biases + tables, 0);
}

export const totalMacs = ({ layers }: Network): number => layers.reduce((sum, { macs }) => sum + macs, 0);

export { elementsOf };

import { stringify } from 'yaml';
import type { Network, NetworkLayer } from '../../sim/types/index.ts';
import { slide } from '../cnn/table/window.ts';

/**
 * A network as a layer table. What the table's own operators describe is written as such; anything else by its output,
 * multiply-adds and constants, so that shapes and counts stay those of the file.
 * @module
 */
export function networkText(network: Network, id: string, source: string): string {
  const [first, ...others] = network.inputs;
  const input = network.tensors[first ?? 0]!;
  const names = new Map<number, string>([first ?? 0, ...others].map((tensor) => [tensor, 'input']));
  const rows: string[] = [];
  let previous = 'input';
  /** Constants of layers that only unpack them, by the tensor they make. */
  const unpacked = new Map<number, number>();
  for (const layer of network.layers) {
    const constants = layer.weights + layer.biases + layer.tables;
    if (layer.inputs.length === 0) {
      for (const tensor of layer.outputs) unpacked.set(tensor, constants);
      continue;
    }
    const inputs = layer.inputs.filter((tensor) => !unpacked.has(tensor));
    const more = layer.inputs.reduce((sum, tensor) => sum + (unpacked.get(tensor) ?? 0), 0);
    layer.outputs.forEach((tensor, i) => {
      const name = i === 0 ? layer.name : `${layer.name}.${i}`;
      const words = i === 0 && more === 0 && inputs.length === layer.inputs.length ? describe(network, layer) : null;
      const from = inputs.map((read) => names.get(read)!);
      const plain = words ?? other(network, tensor, i === 0 ? layer.macs : 0, i === 0 ? constants + more : 0);
      rows.push(
        `${name} ${plain}${from.length === 1 && from[0] === previous ? '' : ` < ${from.join(' ') || 'input'}`}`,
      );
      names.set(tensor, name);
      previous = name;
    });
  }
  const head = { id, title: network.title, source, norm: 'none' };
  const shape = `[${input.channels}, ${input.height}, ${input.width}]`;
  return `${stringify(head)}input: ${shape}\nlayers:\n${rows.map((row) => `  - ${row}\n`).join('')}`;
}

function other({ tensors }: Network, tensor: number, macs: number, constants: number): string {
  const { channels, height, width } = tensors[tensor]!;
  const words = [`other ${channels}x${height}x${width}`];
  if (macs > 0) words.push(`m${macs}`);
  if (constants > 0) words.push(`t${constants}`);
  return words.join(' ');
}

const PLAIN = new Set(['add', 'mul', 'softmax']);

/** The table's own words for a layer, or null where they would not say the same. */
function describe({ tensors }: Network, layer: NetworkLayer): string | null {
  const { op, window, weights, biases, tables, group_channels } = layer;
  const [from, to] = [tensors[layer.inputs[0]!]!, tensors[layer.outputs[0]!]!];
  const largest = layer.inputs.map((id) => tensors[id]!).reduce((a, b) => (size(b) > size(a) ? b : a));
  if (PLAIN.has(op) && tables === 0 && size(largest) === size(to) && sameShape(largest, to)) return op;
  if ((op !== 'conv' && op !== 'dw') || layer.inputs.length !== 1 || tables > 0) return null;
  const padding = paddingWord(window, [from.height, from.width], [to.height, to.width]);
  if (padding === null) return null;
  const [tall, wide] = window.kernel;
  const depthwise = op === 'dw' && to.channels === from.channels && weights === to.channels * tall * wide;
  const plain = op === 'conv' && weights === to.channels * group_channels * tall * wide;
  if (!depthwise && !plain) return null;
  const groups = plain ? from.channels / group_channels : 1;
  const words = [op, ...(plain ? [String(to.channels)] : []), `k${tall}x${wide}`];
  if (window.stride[0] !== 1) words.push(`s${window.stride[0]}`);
  words.push(padding);
  if (groups !== 1) words.push(`g${groups}`);
  if (biases === 0) words.push('nobias');
  return words.join(' ');
}

interface Shaped {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}
const size = ({ channels, height, width }: Shaped): number => channels * height * width;
const sameShape = (a: Shaped, b: Shaped): boolean =>
  a.channels === b.channels && a.height === b.height && a.width === b.width;

/** `same`, `valid` or `p…`, whichever gives the window's padding and output; null where none does. */
function paddingWord(
  { kernel, stride, padding }: NetworkLayer['window'],
  from: readonly [number, number],
  to: readonly [number, number],
): string | null {
  if (stride[0] !== stride[1]) return null;
  const words = ['same', 'valid', padding[0]] as const;
  const found = words.find((word) =>
    ([0, 1] as const).every((axis) => {
      const { out, before, after } = slide(from[axis], kernel[axis], stride[axis], word);
      return out === to[axis] && before === padding[axis] && after === padding[axis + 2];
    }),
  );
  return found === undefined ? null : typeof found === 'number' ? `p${found}` : found;
}

/** A file's name without its folders and its ending. */
export const nameOf = (file: string): string => file.replace(/^.*[\\/]/, '').replace(/\.[^.]+$/, '');

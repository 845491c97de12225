import { InputError } from '../../input/index.ts';
import type { Network, NetworkLayer, NetworkTensor, Reach, Window } from '../../sim/types/index.ts';
import { NO_WINDOW } from '../cnn/table/window.ts';

/**
 * From the graph of a model file to a network: what both formats share.
 * @module
 */

/** A tensor that is computed. Shape is channels, height, width of one image. */
export interface GraphTensor {
  readonly name: string;
  readonly shape: readonly [number, number, number];
  /** Bytes of one inference. */
  readonly bytes: number;
  /** Address that the file fixes. */
  readonly offset_bytes?: number;
}

export interface GraphLayer {
  readonly name: string;
  readonly op: string;
  /** Keys of the tensors it computes with; constants are not among them. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly reach: Reach;
  readonly window?: Window;
  readonly group_channels?: number;
  readonly macs: number;
  readonly weights: number;
  readonly biases: number;
  readonly tables?: number;
  /** Bytes its constants take in the file. */
  readonly constant_bytes: number;
}

/**
 * Tensors keep the order of their keys; keys that no layer names are dropped.
 * @throws InputError for an operator that makes nothing, or reads what none before it made.
 */
export function networkOf(
  id: string,
  title: string,
  batch: number,
  graph: {
    readonly tensors: ReadonlyMap<number, GraphTensor>;
    readonly layers: readonly GraphLayer[];
    readonly inputs: readonly number[];
    readonly outputs: readonly number[];
    /** Tensors of the file, where keys are their numbers. */
    readonly file_tensors?: number;
  },
): Network {
  const used = new Set([...graph.inputs, ...graph.layers.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])]);
  const keys = [...graph.tensors.keys()].filter((key) => used.has(key)).sort((a, b) => a - b);
  const numberOf = new Map(keys.map((key, number) => [key, number]));
  const numbers = (list: readonly number[]): number[] => list.flatMap((key) => numberOf.get(key) ?? []);
  const tensors = keys.map((key, number): NetworkTensor => {
    const { name, shape, bytes, offset_bytes } = graph.tensors.get(key)!;
    return {
      id: number,
      name,
      channels: shape[0],
      height: shape[1],
      width: shape[2],
      bytes: bytes * batch,
      ...(graph.file_tensors !== undefined && { file_index: key }),
      ...(offset_bytes !== undefined && { offset_bytes }),
    };
  });
  const layers = graph.layers.map(
    (layer, number): NetworkLayer => ({
      id: number,
      name: layer.name,
      op: layer.op,
      block: String(number),
      inputs: numbers(layer.inputs),
      outputs: numbers(layer.outputs),
      reach: layer.reach,
      window: layer.window ?? NO_WINDOW,
      group_channels: layer.group_channels ?? 1,
      macs: layer.macs * batch,
      weights: layer.weights,
      biases: layer.biases,
      norm: 0,
      tables: layer.tables ?? 0,
      constant_bytes: layer.constant_bytes,
    }),
  );
  checkOrder(id, layers, tensors, numbers(graph.inputs));
  const first = tensors[numberOf.get(graph.inputs[0] ?? -1) ?? 0];
  const elements = first ? first.channels * first.height * first.width * batch : 1;
  return {
    id,
    title,
    batch,
    element_bytes: first ? first.bytes / elements : 1,
    inputs: numbers(graph.inputs),
    outputs: numbers(graph.outputs),
    tensors,
    layers,
    ...(graph.file_tensors !== undefined && { file_tensors: graph.file_tensors }),
  };
}

function checkOrder(
  id: string,
  layers: readonly NetworkLayer[],
  tensors: readonly NetworkTensor[],
  given: readonly number[],
): void {
  const made = new Set(given);
  for (const { block, op, inputs, outputs } of layers) {
    const unmade = inputs.find((tensor) => !made.has(tensor));
    if (outputs.length === 0 || unmade !== undefined) {
      const fault =
        unmade === undefined ? 'makes no tensor' : `reads ${tensors[unmade]!.name} before any other makes it`;
      const problem = `operator ${block} of ${id} (${op}) ${fault}`;
      throw new InputError({ code: 'bad_value', problem, expected: 'operators in the order of their tensors' });
    }
    for (const tensor of outputs) made.add(tensor);
  }
}

/**
 * A node of a Chakra execution trace, whichever file it came from.
 * @module
 */

/** Bytes behind a tensor, as traces of PyTorch write it: tensor, storage, offset, elements, bytes an element, device. */
export interface TraceTensor {
  readonly storage: number;
  readonly bytes: number;
}

export interface ChakraNode {
  readonly id: number;
  readonly name: string;
  /** 1 metadata, 2 and 3 memory, 4 compute, 5 to 7 communication (`et_def.proto`, `NodeType`). */
  readonly type: number;
  /** Nodes it waits for. */
  readonly data: readonly number[];
  /** Nodes that called or launched it; they may wait for it in turn. */
  readonly control: readonly number[];
  readonly duration_ns: number;
  readonly inputs: readonly TraceTensor[];
  readonly outputs: readonly TraceTensor[];
  /** Bytes that a memory or communication node moves; 0 where it says none. */
  readonly bytes: number;
  /** Runs on the host; null where the trace does not say. */
  readonly on_host: boolean | null;
  /** Where it stands in the file, for messages: `offset 94` or `node 3`. */
  readonly place: string;
}

const TUPLE = /\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*['"][^'"\]]*['"]\s*\]/g;

/** Tensors in the text of a node's inputs or outputs; other values (numbers, flags) are passed over. */
export function tensorsIn(values: string): TraceTensor[] {
  return [...values.matchAll(TUPLE)].map(([, , storage, , elements, width]) => ({
    storage: Number(storage),
    bytes: Number(elements) * Number(width),
  }));
}

/** Attributes that say how much a node moves. */
export const SIZE_ATTRIBUTES: readonly string[] = ['tensor_size', 'comm_size', 'num_bytes'];

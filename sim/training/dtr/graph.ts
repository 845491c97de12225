import type { TensorTrace, TraceEvent } from '../../types/trace.ts';

/**
 * Tensors, the ops that make them and the storages they live in, as tables that grow while a recorded step is replayed. A
 * storage (bytes in memory, held by one tensor and its aliases) has the number of its first tensor.
 * @module
 */
export class DtrGraph {
  /** Of each tensor: its op (-1 before the op ran), its storage, and the next tensor of that storage (-1 after the last). */
  readonly op: Int32Array;
  readonly storage: Int32Array;
  readonly sibling: Int32Array;
  /** Bytes of its own storage; 0 for an alias. */
  readonly tensorBytes: Float64Array;
  /** An alias loses its definition with its storage, and is made again by its op. */
  readonly defined: Uint8Array;

  /** Of each op: ns, bytes of all outputs with a storage of their own, and where its parents and outputs begin. */
  readonly opCost: Float64Array;
  readonly opBytes: Float64Array;
  readonly opName: string[] = [];
  readonly parentsFrom: Int32Array;
  readonly parents: Int32Array;
  readonly outputsFrom: Int32Array;
  readonly outputs: Int32Array;

  /** Of each storage: bytes, and ns of all ops that write into it, each once. */
  readonly bytes: Float64Array;
  readonly cost: Float64Array;
  readonly accessed: Float64Array;
  readonly lastTensor: Int32Array;
  readonly material: Uint8Array;
  /** Was there at least once: what is only about to be made is no evicted neighbour. */
  readonly made: Uint8Array;
  readonly pinned: Uint8Array;
  readonly locks: Int32Array;
  readonly references: Int32Array;

  /** Edges between storages, of each as a list: what it is made from, and what is made from it. Pinned ones never leave, and have none. */
  readonly up: Edges;
  readonly down: Edges;
  private ops = 0;
  private readonly seen: Int32Array;

  constructor({ tensors, events }: TensorTrace) {
    let ops = 0;
    let parents = 0;
    let outputs = 0;
    let edges = 0;
    for (const event of events) {
      if (event.kind === 'constant') {
        ops += 1;
        outputs += 1;
      } else if (event.kind === 'call') {
        ops += 1;
        parents += event.inputs.length;
        outputs += event.outputs.length;
        edges += event.inputs.length * event.outputs.length;
      }
    }
    this.op = new Int32Array(tensors).fill(-1);
    this.storage = new Int32Array(tensors);
    this.sibling = new Int32Array(tensors).fill(-1);
    this.tensorBytes = new Float64Array(tensors);
    this.defined = new Uint8Array(tensors);
    this.opCost = new Float64Array(ops);
    this.opBytes = new Float64Array(ops);
    this.parentsFrom = new Int32Array(ops + 1);
    this.parents = new Int32Array(parents);
    this.outputsFrom = new Int32Array(ops + 1);
    this.outputs = new Int32Array(outputs);
    this.bytes = new Float64Array(tensors);
    this.cost = new Float64Array(tensors);
    this.accessed = new Float64Array(tensors).fill(Number.NEGATIVE_INFINITY);
    this.lastTensor = new Int32Array(tensors);
    this.material = new Uint8Array(tensors);
    this.made = new Uint8Array(tensors);
    this.pinned = new Uint8Array(tensors);
    this.locks = new Int32Array(tensors);
    this.references = new Int32Array(tensors);
    this.up = new Edges(tensors, edges);
    this.down = new Edges(tensors, edges);
    this.seen = new Int32Array(tensors).fill(-1);
  }

  get tensors(): number {
    return this.op.length;
  }

  /** The storage of a tensor that was made. */
  storageOf(tensor: number): number {
    if (!(this.op[tensor]! >= 0)) throw new Error(`tensor ${tensor} of the trace is used before it is made`);
    return this.storage[tensor]!;
  }

  /** Adds what came from outside; returns its op. */
  addConstant(tensor: number, bytes: number): number {
    const op = this.begin('constant', 0, this.parentsFrom[this.ops]!);
    this.addOutput(op, 0, tensor, bytes, -1);
    return this.end(op, 1);
  }

  /** Adds an op and its outputs, none of them there yet; returns the op. */
  addCall({ name, cost_ns, inputs, outputs }: Extract<TraceEvent, { kind: 'call' }>): number {
    const from = this.parentsFrom[this.ops]!;
    for (let i = 0; i < inputs.length; i++) {
      this.storageOf(inputs[i]!);
      this.parents[from + i] = inputs[i]!;
    }
    const op = this.begin(name, cost_ns, from + inputs.length);
    for (let i = 0; i < outputs.length; i++) {
      const { tensor, bytes, alias_of } = outputs[i]!;
      this.addOutput(op, i, tensor, bytes, alias_of < 0 ? -1 : this.storage[inputs[alias_of]!]!);
    }
    this.end(op, outputs.length);
    for (let i = 0; i < inputs.length; i++) this.connect(op, this.storage[inputs[i]!]!);
    return op;
  }

  private begin(name: string, cost: number, parentsTo: number): number {
    const op = this.ops++;
    this.opName.push(name);
    this.opCost[op] = cost;
    this.parentsFrom[op + 1] = parentsTo;
    return op;
  }

  private end(op: number, outputs: number): number {
    this.outputsFrom[op + 1] = this.outputsFrom[op]! + outputs;
    return op;
  }

  private addOutput(op: number, index: number, tensor: number, bytes: number, aliasOf: number): void {
    const storage = aliasOf < 0 ? tensor : aliasOf;
    this.op[tensor] = op;
    this.storage[tensor] = storage;
    this.tensorBytes[tensor] = bytes;
    this.outputs[this.outputsFrom[op]! + index] = tensor;
    this.opBytes[op] = this.opBytes[op]! + bytes;
    const last = this.lastTensor[storage]!;
    if (aliasOf < 0) this.bytes[storage] = bytes;
    else this.sibling[last] = tensor;
    // An op that makes several aliases of one storage counts once.
    if (aliasOf < 0 || this.op[last] !== op) this.cost[storage] = this.cost[storage]! + this.opCost[op]!;
    this.lastTensor[storage] = tensor;
    this.references[storage] = this.references[storage]! + 1;
  }

  private connect(op: number, parent: number): void {
    if (this.pinned[parent] === 1 || this.seen[parent] === op) return;
    this.seen[parent] = op;
    for (let i = this.outputsFrom[op]!; i < this.outputsFrom[op + 1]!; i++) {
      const child = this.storage[this.outputs[i]!]!;
      if (child === parent) continue;
      this.up.add(child, parent);
      this.down.add(parent, child);
    }
  }
}

/** A list of neighbours for each storage: `head`, then `next` until -1; `to` is the neighbour. */
export class Edges {
  readonly head: Int32Array;
  readonly next: Int32Array;
  readonly to: Int32Array;
  private count = 0;

  constructor(storages: number, edges: number) {
    this.head = new Int32Array(storages).fill(-1);
    this.next = new Int32Array(edges);
    this.to = new Int32Array(edges);
  }

  add(from: number, to: number): void {
    const edge = this.count++;
    this.to[edge] = to;
    this.next[edge] = this.head[from]!;
    this.head[from] = edge;
  }
}

/** What may be evicted, in the order in which it became so: `first`, then `after` until -1. */
export class Pool {
  first = -1;
  private last = -1;
  readonly before: Int32Array;
  readonly after: Int32Array;
  private readonly pooled: Uint8Array;

  constructor(storages: number) {
    this.before = new Int32Array(storages);
    this.after = new Int32Array(storages);
    this.pooled = new Uint8Array(storages);
  }

  add(storage: number): void {
    if (this.pooled[storage] === 1) return;
    this.pooled[storage] = 1;
    this.before[storage] = this.last;
    this.after[storage] = -1;
    if (this.last < 0) this.first = storage;
    else this.after[this.last] = storage;
    this.last = storage;
  }

  remove(storage: number): void {
    if (this.pooled[storage] === 0) return;
    this.pooled[storage] = 0;
    const before = this.before[storage]!;
    const after = this.after[storage]!;
    if (before < 0) this.first = after;
    else this.after[before] = after;
    if (after < 0) this.last = before;
    else this.before[after] = before;
  }
}

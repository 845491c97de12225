/**
 * Tensors, the ops that make them and the storages they live in, as the online runtime sees them.
 * @module
 */

/** An op that can run again. */
export interface DtrOp {
  readonly name: string;
  readonly cost: number;
  /** Bytes of all outputs that have a storage of their own. */
  readonly bytes: number;
  readonly outputs: DtrTensor[];
}

export interface DtrTensor {
  readonly op: DtrOp;
  readonly parents: readonly DtrTensor[];
  readonly children: DtrTensor[];
  readonly storage: DtrStorage;
  /** Bytes of its own storage; 0 for an alias. */
  readonly bytes: number;
  readonly alias: boolean;
  /** An alias loses its definition with its storage, and is made again by its op. */
  defined: boolean;
}

/** Bytes in memory, held by one tensor and its aliases. */
export interface DtrStorage {
  readonly id: number;
  readonly bytes: number;
  readonly tensors: DtrTensor[];
  /** Cost of all ops that write into it, each once. */
  cost: number;
  material: boolean;
  /** Was there at least once: what is only about to be made is no evicted neighbour. */
  made: boolean;
  pinned: boolean;
  locks: number;
  references: number;
  accessed: number;
  /** Neighbours in the pool of what may be evicted, in the order of entry. */
  before: DtrStorage | null;
  after: DtrStorage | null;
  pooled: boolean;
  /** Its set of evicted neighbours, for the union-find heuristic. */
  set: EvictedSet | null;
  /** Last search that saw it. */
  stamp: number;
  /** Cost of its evicted neighbourhood, or -1 where that must be searched again. */
  around: number;
}

export function newStorage(id: number, bytes: number): DtrStorage {
  return {
    id,
    bytes,
    tensors: [],
    cost: 0,
    material: false,
    made: false,
    pinned: false,
    locks: 0,
    references: 0,
    accessed: Number.NEGATIVE_INFINITY,
    before: null,
    after: null,
    pooled: false,
    set: { parent: null, cost: 0 },
    stamp: 0,
    around: -1,
  };
}

/** A union-find node: the root holds the cost of recomputing every member. */
export interface EvictedSet {
  parent: EvictedSet | null;
  cost: number;
}

export function rootOf(node: EvictedSet): EvictedSet {
  let root = node;
  while (root.parent !== null) root = root.parent;
  let at = node;
  while (at.parent !== null) {
    const next = at.parent;
    at.parent = root;
    at = next;
  }
  return root;
}

/** Joins `left` into `right`. */
export function join(left: EvictedSet, right: EvictedSet): void {
  const from = rootOf(left);
  const into = rootOf(right);
  if (from === into) return;
  from.parent = into;
  into.cost += from.cost;
}

/** What may be evicted, in the order in which it became so. */
export class Pool {
  first: DtrStorage | null = null;
  private last: DtrStorage | null = null;
  size = 0;

  add(storage: DtrStorage): void {
    if (storage.pooled) return;
    storage.pooled = true;
    storage.before = this.last;
    storage.after = null;
    if (this.last === null) this.first = storage;
    else this.last.after = storage;
    this.last = storage;
    this.size += 1;
  }

  remove(storage: DtrStorage): void {
    if (!storage.pooled) return;
    storage.pooled = false;
    if (storage.before === null) this.first = storage.after;
    else storage.before.after = storage.after;
    if (storage.after === null) this.last = storage.before;
    else storage.after.before = storage.before;
    this.size -= 1;
  }
}

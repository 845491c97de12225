import type { DtrGraph } from './graph.ts';

/**
 * Evicted neighbourhoods as union-find sets (Kirisame et al., ICLR 2021, section 4.2): a set has the cost of recomputing all
 * of its members. Leaving a set takes the cost away and splits nothing.
 */
export class EvictedSets {
  private readonly graph: DtrGraph;
  /** The node of each storage, or -1; a storage about to be made has an empty one. */
  private readonly node: Int32Array;
  /** Of each node: its parent, or -1 for a root, and a root's cost. */
  private parent = new Int32Array(1024);
  private cost = new Float64Array(1024);
  private nodes = 0;
  /** What each storage added to its set. */
  private readonly added: Float64Array;
  /**
   * A storage that becomes an alias's while it is away leaves with more than it came with, so that the cost of a set can fall
   * below 0: costs of distinct sets sum to at least -debt.
   */
  debt = 0;
  /** Last question that counted this root. */
  private stamp = new Int32Array(1024);
  private question = 0;

  constructor(graph: DtrGraph) {
    this.graph = graph;
    this.node = new Int32Array(graph.tensors).fill(-1);
    this.added = new Float64Array(graph.tensors);
  }

  /** A storage is about to be made for the first time. */
  announce(storage: number): void {
    this.node[storage] = this.add(0);
  }

  evicted(storage: number): void {
    const own = this.add(this.graph.cost[storage]!);
    this.node[storage] = own;
    this.added[storage] = this.graph.cost[storage]!;
    this.joinAll(this.graph.up.head[storage]!, this.graph.up, own);
    this.joinAll(this.graph.down.head[storage]!, this.graph.down, own);
  }

  made(storage: number): void {
    const node = this.node[storage]!;
    if (node < 0) return;
    const root = this.root(node);
    const cost = this.graph.cost[storage]!;
    this.cost[root] = this.cost[root]! - cost;
    this.debt += cost - this.added[storage]!;
    this.node[storage] = -1;
  }

  /** Costs of the sets that its evicted neighbours belong to, each once. */
  around(storage: number): number {
    const { up, down, material } = this.graph;
    const { node, parent, cost, stamp } = this;
    const question = ++this.question;
    let sum = 0;
    let { next, to } = up;
    let edge = up.head[storage]!;
    for (let side = 0; side < 2; side++) {
      for (; edge >= 0; edge = next[edge]!) {
        const other = to[edge]!;
        if (material[other] === 1) continue;
        let root = node[other]!;
        if (root < 0) continue;
        if (parent[root]! >= 0) root = this.root(root);
        if (stamp[root] === question) continue;
        stamp[root] = question;
        sum += cost[root]!;
      }
      next = down.next;
      to = down.to;
      edge = down.head[storage]!;
    }
    return sum;
  }

  private joinAll(head: number, { next, to }: DtrGraph['up'], into: number): void {
    const { material } = this.graph;
    for (let edge = head; edge >= 0; edge = next[edge]!) {
      const other = to[edge]!;
      if (material[other] === 1 || this.node[other]! < 0) continue;
      const root = this.root(this.node[other]!);
      if (root === into) continue;
      this.parent[root] = into;
      this.cost[into] = this.cost[into]! + this.cost[root]!;
    }
  }

  private add(cost: number): number {
    if (this.nodes === this.parent.length) this.grow();
    const node = this.nodes++;
    this.parent[node] = -1;
    this.cost[node] = cost;
    return node;
  }

  private grow(): void {
    const size = 2 * this.nodes;
    const parent = new Int32Array(size);
    const cost = new Float64Array(size);
    const stamp = new Int32Array(size);
    parent.set(this.parent);
    cost.set(this.cost);
    stamp.set(this.stamp);
    this.parent = parent;
    this.cost = cost;
    this.stamp = stamp;
  }

  private root(node: number): number {
    const { parent } = this;
    let root = node;
    while (parent[root]! >= 0) root = parent[root]!;
    let at = node;
    while (parent[at]! >= 0) {
      const next = parent[at]!;
      parent[at] = root;
      at = next;
    }
    return root;
  }
}

import type { DtrGraph, Edges } from './graph.ts';

/**
 * Evicted neighbourhoods exactly: walks over evicted storages, upwards and downwards apart, each storage counted once a
 * direction. A found cost stands until a storage that its walk could meet comes or goes; what came and went since the last
 * eviction for room is looked at in one walk.
 */
export class EvictedSearch {
  private readonly graph: DtrGraph;
  private readonly upCost: Float64Array;
  private readonly downCost: Float64Array;
  private readonly stamps: Int32Array;
  private stamp = 0;
  private readonly stack: Int32Array;
  /** Storages that came or went since, each once. */
  private readonly changes: Int32Array;
  private readonly waiting: Uint8Array;
  private changed = 0;

  constructor(graph: DtrGraph) {
    const { tensors } = graph;
    this.graph = graph;
    this.upCost = new Float64Array(tensors).fill(-1);
    this.downCost = new Float64Array(tensors).fill(-1);
    this.stamps = new Int32Array(tensors);
    this.stack = new Int32Array(tensors);
    this.changes = new Int32Array(tensors);
    this.waiting = new Uint8Array(tensors);
  }

  /** A storage was evicted or is there again. */
  change(storage: number): void {
    if (this.waiting[storage] === 1) return;
    this.waiting[storage] = 1;
    this.changes[this.changed++] = storage;
  }

  /** Forgets the costs that changes since the last call may have moved. */
  settle(): void {
    if (this.changed === 0) return;
    const { up, down } = this.graph;
    this.forget(up, this.downCost);
    this.forget(down, this.upCost);
    for (let i = 0; i < this.changed; i++) {
      const storage = this.changes[i]!;
      this.waiting[storage] = 0;
      this.upCost[storage] = -1;
      this.downCost[storage] = -1;
    }
    this.changed = 0;
  }

  /** Cost of what it would take to make all evicted storages around it, or -1 where that must be searched. */
  known(storage: number): number {
    const up = this.upCost[storage]!;
    const down = this.downCost[storage]!;
    return up < 0 || down < 0 ? -1 : up + down;
  }

  around(storage: number): number {
    const { up, down } = this.graph;
    if (this.upCost[storage]! < 0) this.upCost[storage] = this.cost(storage, up);
    if (this.downCost[storage]! < 0) this.downCost[storage] = this.cost(storage, down);
    return this.upCost[storage]! + this.downCost[storage]!;
  }

  private cost(base: number, { head, next, to }: Edges): number {
    const { material, made, cost } = this.graph;
    const { stamps, stack } = this;
    const stamp = ++this.stamp;
    stamps[base] = stamp;
    stack[0] = base;
    let total = 0;
    for (let depth = 1; depth > 0; ) {
      const at = stack[--depth]!;
      for (let edge = head[at]!; edge >= 0; edge = next[edge]!) {
        const other = to[edge]!;
        if (stamps[other] === stamp || material[other] === 1 || made[other] === 0) continue;
        stamps[other] = stamp;
        total += cost[other]!;
        stack[depth++] = other;
      }
    }
    return total;
  }

  /** From every change over evicted storages to those at the edge, which lose their cost in the other direction. */
  private forget({ head, next, to }: Edges, costs: Float64Array): void {
    const { material, made } = this.graph;
    const { stamps, stack } = this;
    const stamp = ++this.stamp;
    let depth = 0;
    for (let i = 0; i < this.changed; i++) {
      const storage = this.changes[i]!;
      stamps[storage] = stamp;
      stack[depth++] = storage;
    }
    while (depth > 0) {
      const at = stack[--depth]!;
      for (let edge = head[at]!; edge >= 0; edge = next[edge]!) {
        const other = to[edge]!;
        if (stamps[other] === stamp) continue;
        stamps[other] = stamp;
        if (material[other] === 1 || made[other] === 0) costs[other] = -1;
        else stack[depth++] = other;
      }
    }
  }
}

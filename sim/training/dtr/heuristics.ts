import type { DtrGraph, Pool } from './graph.ts';
import { EvictedSearch } from './search.ts';
import { EvictedSets } from './sets.ts';

/**
 * What evicting a storage costs; the least is evicted (Kirisame et al., Dynamic Tensor Rematerialization, ICLR 2021,
 * section 3.2): h = (own cost + cost of evicted neighbours) / (bytes x staleness).
 * @module
 */

export type Neighbourhood = 'exact' | 'union-find' | 'local';
export type EvictionOrder = Neighbourhood | 'lru';

export interface Heuristic {
  /**
   * The storage of the least score; of equal ones the last to enter the pool, but the first whose score is 0. -1 where the
   * pool is empty or no score is finite.
   */
  choose(pool: Pool, clock: number): number;
  /** Storages that the last choice passed. */
  readonly passed: number;
  /** An op is about to make a storage for the first time; a storage was evicted; it is there. */
  announce?(storage: number): void;
  evicted?(storage: number): void;
  made?(storage: number): void;
}

export function heuristicOf(order: EvictionOrder, graph: DtrGraph): Heuristic {
  switch (order) {
    case 'lru':
      return new LeastRecent(graph);
    case 'local':
      return new Local(graph);
    case 'union-find':
      return new UnionFind(graph);
    case 'exact':
      return new Exact(graph);
  }
}

class LeastRecent implements Heuristic {
  passed = 0;
  private readonly graph: DtrGraph;

  constructor(graph: DtrGraph) {
    this.graph = graph;
  }

  choose({ first, after }: Pool): number {
    const { accessed } = this.graph;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    this.passed = 0;
    for (let storage = first; storage >= 0; storage = after[storage]!) {
      const score = accessed[storage]!;
      this.passed += 1;
      if (score > least) continue;
      least = score;
      best = storage;
      if (score === 0) break;
    }
    return best;
  }
}

/** Its own cost alone. Others add the cost around, which is looked for only where the own cost does not decide. */
class Local implements Heuristic {
  passed = 0;
  protected readonly graph: DtrGraph;

  constructor(graph: DtrGraph) {
    this.graph = graph;
  }

  choose({ first, after }: Pool, clock: number): number {
    const { bytes, accessed, cost } = this.graph;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    this.passed = 0;
    const bound = this.bound(first, after, clock);
    const debt = this.debt();
    for (let storage = first; storage >= 0; storage = after[storage]!) {
      this.passed += 1;
      const denominator = bytes[storage]! * (clock - accessed[storage]!);
      let score = Number.POSITIVE_INFINITY;
      if (denominator > 0) {
        // What is beaten by the least that it can be is beaten.
        const floor = (cost[storage]! - debt) / denominator;
        if (floor > least || floor > bound) continue;
        score = (cost[storage]! + this.around(storage)) / denominator;
      }
      if (score > least) continue;
      least = score;
      best = storage;
      if (score === 0) break;
    }
    return best;
  }

  /** A score that the least one does not pass. */
  protected bound(_first: number, _after: Int32Array, _clock: number): number {
    return Number.POSITIVE_INFINITY;
  }

  /** How far below 0 the cost of evicted neighbours can be. */
  protected debt(): number {
    return 0;
  }

  /** Cost of evicted neighbours. */
  protected around(_storage: number): number {
    return 0;
  }
}

class UnionFind extends Local {
  private readonly sets: EvictedSets;

  constructor(graph: DtrGraph) {
    super(graph);
    this.sets = new EvictedSets(graph);
  }

  announce(storage: number): void {
    this.sets.announce(storage);
  }

  evicted(storage: number): void {
    this.sets.evicted(storage);
  }

  made(storage: number): void {
    this.sets.made(storage);
  }

  protected override debt(): number {
    return this.sets.debt;
  }

  protected override around(storage: number): number {
    return this.sets.around(storage);
  }
}

class Exact extends Local {
  private readonly search: EvictedSearch;

  constructor(graph: DtrGraph) {
    super(graph);
    this.search = new EvictedSearch(graph);
  }

  evicted(storage: number): void {
    this.search.change(storage);
  }

  made(storage: number): void {
    this.search.change(storage);
  }

  /** The least of the scores that are known without a walk. */
  protected override bound(first: number, after: Int32Array, clock: number): number {
    this.search.settle();
    const { bytes, accessed, cost } = this.graph;
    let least = Number.POSITIVE_INFINITY;
    for (let storage = first; storage >= 0; storage = after[storage]!) {
      const known = this.search.known(storage);
      if (known < 0) continue;
      const denominator = bytes[storage]! * (clock - accessed[storage]!);
      if (denominator > 0) least = Math.min(least, (cost[storage]! + known) / denominator);
    }
    return least;
  }

  protected override around(storage: number): number {
    return this.search.around(storage);
  }
}

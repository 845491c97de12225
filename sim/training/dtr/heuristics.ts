import { type DtrStorage, type DtrTensor, type EvictedSet, rootOf } from './graph.ts';

/**
 * What evicting a storage costs; the least is evicted (Kirisame et al., Dynamic Tensor Rematerialization, ICLR 2021,
 * section 3.2): h = (own cost + cost of evicted neighbours) / (bytes x staleness).
 * @module
 */

export type Neighbourhood = 'exact' | 'union-find' | 'local';
export type EvictionOrder = Neighbourhood | 'lru';

export interface Heuristic {
  /** Whether it reads the sets of evicted neighbours. */
  readonly sets: boolean;
  score(storage: DtrStorage, clock: number): number;
  /** A storage was evicted or is there again. */
  changed?(storage: DtrStorage): void;
}

export function heuristicOf(order: EvictionOrder): Heuristic {
  switch (order) {
    case 'lru':
      return { sets: false, score: ({ accessed }) => accessed };
    case 'local':
      return { sets: false, score: (storage, clock) => over(storage.cost, storage, clock) };
    case 'union-find':
      return { sets: true, score: (storage, clock) => over(storage.cost + setsAround(storage), storage, clock) };
    case 'exact': {
      const search = new Search();
      return {
        sets: false,
        score: (storage, clock) => over(storage.cost + search.around(storage), storage, clock),
        changed: (storage) => search.changed(storage),
      };
    }
  }
}

function over(cost: number, { bytes, accessed }: DtrStorage, clock: number): number {
  const denominator = bytes * (clock - accessed);
  return denominator > 0 ? cost / denominator : Number.POSITIVE_INFINITY;
}

const seen: EvictedSet[] = [];

/** Costs of the sets that its evicted neighbours belong to, each once. */
function setsAround(storage: DtrStorage): number {
  let cost = 0;
  seen.length = 0;
  const visit = (neighbours: readonly DtrTensor[]): void => {
    for (const { storage: other } of neighbours) {
      if (other.material || other === storage || other.set === null) continue;
      const root = rootOf(other.set);
      if (seen.includes(root)) continue;
      seen.push(root);
      cost += root.cost;
    }
  };
  for (const tensor of storage.tensors) {
    visit(tensor.parents);
    visit(tensor.children);
  }
  return cost;
}

/**
 * Walks over evicted storages, upwards and downwards apart, each counted once a direction. A found cost stands until a
 * storage that the walk could meet comes or goes.
 */
class Search {
  private stamp = 0;
  private readonly stack: DtrStorage[] = [];

  around(storage: DtrStorage): number {
    if (storage.around < 0) storage.around = this.towards(storage, true, false) + this.towards(storage, false, false);
    return storage.around;
  }

  /** A storage was evicted or is there again. */
  changed(storage: DtrStorage): void {
    storage.around = -1;
    this.towards(storage, true, true);
    this.towards(storage, false, true);
  }

  /** Cost of what is reached over evicted storages; with `forget`, those at the edge lose their found cost. */
  private towards(base: DtrStorage, up: boolean, forget: boolean): number {
    const stamp = ++this.stamp;
    const { stack } = this;
    base.stamp = stamp;
    stack.push(base);
    let cost = 0;
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const tensor of at.tensors) {
        const next = up ? tensor.parents : tensor.children;
        for (let i = 0; i < next.length; i++) {
          const other = next[i]!.storage;
          if (other.stamp === stamp) continue;
          if (other.material || !other.made) {
            if (forget) other.around = -1;
            continue;
          }
          other.stamp = stamp;
          cost += other.cost;
          stack.push(other);
        }
      }
    }
    return cost;
  }
}

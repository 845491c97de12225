import { DoesNotFitError } from '../../errors.ts';
import type { TensorTrace, TraceEvent } from '../../types/trace.ts';
import { type DtrOp, type DtrStorage, type DtrTensor, join, newStorage, Pool, rootOf } from './graph.ts';
import { type EvictionOrder, type Heuristic, heuristicOf } from './heuristics.ts';

/** What a replay did. */
export interface DtrRun {
  /** Cost of every op once, and of what ran again. */
  readonly base_ns: number;
  readonly again_ns: number;
  readonly peak_bytes: number;
  /** Bytes that came from outside. */
  readonly constant_bytes: number;
  /** Storages evicted for room, in order; a storage is named by its first tensor. */
  readonly evicted: readonly number[];
  /** Every storage that left: for room, and freed when its last reference went. */
  readonly left: readonly number[];
  readonly scored: number;
}

export interface DtrOptions {
  readonly memory: string;
  readonly budget_bytes: number;
  readonly order: EvictionOrder;
}

/** A materialisation under way. */
interface Frame {
  readonly tensor: DtrTensor;
  readonly again: boolean;
  /** Parents that were not there when it began, and the next of them to see to. */
  readonly missing: readonly DtrTensor[];
  next: number;
}

/**
 * Replays a step under a memory budget: where an op's outputs do not fit, storages are evicted by the heuristic; where an
 * op needs one that was evicted, the op that made it runs again, and its parents before it. A storage whose last reference
 * goes leaves at once, and counts as an evicted neighbour like any other (Kirisame et al., ICLR 2021, section 4 and
 * appendix C: eager eviction).
 * @throws DoesNotFitError when nothing is left to evict.
 */
export function replayDtr(trace: TensorTrace, options: DtrOptions): DtrRun {
  const runtime = new Runtime(options, trace.tensors);
  for (const event of trace.events) runtime.take(event);
  return runtime.finish();
}

class Runtime {
  private readonly options: DtrOptions;
  private readonly heuristic: Heuristic;
  private readonly tensors: (DtrTensor | undefined)[];
  private readonly pool = new Pool();
  private used = 0;
  private peak = 0;
  private constants = 0;
  /** Starts at 1: what has just been made is never infinitely fresh. */
  private clock = 1;
  private base = 0;
  private again = 0;
  private scored = 0;
  private readonly evicted: number[] = [];
  private readonly left: number[] = [];

  constructor(options: DtrOptions, tensors: number) {
    this.options = options;
    this.heuristic = heuristicOf(options.order);
    this.tensors = new Array<DtrTensor | undefined>(tensors);
  }

  take(event: TraceEvent): void {
    switch (event.kind) {
      case 'call':
        this.call(event);
        break;
      case 'constant':
        this.constants += event.bytes;
        this.call({
          kind: 'call',
          name: 'constant',
          cost_ns: 0,
          inputs: [],
          outputs: [{ tensor: event.tensor, bytes: event.bytes, alias_of: -1 }],
        });
        this.pin(this.tensor(event.tensor));
        break;
      case 'retain':
        this.tensor(event.tensor).storage.references += 1;
        break;
      case 'release':
        this.release(this.tensor(event.tensor).storage);
        break;
      case 'output':
        this.pin(this.tensor(event.tensor));
        break;
    }
  }

  finish(): DtrRun {
    return {
      base_ns: this.base,
      again_ns: this.again,
      peak_bytes: this.peak,
      constant_bytes: this.constants,
      evicted: this.evicted,
      left: this.left,
      scored: this.scored,
    };
  }

  private tensor(id: number): DtrTensor {
    const tensor = this.tensors[id];
    if (tensor === undefined) throw new Error(`tensor ${id} of the trace is used before it is made`);
    return tensor;
  }

  private call({ name, cost_ns, inputs, outputs }: Extract<TraceEvent, { kind: 'call' }>): void {
    const parents = inputs.map((id) => this.tensor(id));
    const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
    const op: DtrOp = { name, cost: cost_ns, bytes, outputs: [] };
    for (const { tensor: id, bytes: own, alias_of } of outputs) {
      const storage = alias_of < 0 ? newStorage(id, own) : parents[alias_of]!.storage;
      const tensor: DtrTensor = {
        op,
        parents,
        children: [],
        storage,
        bytes: own,
        alias: alias_of >= 0,
        defined: false,
      };
      if (!storage.tensors.some((other) => other.op === op)) storage.cost += cost_ns;
      storage.tensors.push(tensor);
      storage.references += 1;
      op.outputs.push(tensor);
      this.tensors[id] = tensor;
    }
    for (const parent of parents) parent.children.push(...op.outputs);
    const first = op.outputs[0];
    if (first === undefined) return;
    this.materialise(first, false);
    for (const { storage } of op.outputs) storage.accessed = this.clock;
  }

  /** Makes a tensor, and before it what it is made from. Without recursion: chains may be as long as the step. */
  private materialise(target: DtrTensor, again: boolean): void {
    const stack = [this.begin(target, again)];
    while (stack.length > 0) {
      const frame = stack[stack.length - 1]!;
      const parent = frame.missing[frame.next];
      if (parent !== undefined) {
        // A sibling's run may have made it meanwhile.
        if (!parent.defined) {
          stack.push(this.begin(parent, true));
          continue;
        }
        this.lock(parent.storage);
        frame.next += 1;
        continue;
      }
      stack.pop();
      this.compute(frame.tensor, frame.again);
      for (const { storage } of frame.tensor.parents) this.unlock(storage);
    }
  }

  private begin(tensor: DtrTensor, again: boolean): Frame {
    for (const { storage } of tensor.parents) storage.accessed = this.clock;
    const missing: DtrTensor[] = [];
    for (const parent of tensor.parents) {
      if (parent.defined) this.lock(parent.storage);
      else missing.push(parent);
    }
    return { tensor, again, missing, next: 0 };
  }

  private compute(tensor: DtrTensor, again: boolean): void {
    const { op } = tensor;
    this.makeRoom(op);
    const there = op.outputs.filter(({ defined }) => defined);
    const back = op.outputs.filter(({ storage }) => !storage.material);
    this.clock += op.cost;
    if (again) this.again += op.cost;
    else this.base += op.cost;
    this.used += op.bytes;
    if (this.used > this.peak) this.peak = this.used;
    for (const output of op.outputs) {
      output.storage.material = true;
      output.storage.made = true;
      output.defined = true;
    }
    // Outputs that were there already are made twice; the second copy goes after the op.
    for (const { bytes } of there) this.used -= bytes;
    // The target itself enters the pool after its siblings.
    const entering = [...back.filter((output) => output !== tensor), ...(back.includes(tensor) ? [tensor] : [])];
    for (const { storage } of entering) {
      if (storage.locks === 0) this.pool.add(storage);
      this.heuristic.changed?.(storage);
      if (!this.heuristic.sets || storage.set === null) continue;
      rootOf(storage.set).cost -= storage.cost;
      storage.set = null;
    }
  }

  private makeRoom({ name, bytes }: DtrOp): void {
    const { budget_bytes, memory } = this.options;
    while (this.used + bytes > budget_bytes) {
      const victim = this.cheapest();
      if (victim === null) {
        const what = `the operands of ${name} and its outputs`;
        throw new DoesNotFitError(memory, what, this.used + bytes, budget_bytes, this.clock / 1e9, []);
      }
      this.evicted.push(victim.id);
      this.evict(victim);
    }
  }

  /** The least score; of equal ones the last to enter the pool. */
  private cheapest(): DtrStorage | null {
    let best: DtrStorage | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (let storage = this.pool.first; storage !== null; storage = storage.after) {
      const score = this.heuristic.score(storage, this.clock);
      this.scored += 1;
      if (score <= least) {
        least = score;
        best = storage;
      }
      if (score === 0) break;
    }
    return best;
  }

  private evict(storage: DtrStorage): void {
    storage.material = false;
    this.used -= storage.bytes;
    this.pool.remove(storage);
    this.left.push(storage.id);
    for (const tensor of storage.tensors) tensor.defined = false;
    this.heuristic.changed?.(storage);
    if (!this.heuristic.sets) return;
    const own = { parent: null, cost: storage.cost };
    storage.set = own;
    for (const tensor of storage.tensors) {
      for (const neighbours of [tensor.parents, tensor.children]) {
        for (const { storage: other } of neighbours) {
          if (!other.material && other !== storage && other.set !== null) join(other.set, own);
        }
      }
    }
  }

  private release(storage: DtrStorage): void {
    if (storage.references === 0) return;
    storage.references -= 1;
    if (storage.references === 0 && storage.material && !storage.pinned) this.evict(storage);
  }

  private pin(tensor: DtrTensor): void {
    if (!tensor.defined) this.materialise(tensor, true);
    if (tensor.storage.pinned) return;
    this.lock(tensor.storage);
    tensor.storage.pinned = true;
  }

  private lock(storage: DtrStorage): void {
    if (storage.locks === 0) this.pool.remove(storage);
    storage.locks += 1;
  }

  private unlock(storage: DtrStorage): void {
    storage.locks -= 1;
    if (storage.locks === 0 && storage.material) this.pool.add(storage);
  }
}

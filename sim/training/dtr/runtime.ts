import { DeadlockError, DoesNotFitError } from '../../errors.ts';
import type { TensorTrace, TraceEvent } from '../../types/trace.ts';
import { Frames } from './frames.ts';
import { DtrGraph, Pool } from './graph.ts';
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
  /** Storages that choices passed. */
  readonly scored: number;
}

export interface DtrOptions {
  readonly memory: string;
  readonly budget_bytes: number;
  readonly order: EvictionOrder;
}

/**
 * Replays a step under a memory budget: where an op's outputs do not fit, storages are evicted by the heuristic; where an
 * op needs one that was evicted, the op that made it runs again, and its parents before it. A storage whose last reference
 * goes leaves at once, and counts as an evicted neighbour like any other (Kirisame et al., ICLR 2021, section 4 and
 * appendix C: eager eviction).
 * @throws DoesNotFitError when nothing is left to evict; DeadlockError when ops run again without end.
 */
export function replayDtr(trace: TensorTrace, options: DtrOptions): DtrRun {
  const runtime = new Runtime(options, trace);
  for (const event of trace.events) runtime.take(event);
  return runtime.finish();
}

/** Times that the ops of a step run again on the mean before the budget is taken for too small: far beyond any that is worth it. */
const MOST_RERUNS = 50;

class Runtime {
  private readonly options: DtrOptions;
  private readonly graph: DtrGraph;
  private readonly heuristic: Heuristic;
  private readonly pool: Pool;
  private readonly frames = new Frames();
  private used = 0;
  private peak = 0;
  private constants = 0;
  /** Starts at 1: what has just been made is never infinitely fresh. */
  private clock = 1;
  private base = 0;
  private again = 0;
  private scored = 0;
  private reruns = 0;
  private readonly mostReruns: number;
  private readonly evicted: number[] = [];
  private readonly left: number[] = [];

  constructor(options: DtrOptions, trace: TensorTrace) {
    this.options = options;
    this.graph = new DtrGraph(trace);
    this.heuristic = heuristicOf(options.order, this.graph);
    this.pool = new Pool(trace.tensors);
    this.mostReruns = MOST_RERUNS * trace.events.filter(({ kind }) => kind === 'call').length;
  }

  take(event: TraceEvent): void {
    const { graph } = this;
    switch (event.kind) {
      case 'call':
        this.run(graph.addCall(event));
        break;
      case 'constant':
        this.constants += event.bytes;
        this.run(graph.addConstant(event.tensor, event.bytes));
        this.pin(event.tensor);
        break;
      case 'retain': {
        const storage = graph.storageOf(event.tensor);
        graph.references[storage] = graph.references[storage]! + 1;
        break;
      }
      case 'release':
        this.release(graph.storageOf(event.tensor));
        break;
      case 'output':
        graph.storageOf(event.tensor);
        this.pin(event.tensor);
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

  /** Runs an op for the first time. */
  private run(op: number): void {
    const { outputs, outputsFrom, storage, accessed } = this.graph;
    const from = outputsFrom[op]!;
    const to = outputsFrom[op + 1]!;
    if (from === to) return;
    for (let i = from; i < to; i++) {
      // A storage has the number of the tensor that brought it.
      if (storage[outputs[i]!] === outputs[i]!) this.heuristic.announce?.(outputs[i]!);
    }
    this.materialise(outputs[from]!, false);
    for (let i = from; i < to; i++) accessed[storage[outputs[i]!]!] = this.clock;
  }

  /** Makes a tensor, and before it what it is made from. Without recursion: chains may be as long as the step. */
  private materialise(target: number, again: boolean): void {
    const { frames } = this;
    const { defined, storage, parents, parentsFrom, op: ops } = this.graph;
    const depth = frames.depth;
    this.begin(target);
    while (frames.depth > depth) {
      const parent = frames.next();
      if (parent >= 0) {
        // A sibling's run may have made it meanwhile.
        if (defined[parent] === 0) this.begin(parent);
        else {
          this.lock(storage[parent]!);
          frames.advance();
        }
        continue;
      }
      const tensor = frames.pop();
      this.compute(tensor, again || frames.depth > depth);
      const op = ops[tensor]!;
      for (let i = parentsFrom[op]!; i < parentsFrom[op + 1]!; i++) this.unlock(storage[parents[i]!]!);
    }
  }

  /** Opens a frame whose parents that are there are locked, and lists those that are not. */
  private begin(tensor: number): void {
    const { defined, storage, parents, parentsFrom, accessed, op: ops } = this.graph;
    const op = ops[tensor]!;
    const from = parentsFrom[op]!;
    const to = parentsFrom[op + 1]!;
    this.frames.push(tensor);
    for (let i = from; i < to; i++) accessed[storage[parents[i]!]!] = this.clock;
    for (let i = from; i < to; i++) {
      const parent = parents[i]!;
      if (defined[parent] === 1) this.lock(storage[parent]!);
      else this.frames.miss(parent);
    }
  }

  private compute(tensor: number, again: boolean): void {
    const { graph } = this;
    const { outputs, outputsFrom, defined, material, storage, tensorBytes } = graph;
    const op = graph.op[tensor]!;
    const from = outputsFrom[op]!;
    const to = outputsFrom[op + 1]!;
    const cost = graph.opCost[op]!;
    this.makeRoom(op);
    this.clock += cost;
    if (again) {
      this.again += cost;
      this.reruns += 1;
      if (this.reruns > this.mostReruns) this.giveUp();
    } else this.base += cost;
    this.used += graph.opBytes[op]!;
    if (this.used > this.peak) this.peak = this.used;
    // The target itself enters the pool after its siblings.
    const target = material[storage[tensor]!] === 0 ? storage[tensor]! : -1;
    for (let i = from; i < to; i++) {
      const output = outputs[i]!;
      // Outputs that were there already are made twice; the second copy goes after the op.
      if (defined[output] === 1) this.used -= tensorBytes[output]!;
      defined[output] = 1;
      if (output !== tensor && material[storage[output]!] === 0 && storage[output] !== target)
        this.enter(storage[output]!);
    }
    if (target >= 0) this.enter(target);
  }

  /** A storage is there (again). */
  private enter(storage: number): void {
    this.graph.material[storage] = 1;
    this.graph.made[storage] = 1;
    if (this.graph.locks[storage] === 0) this.pool.add(storage);
    this.heuristic.made?.(storage);
  }

  private makeRoom(op: number): void {
    const { budget_bytes, memory } = this.options;
    const bytes = this.graph.opBytes[op]!;
    while (this.used + bytes > budget_bytes) {
      const victim = this.heuristic.choose(this.pool, this.clock);
      this.scored += this.heuristic.passed;
      if (victim < 0) {
        const what = `the operands of ${this.graph.opName[op]} and its outputs`;
        throw new DoesNotFitError(memory, what, this.used + bytes, budget_bytes, this.clock / 1e9, []);
      }
      this.evicted.push(victim);
      this.evict(victim);
    }
  }

  private giveUp(): never {
    const what = `a step whose ops ran again ${MOST_RERUNS} times on the mean in ${this.options.budget_bytes} bytes`;
    throw new DeadlockError([what], this.clock / 1e9);
  }

  private evict(storage: number): void {
    const { graph } = this;
    graph.material[storage] = 0;
    this.used -= graph.bytes[storage]!;
    this.pool.remove(storage);
    this.left.push(storage);
    for (let tensor = storage; tensor >= 0; tensor = graph.sibling[tensor]!) graph.defined[tensor] = 0;
    this.heuristic.evicted?.(storage);
  }

  private release(storage: number): void {
    const { references, material, pinned } = this.graph;
    if (references[storage] === 0) return;
    references[storage] = references[storage]! - 1;
    if (references[storage] === 0 && material[storage] === 1 && pinned[storage] === 0) this.evict(storage);
  }

  private pin(tensor: number): void {
    const { defined, storage, pinned } = this.graph;
    if (defined[tensor] === 0) this.materialise(tensor, true);
    const held = storage[tensor]!;
    if (pinned[held] === 1) return;
    this.lock(held);
    pinned[held] = 1;
  }

  private lock(storage: number): void {
    const { locks } = this.graph;
    if (locks[storage] === 0) this.pool.remove(storage);
    locks[storage] = locks[storage]! + 1;
  }

  private unlock(storage: number): void {
    const { locks, material } = this.graph;
    locks[storage] = locks[storage]! - 1;
    if (locks[storage] === 0 && material[storage] === 1) this.pool.add(storage);
  }
}

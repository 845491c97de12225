import { type Rng, randomStreams } from '../../../sim/kernel/random.ts';
import type { Instance } from './instance.ts';
import type { Neighbours } from './neighbours.ts';
import { Refuted } from './refuted.ts';
import { Searcher, type SearchStatus } from './searcher.ts';
import { styleOf } from './styles.ts';

/** Nodes of a short run in items: a lucky order needs about one node an item. */
const SHORT_RUN = 2;
/** Nodes between two looks at the clock: at most so many, fewer where many items in many sections make a node long. */
const SLICE = 100;
const SLICE_ENTRIES = 500_000;
/** Of so many turns, one goes to the search that is never restarted. */
const TURNS = 4;

/**
 * Several styles of search for one capacity on one core, in turns. Short runs with ever other styles find plans, their
 * length following the sequence 1 1 2 1 1 2 4 … (Luby, Sinclair and Zuckerman, IPL 47, 1993); one search is never
 * restarted, so that in the end something is proved.
 */
export class Portfolio {
  readonly capacity: number;
  nodes = 0;
  private readonly instance: Instance;
  private readonly neighbours: Neighbours;
  private readonly random: Rng;
  private readonly first: number;
  private readonly lucky: Searcher;
  private steady: Searcher | null = null;
  private searcher: Searcher;
  private turn = 0;
  private runs = 0;
  /** Nodes left of this turn. */
  private left = 0;
  /** Shared by all its searches: a proof does not depend on the style. */
  private readonly refuted: Refuted;
  private found: Searcher | null = null;

  /** `first` is the number of the first style, so that several portfolios differ. */
  constructor(instance: Instance, neighbours: Neighbours, capacity: number, seed = 0, first = 0) {
    this.instance = instance;
    this.neighbours = neighbours;
    this.capacity = capacity;
    this.first = first;
    this.refuted = new Refuted(instance.items);
    this.random = randomStreams(seed).stream('planner.exact');
    this.lucky = this.search(first);
    this.searcher = this.lucky;
  }

  /** A slice of the turn of one search. */
  step(): SearchStatus {
    if (this.left <= 0) this.nextTurn();
    const { searcher } = this;
    const before = searcher.nodes;
    searcher.run(Math.min(this.left, SLICE, Math.ceil(SLICE_ENTRIES / this.instance.section.length)));
    const used = searcher.nodes - before;
    this.nodes += used;
    this.left = searcher.status === 'running' ? this.left - used : 0;
    if (searcher.status === 'found') this.found = searcher;
    return searcher.status;
  }

  private nextTurn(): void {
    const { instance } = this;
    const short = SHORT_RUN * instance.items + 50;
    if (this.turn++ % TURNS === TURNS - 1) {
      this.steady ??= this.search(this.first);
      this.searcher = this.steady;
      this.left = short * 2;
      return;
    }
    if (this.runs > 0) this.lucky.restart(styleOf(instance, this.first + this.runs, this.random));
    this.searcher = this.lucky;
    this.left = short * luby(++this.runs);
  }

  private search(style: number): Searcher {
    return new Searcher(
      this.instance,
      this.neighbours,
      this.capacity,
      styleOf(this.instance, style, this.random),
      this.refuted,
    );
  }

  /** Offset of each item after `found`. */
  get offsets(): Float64Array {
    return this.found!.offsets;
  }
}

/** The n-th term, from 1, of 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 … */
export function luby(n: number): number {
  let k = n;
  for (;;) {
    const bits = 32 - Math.clz32(k);
    if (k === 2 ** bits - 1) return 2 ** (bits - 1);
    k -= 2 ** (bits - 1) - 1;
  }
}

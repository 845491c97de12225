import { randomStreams } from '../../../sim/kernel/random.ts';
import type { Instance } from './instance.ts';
import { Searcher, type SearchStatus } from './searcher.ts';
import type { Neighbours } from './state.ts';
import { styleOf } from './styles.ts';

/** Nodes of a short run in items: a lucky order needs about one node an item. */
const SHORT_RUN = 2;
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
  private readonly steady: Searcher;
  private readonly lucky: Searcher;
  private readonly random;
  private turn = 0;
  private runs = 0;
  private found: Searcher | null = null;
  private readonly first: number;

  /** `first` is the number of the first style, so that several portfolios differ. */
  constructor(instance: Instance, neighbours: Neighbours, capacity: number, seed = 0, first = 0) {
    this.instance = instance;
    this.capacity = capacity;
    this.first = first;
    this.random = randomStreams(seed).stream('planner.exact');
    this.steady = new Searcher(instance, neighbours, capacity, styleOf(instance, first, this.random));
    this.lucky = new Searcher(instance, neighbours, capacity, styleOf(instance, first, this.random));
  }

  /** One turn of one search. */
  step(): SearchStatus {
    const { instance, steady, lucky } = this;
    const turn = this.turn++;
    const searcher = turn % TURNS === TURNS - 1 ? steady : lucky;
    const before = searcher.nodes;
    const short = SHORT_RUN * instance.items + 50;
    if (searcher === steady) steady.run(short * 2);
    else {
      if (this.runs > 0) lucky.restart(styleOf(instance, this.first + this.runs, this.random));
      lucky.run(short * luby(++this.runs));
    }
    this.nodes += searcher.nodes - before;
    if (searcher.status === 'found') this.found = searcher;
    return searcher.status;
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

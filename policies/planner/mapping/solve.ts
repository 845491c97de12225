import { goodFitPlan } from './goodFit.ts';
import { conflictsOf, type ItemPlan } from './greedy.ts';
import { buildInstance, type Instance, instanceEntries } from './instance.ts';
import { type Neighbours, neighboursOf } from './neighbours.ts';
import { OrderSearch } from './orderSearch.ts';
import { Portfolio } from './portfolio.ts';
import type { MapBuffer } from './problem.ts';
import { MOST_ITEMS } from './searcher.ts';
import { buildTimeline, grainOf, lowerBoundOf, type Timeline } from './timeline.ts';

export interface SolveOptions {
  /** The plan must stay within it. Default: none, and the lowest plan is looked for. */
  readonly capacity_bytes?: number;
  /** Look for the lowest plan, even when one within the capacity is known. */
  readonly minimize?: boolean;
  /** Seconds of the injected clock after which the best so far is returned. Default: no limit. */
  readonly time_limit_s?: number;
  readonly seed?: number;
}

/**
 * What is known about a problem: `optimal`, the plan is as low as the proved bound; `feasible`, it fits; `infeasible`, it
 * is proved that no plan fits; `not_found`, none was found in time and none is ruled out.
 */
export type Verdict = 'optimal' | 'feasible' | 'infeasible' | 'not_found';

/** How far a search is: it has a first plan, that of an allocator at run time; first fit has placed the known orders; the exact search has begun. */
export type MapStage = 'first_plan' | 'orders' | 'exact';

export interface MapPlan {
  readonly verdict: Verdict;
  /** Offset of each buffer. With `not_found` and `infeasible` the lowest plan known, above the capacity. */
  readonly offsets: Float64Array;
  /** Top of that plan. */
  readonly peak_bytes: number;
  /** No plan is lower: proved. */
  readonly lower_bound_bytes: number;
  readonly nodes: number;
  readonly stage: MapStage;
}

/** Entries of the exact search's tables beyond which only heuristics run. */
const EXACT_ENTRIES = 4e6;
/** Pairs of buffers that live at once, each counted twice, beyond which its tables would take more than some 200 MB. */
const EXACT_PAIRS = 8e6;
/** Of so many steps towards the lowest plan, one goes to the search over orders. */
const ORDER_STEPS = 6;

/** Looks for a plan step by step; between steps the best plan and the bound can be read. */
export class Mapper {
  readonly timeline: Timeline;
  readonly capacity_bytes: number;
  private readonly minimize: boolean;
  private readonly seed: number;
  private readonly grain: number;
  private low: number;
  private best: ItemPlan | null = null;
  private readonly orders: OrderSearch;
  private instance: Instance | null = null;
  private neighbours: Neighbours | null = null;
  private rungs: Portfolio[] = [];
  private turn = 0;
  private steps = 0;
  private readonly limited: boolean;
  private readonly exact: boolean;
  nodes = 0;

  constructor(buffers: readonly MapBuffer[], options: SolveOptions = {}) {
    this.timeline = buildTimeline(buffers);
    this.capacity_bytes = options.capacity_bytes ?? Number.POSITIVE_INFINITY;
    this.minimize = options.minimize ?? options.capacity_bytes === undefined;
    this.limited = options.time_limit_s !== undefined;
    this.seed = options.seed ?? 0;
    this.orders = new OrderSearch(this.timeline, this.seed);
    this.grain = grainOf(this.timeline);
    this.exact = exactlySearched(this.timeline);
    this.low = lowerBoundOf(this.timeline, this.grain);
  }

  /** Whether the question is answered. */
  get settled(): boolean {
    const { best, low, capacity_bytes } = this;
    if (low > capacity_bytes || (best !== null && best.height <= low)) return true;
    return !this.minimize && best !== null && best.height <= capacity_bytes;
  }

  /** Whether nothing is left to find out. */
  get done(): boolean {
    if (this.settled) return true;
    return !this.exact && this.orders.exhausted(this.limited);
  }

  get stage(): MapStage {
    if (this.orders.opening) return 'first_plan';
    return this.instance === null ? 'orders' : 'exact';
  }

  /** One piece of work, some milliseconds on problems of ordinary size. The first gives a plan. */
  step(): void {
    if (this.best === null) {
      this.keep(goodFitPlan(this.timeline));
      return;
    }
    const orders = this.orders.opening || !this.exact || (this.minimize && this.steps++ % ORDER_STEPS === 0);
    if (orders) this.keep(this.orders.step(this.high - 1));
    else this.climb();
  }

  /** Takes over what another mapper of the same problem has found. */
  learn(plan: ItemPlan | null, lower_bound_bytes: number): void {
    this.keep(plan);
    this.low = Math.max(this.low, lower_bound_bytes);
  }

  /** The lowest plan of items, for other mappers. */
  get bestPlan(): ItemPlan | null {
    return this.best;
  }

  /** No plan is lower: proved. */
  get lower_bound_bytes(): number {
    return this.low;
  }

  /** What is known now; before the first step, its plan is made. */
  plan(): MapPlan {
    this.best ??= goodFitPlan(this.timeline);
    const { best, low, capacity_bytes, nodes, stage } = this;
    const fits = best.height <= capacity_bytes;
    const verdict =
      low > capacity_bytes ? 'infeasible' : !fits ? 'not_found' : best.height <= low ? 'optimal' : 'feasible';
    const { itemOf } = this.timeline;
    const offsets = new Float64Array(itemOf.length);
    for (let i = 0; i < itemOf.length; i++) offsets[i] = best.offsets[itemOf[i]!]!;
    return { verdict, offsets, peak_bytes: best.height, lower_bound_bytes: low, nodes, stage };
  }

  private get high(): number {
    return this.best?.height ?? Number.POSITIVE_INFINITY;
  }

  private keep(plan: ItemPlan | null): void {
    if (plan && plan.height < this.high) this.best = plan;
  }

  /** One turn of one capacity. Several stand between the bound and the best plan, and each result moves one of them. */
  private climb(): void {
    this.instance ??= buildInstance(this.timeline);
    this.neighbours ??= neighboursOf(this.instance);
    const rung = this.nextRung();
    const before = rung.nodes;
    const status = rung.step();
    this.nodes += rung.nodes - before;
    if (status === 'infeasible') this.low = Math.max(this.low, rung.capacity + this.grain);
    if (status !== 'found') return;
    const offsets = rung.offsets.slice();
    const height = this.timeline.size.reduce((top, bytes, i) => Math.max(top, offsets[i]! + bytes), 0);
    this.keep({ offsets, height });
  }

  /** The next of the capacities searched now: multiples of the grain, at least the bound and below the best plan. */
  private nextRung(): Portfolio {
    const { low, grain, instance, neighbours } = this;
    const down = (bytes: number): number => Math.floor(bytes / grain) * grain;
    const top = down(Math.min(this.capacity_bytes, this.high - grain));
    const gap = top - low;
    const part = (share: number): number => down(low + gap * share);
    const wanted = this.minimize ? [part(0.75), part(0.5), top, part(0.25), low] : [top];
    const targets = [...new Set(wanted)];
    this.rungs = this.rungs.filter((rung) => targets.includes(rung.capacity));
    const n = this.turn++ % targets.length;
    const known = this.rungs.find((rung) => rung.capacity === targets[n]);
    if (known) return known;
    const made = new Portfolio(instance!, neighbours!, targets[n]!, this.seed, n);
    this.rungs.push(made);
    return made;
  }
}

/** Whether the exact search applies: it does not know windows that begin above the offset, and its tables grow. */
const exactlySearched = (timeline: Timeline): boolean =>
  timeline.items <= MOST_ITEMS &&
  !timeline.raised &&
  instanceEntries(timeline) <= EXACT_ENTRIES &&
  conflictsOf(timeline).reduce((sum, more) => sum + more, 0) <= EXACT_PAIRS;

/**
 * Looks for offsets until the question is settled or the time is up.
 * @param now_s the clock that the limit is measured on, in seconds
 */
export function solveMapping(buffers: readonly MapBuffer[], options: SolveOptions, now_s: () => number): MapPlan {
  const begin = now_s();
  const limit = options.time_limit_s ?? Number.POSITIVE_INFINITY;
  const mapper = new Mapper(buffers, options);
  while (!mapper.done) {
    mapper.step();
    if (now_s() - begin >= limit) break;
  }
  return mapper.plan();
}

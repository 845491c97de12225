import { type RandomStreams, randomStreams } from '../../../sim/kernel/random.ts';
import { FirstFit, type ItemPlan, ORDERS, type OrderName, orderOf } from './greedy.ts';
import { sortedBy } from './sorting.ts';
import type { Timeline } from './timeline.ts';

/** Items placed between two looks at the clock. */
const SLICE = 2000;
/** Beyond so many items one order is placed, that by size classes: neighbours in time then meet in the processor's caches. */
const MANY_ITEMS = 200_000;
/** Where the search is left to end by itself, it does after so many tries in a row, or items placed in them, without a lower plan. */
const PATIENCE = { tries: 60, placed: 250_000 } as const;

/**
 * Local search over the orders that first fit places items in, as production compilers replay them. It begins with the
 * orders of the heuristics. Then each try either blurs the best order a little or brings the items that stand highest in
 * its plan forward; the placing is given up as soon as it is no better.
 */
export class OrderSearch {
  private readonly timeline: Timeline;
  private readonly random;
  private readonly heuristics: OrderName[];
  private best: { order: Int32Array; plan: ItemPlan } | null = null;
  private fit: { order: Int32Array; run: FirstFit } | null = null;
  private fruitless = { tries: 0, placed: 0 };

  constructor(timeline: Timeline, seed: number, streams: RandomStreams = randomStreams(seed)) {
    this.timeline = timeline;
    this.heuristics = timeline.items > MANY_ITEMS ? ['class'] : [...ORDERS];
    this.random = streams.stream('planner.orders');
  }

  /** Whether it is still at the orders of the heuristics. */
  get opening(): boolean {
    return this.heuristics.length > 0 || (this.fit !== null && this.best === null);
  }

  /** Whether more tries are not worth their time: there are too many items, or `patient`, and none of the last has led on. */
  exhausted(patient: boolean): boolean {
    if (this.heuristics.length > 0 || this.fit !== null) return false;
    if (this.timeline.items > MANY_ITEMS) return true;
    const { tries, placed } = this.fruitless;
    return !patient && (tries >= PATIENCE.tries || placed >= PATIENCE.placed);
  }

  /**
   * Goes on with one order; its plan once it is placed, or null: not yet, or its top would pass `limit`. The orders of the
   * heuristics are only to be lower than each other, so that there is one to go on from.
   */
  step(limit: number): ItemPlan | null {
    if (this.fit === null) {
      const name = this.heuristics.shift();
      const order = name === undefined ? this.next() : orderOf(this.timeline, name);
      const most = name === undefined ? limit : (this.best?.plan.height ?? Number.POSITIVE_INFINITY) - 1;
      this.fit = { order, run: new FirstFit(this.timeline, order, most) };
    }
    const { order, run } = this.fit;
    run.run(SLICE);
    if (run.status === 'running') return null;
    this.fit = null;
    const { plan } = run;
    this.fruitless.tries++;
    this.fruitless.placed += run.placed;
    if (plan && plan.height < (this.best?.plan.height ?? Number.POSITIVE_INFINITY)) {
      this.best = { order, plan };
      this.fruitless = { tries: 0, placed: 0 };
    }
    return plan;
  }

  private next(): Int32Array {
    const { random, timeline } = this;
    // Where no order has led to a plan within the limits, one is blurred.
    const { order, plan } = this.best ?? { order: orderOf(timeline, 'size'), plan: null };
    const items = order.length;
    const place = new Float64Array(items);
    for (let k = 0; k < items; k++) place[order[k]!] = k;
    if (plan && random.chance(0.5)) {
      // What makes the top goes before what it stands on.
      const share = random.uniform(0.001, 0.2);
      for (let i = 0; i < items; i++) {
        const top = plan.offsets[i]! + timeline.size[i]!;
        if (top > plan.height * (1 - share) && random.chance(0.7)) place[i] = place[i]! * random.next();
      }
    } else {
      const blur = items * random.uniform(0.001, 0.05);
      for (let i = 0; i < items; i++) place[i] = place[i]! + random.uniform(-blur, blur);
    }
    return sortedBy(place);
  }
}

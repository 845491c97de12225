import { type RandomStreams, randomStreams } from '../../../sim/kernel/random.ts';
import { firstFit, type ItemPlan, ORDERS, orderOf } from './greedy.ts';
import type { Timeline } from './timeline.ts';

/**
 * Local search over the orders that first fit places items in, as production compilers replay them. A step either starts
 * from an order of a heuristic, its keys blurred a little, or takes the best order known and brings the items that stand
 * highest in its plan forward; the placing is given up as soon as it is no better.
 */
export class OrderSearch {
  private readonly timeline: Timeline;
  private readonly random;
  private best: { order: Int32Array; plan: ItemPlan } | null = null;
  private tried = 0;

  constructor(timeline: Timeline, seed: number, streams: RandomStreams = randomStreams(seed)) {
    this.timeline = timeline;
    this.random = streams.stream('planner.orders');
  }

  /** Tries one order; the plan, or null when its top would pass `limit`. */
  step(limit: number): ItemPlan | null {
    const order = this.tried < ORDERS.length ? orderOf(this.timeline, ORDERS[this.tried]!) : this.next();
    this.tried++;
    const first = this.best === null || this.tried <= ORDERS.length;
    const plan = firstFit(this.timeline, order, first ? Number.POSITIVE_INFINITY : limit);
    if (plan && (this.best === null || plan.height < this.best.plan.height)) this.best = { order, plan };
    return plan && plan.height <= limit ? plan : null;
  }

  private next(): Int32Array {
    const { random, timeline } = this;
    const { order, plan } = this.best!;
    const items = order.length;
    const place = new Float64Array(items);
    for (let k = 0; k < items; k++) place[order[k]!] = k;
    if (random.chance(0.5)) {
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
    return Int32Array.from(place.keys()).sort((a, b) => place[a]! - place[b]! || a - b);
  }
}

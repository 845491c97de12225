import { FreeMap } from './freeMap.ts';
import { sortedBy } from './sorting.ts';
import type { Timeline } from './timeline.ts';

/** The plan of a heuristic: an offset for each item and the top of all. */
export interface ItemPlan {
  readonly offsets: Float64Array;
  readonly height: number;
}

/** The orders of the known heuristics; `class` goes by size in steps of a quarter octave, alike sizes from start to end. */
export const ORDERS = ['size', 'class', 'area', 'lifetime', 'conflicts', 'start'] as const;
export type OrderName = (typeof ORDERS)[number];

/** Size classes an octave. */
const CLASSES = 4;

/** Items in the order of a heuristic: falling, `start` rising; equal ones by size, those of a class by start. */
export function orderOf(timeline: Timeline, name: OrderName): Int32Array {
  const { items, size, lower, upper } = timeline;
  const key = new Float64Array(items);
  if (name === 'conflicts') key.set(conflictsOf(timeline));
  else
    for (let i = 0; i < items; i++) {
      const life = upper[i]! - lower[i]!;
      if (name === 'size') key[i] = size[i]!;
      else if (name === 'class') key[i] = Math.floor(CLASSES * Math.log2(size[i]!));
      else if (name === 'area') key[i] = size[i]! * life;
      else key[i] = name === 'lifetime' ? life : -lower[i]!;
    }
  const second = name === 'class' ? lower : size.map((bytes) => -bytes);
  return sortedBy(
    key.map((value) => -value),
    sortedBy(second),
  );
}

/** How many other items each meets in time, lives taken without their gaps. */
export function conflictsOf({ items, lower, upper }: Pick<Timeline, 'items' | 'lower' | 'upper'>): Float64Array {
  const starts = lower.slice().sort();
  const ends = upper.slice().sort();
  const conflicts = new Float64Array(items);
  // All begin before its end, but for those that have ended by its start, and for itself.
  for (let i = 0; i < items; i++) conflicts[i] = countBelow(starts, upper[i]!) - countBelow(ends, lower[i]!, true) - 1;
  return conflicts;
}

function countBelow(sorted: Float64Array, value: number, orEqual = false): number {
  let a = 0;
  let b = sorted.length;
  while (a < b) {
    const middle = (a + b) >> 1;
    if (sorted[middle]! < value || (orEqual && sorted[middle] === value)) a = middle + 1;
    else b = middle;
  }
  return a;
}

/**
 * Places items in an order, each at the lowest offset that fits (first fit); items with a fixed offset come first. Goes
 * on where it stopped, so that a long order can be placed a piece at a time.
 */
export class FirstFit {
  /** `lost` once the top of the plan would pass the limit. */
  status: 'running' | 'done' | 'lost' = 'running';
  /** Items placed so far. */
  placed = 0;
  private readonly timeline: Timeline;
  private readonly order: ArrayLike<number>;
  private readonly limit: number;
  private readonly map: FreeMap;
  private readonly offsets: Float64Array;
  private height = 0;
  private next = 0;

  /** @param limit a plan whose top would pass it is given up */
  constructor(timeline: Timeline, order: ArrayLike<number>, limit = Number.POSITIVE_INFINITY) {
    this.timeline = timeline;
    this.order = order;
    this.limit = limit;
    this.map = new FreeMap(timeline.sections);
    this.offsets = new Float64Array(timeline.items);
    const { items, fixed } = timeline;
    for (let i = 0; i < items; i++) if (fixed[i]! >= 0) this.put(i, fixed[i]!);
    if (this.height > limit) this.status = 'lost';
  }

  /** Places at most so many items more. */
  run(most: number): void {
    const { timeline, order, limit, map } = this;
    const { fixed } = timeline;
    const until = this.placed + most;
    while (this.status === 'running' && this.placed < until) {
      if (this.next >= order.length) {
        this.status = 'done';
        return;
      }
      const item = order[this.next++]!;
      if (fixed[item]! >= 0) continue;
      const at = map.lowest(timeline, item, 0, limit);
      if (at === Number.POSITIVE_INFINITY) this.status = 'lost';
      else this.put(item, at);
    }
  }

  /** The plan once done. */
  get plan(): ItemPlan | null {
    return this.status === 'done' ? { offsets: this.offsets, height: this.height } : null;
  }

  private put(item: number, at: number): void {
    const { map, timeline } = this;
    const { size, pieceFirst, begin, end, low, high } = timeline;
    this.offsets[item] = at;
    this.placed++;
    this.height = Math.max(this.height, at + size[item]!);
    for (let p = pieceFirst[item]!; p < pieceFirst[item + 1]!; p++) {
      map.take(begin[p]!, end[p]!, at + low[p]!, at + high[p]!);
    }
  }
}

/** The whole order at once; null when given up. */
export function firstFit(timeline: Timeline, order: ArrayLike<number>, limit?: number): ItemPlan | null {
  const fit = new FirstFit(timeline, order, limit);
  fit.run(Number.POSITIVE_INFINITY);
  return fit.plan;
}

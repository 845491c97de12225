import { FIRST, STAGE } from './heap.ts';

/** More tiers than this are never needed to halve 2^24 events down to a heap; it bounds the search for a tier. */
const MAX_TIERS = 32;

/** Times that are looked at to find a pivot. */
const SAMPLES = 63;

/** Copies pairs of `from` up to `end` to `to` and returns where the copy ends; it may leave some out. */
export type Move = (from: Float64Array, end: number, to: Float64Array, toStart: number) => number;

/** Unsorted (time, rank) pairs of one span of time. */
class Tier {
  keys = new Float64Array(256);
  end = 0;

  reserve(length: number): void {
    if (length <= this.keys.length) return;
    const keys = new Float64Array(Math.max(length, 2 * this.keys.length));
    keys.set(this.keys);
    this.keys = keys;
  }
}

/**
 * The events too far ahead for the heap to bother with, so that the heap stays small enough for the processor's caches
 * however many are pending. Quicksort by instalments (Navarro and Paredes, On Sorting, Heaps, and Minimum Spanning
 * Trees, Algorithmica 2010): the far events lie in tiers of rising time, unsorted within. Only when the heap is empty is
 * the nearest tier halved about a median, again and again, until a half is small enough to become the heap.
 */
export class FarEvents {
  /** Every far event is at or after this time and every event of the heap before it; ∞ when nothing is far. */
  horizon = Number.POSITIVE_INFINITY;
  count = 0;

  /** Tiers 0 … depth − 1 are in use, the farthest first; tier i starts at time `starts[i]`. */
  private readonly tiers: Tier[] = [];
  private readonly starts = new Float64Array(MAX_TIERS);
  private depth = 0;
  private readonly sample = new Float64Array(SAMPLES);

  /** Adds the staged pair of a heap, an event at or after the horizon. */
  add(heap: Float64Array): void {
    const time = heap[STAGE]!;
    const starts = this.starts;
    let index = 0;
    while (time < starts[index]!) index++;
    const tier = this.tiers[index]!;
    const end = tier.end;
    if (end === tier.keys.length) tier.reserve(end + 2);
    tier.keys[end] = time;
    tier.keys[end + 1] = heap[STAGE + 1]!;
    tier.end = end + 2;
    this.count += 1;
  }

  /**
   * Takes over the later half of a heap and returns where the rest ends, in no order. Returns `end` and takes nothing
   * when there are no halves: all times equal, or no tier left.
   */
  relieve(heap: Float64Array, end: number): number {
    const pivot = this.pivot(heap, FIRST, end);
    if (!(pivot < this.horizon)) return end;
    const tier = this.open(pivot);
    const kept = partition(heap, FIRST, end, pivot, tier);
    this.count += tier.end >> 1;
    return kept;
  }

  /** Halves the nearest tier until it has at most `limit` events or cannot be halved; returns how many it has. */
  narrow(limit: number): number {
    while (this.tiers[this.depth - 1]!.end > 2 * limit && this.halveNearest());
    return this.tiers[this.depth - 1]!.end >> 1;
  }

  /** Moves the nearest tier to an empty heap and returns where that ends, the pairs in no order. */
  surrender(heap: Float64Array, move: Move): number {
    const tier = this.tiers[this.depth - 1]!;
    const end = move(tier.keys, tier.end, heap, FIRST);
    this.count -= tier.end >> 1;
    tier.end = 0;
    this.depth -= 1;
    this.horizon = this.depth > 0 ? this.starts[this.depth - 1]! : Number.POSITIVE_INFINITY;
    return end;
  }

  /** Moves each tier onto itself. */
  sweep(move: Move): void {
    this.count = 0;
    for (let index = 0; index < this.depth; index++) {
      const tier = this.tiers[index]!;
      tier.end = move(tier.keys, tier.end, tier.keys, 0);
      this.count += tier.end >> 1;
    }
  }

  /** A new nearest tier, empty. */
  private open(start: number): Tier {
    if (this.depth === this.tiers.length) this.tiers.push(new Tier());
    this.starts[this.depth] = start;
    this.horizon = start;
    return this.tiers[this.depth++]!;
  }

  private halveNearest(): boolean {
    const tier = this.tiers[this.depth - 1]!;
    const pivot = this.pivot(tier.keys, 0, tier.end);
    if (pivot === Number.POSITIVE_INFINITY) return false;
    const later = this.open(this.horizon);
    tier.end = partition(tier.keys, 0, tier.end, pivot, later);
    this.starts[this.depth - 2] = pivot;
    this.tiers[this.depth - 2] = later;
    this.tiers[this.depth - 1] = tier;
    return true;
  }

  /** A time near the median that some time precedes; ∞ when there is none or no tier is left to part at it. */
  private pivot(keys: Float64Array, start: number, end: number): number {
    if (this.depth === MAX_TIERS) return Number.POSITIVE_INFINITY;
    const sample = this.sample;
    const pairs = (end - start) >> 1;
    for (let i = 0; i < SAMPLES; i++) sample[i] = keys[start + 2 * Math.floor((i * pairs) / SAMPLES)]!;
    sample.sort();
    for (let i = SAMPLES >> 1; i < SAMPLES; i++) if (sample[i]! > sample[0]!) return sample[i]!;
    return Number.POSITIVE_INFINITY;
  }
}

/** Moves the pairs at or after `pivot` to the tier, closes the gaps, and returns the end of what stays. */
function partition(keys: Float64Array, start: number, end: number, pivot: number, tier: Tier): number {
  tier.reserve(tier.end + end - start + 2);
  const later = tier.keys;
  let laterEnd = tier.end;
  let kept = start;
  // Every pair is written to both places and only one of them moves on: no branch to predict.
  for (let position = start; position < end; position += 2) {
    const time = keys[position]!;
    const rank = keys[position + 1]!;
    const step = (Number(time < pivot) | 0) << 1;
    keys[kept] = time;
    keys[kept + 1] = rank;
    later[laterEnd] = time;
    later[laterEnd + 1] = rank;
    kept = (kept + step) | 0;
    laterEnd = (laterEnd + 2 - step) | 0;
  }
  tier.end = laterEnd;
  return kept;
}

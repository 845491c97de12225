import type { Timeline } from './timeline.ts';

/** A time line with the sections of every item and the items of every section listed one by one, as the search wants it. */
export interface Instance {
  readonly items: number;
  readonly sections: number;
  readonly size: Float64Array;
  readonly alignment: Float64Array;
  readonly fixed: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Sections of item `i`: `section[first[i] .. first[i + 1])` in order, with the window `[low, high)` it uses there. */
  readonly first: Int32Array;
  readonly section: Int32Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Items of section `s`: `member[memberFirst[s] .. memberFirst[s + 1])`. */
  readonly memberFirst: Int32Array;
  readonly member: Int32Array;
}

/** How many entries `buildInstance` makes: the sum over items of their sections. */
export function instanceEntries({ begin, end }: Timeline): number {
  let entries = 0;
  for (let p = 0; p < begin.length; p++) entries += end[p]! - begin[p]!;
  return entries;
}

export function buildInstance(timeline: Timeline): Instance {
  const { items, sections, size, alignment, fixed, lower, upper, pieceFirst, begin, end } = timeline;
  const first = new Int32Array(items + 1);
  const section: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  for (let item = 0; item < items; item++) {
    const own = Array.from({ length: pieceFirst[item + 1]! - pieceFirst[item]! }, (_, k) => pieceFirst[item]! + k);
    own.sort((a, b) => begin[a]! - begin[b]!);
    for (const piece of own) {
      for (let s = begin[piece]!; s < end[piece]!; s++) {
        // Colocated buffers may be live together: they share the bytes.
        let k = section.length - 1;
        while (k >= first[item]! && section[k]! > s) k--;
        if (k >= first[item]! && section[k] === s) {
          low[k] = Math.min(low[k]!, timeline.low[piece]!);
          high[k] = Math.max(high[k]!, timeline.high[piece]!);
        } else {
          section.push(s);
          low.push(timeline.low[piece]!);
          high.push(timeline.high[piece]!);
        }
      }
    }
    first[item + 1] = section.length;
  }
  const memberFirst = new Int32Array(sections + 1);
  for (const s of section) memberFirst[s + 1]!++;
  for (let s = 0; s < sections; s++) memberFirst[s + 1]! += memberFirst[s]!;
  const next = memberFirst.slice();
  const member = new Int32Array(section.length);
  for (let item = 0; item < items; item++) {
    for (let k = first[item]!; k < first[item + 1]!; k++) member[next[section[k]!]!++] = item;
  }
  return {
    items,
    sections,
    size,
    alignment,
    fixed,
    lower,
    upper,
    first,
    section: Int32Array.from(section),
    low: Float64Array.from(low),
    high: Float64Array.from(high),
    memberFirst,
    member,
  };
}

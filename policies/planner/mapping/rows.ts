import type { ItemPlan } from './greedy.ts';
import { sortedBy } from './sorting.ts';
import type { Timeline } from './timeline.ts';

/** Size classes an octave. */
const CLASSES = 4;

/**
 * A plan that is never far to seek: items of like size share rows that are one of them high, each item in the first row
 * that is free for all its life (interval colouring), rows on rows above all that is fixed. It takes a sort; with one size
 * for all and no gaps it is the lowest.
 */
export function rowsPlan(timeline: Timeline): ItemPlan {
  const { items, size, alignment, fixed, lower, upper } = timeline;
  const offsets = new Float64Array(items);
  let top = 0;
  for (let i = 0; i < items; i++) {
    if (fixed[i]! < 0) continue;
    offsets[i] = fixed[i]!;
    top = Math.max(top, fixed[i]! + size[i]!);
  }
  const classes = new Map<string, number[]>();
  for (const i of sortedBy(lower)) {
    if (fixed[i]! >= 0) continue;
    const key = `${Math.floor(CLASSES * Math.log2(size[i]!))},${alignment[i]}`;
    const known = classes.get(key);
    if (known) known.push(i);
    else classes.set(key, [i]);
  }
  for (const members of classes.values()) {
    const align = alignment[members[0]!]!;
    const highest = members.reduce((most, i) => Math.max(most, size[i]!), 0);
    const pitch = Math.ceil(highest / align) * align;
    const base = Math.ceil(top / align) * align;
    // Rows whose last item has ended are taken again before a new one is begun.
    const byEnd = sortedBy(Float64Array.from(members, (i) => upper[i]!));
    const row = new Int32Array(members.length);
    const free: number[] = [];
    let ended = 0;
    let rows = 0;
    members.forEach((i, m) => {
      while (upper[members[byEnd[ended]!]!]! <= lower[i]!) free.push(row[byEnd[ended++]!]!);
      row[m] = free.pop() ?? rows++;
      offsets[i] = base + row[m]! * pitch;
      top = Math.max(top, offsets[i]! + size[i]!);
    });
  }
  return { offsets, height: top };
}

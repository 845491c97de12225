import { conflictsOf } from './greedy.ts';
import type { Instance } from './instance.ts';

/** Overlapping items: neighbours of `i` at `first[i] .. first[i + 1]`, with the bytes `i` takes below each and each below `i`. */
export interface Neighbours {
  readonly first: Int32Array;
  readonly item: Int32Array;
  readonly under: Float64Array;
  readonly over: Float64Array;
}

/**
 * Bytes of distance between two items follow from the windows in every section they share. While neither's window
 * changes from a section to the next, nor does what they are to each other: only sections where one of them has just
 * begun or changed are looked at.
 */
export function neighboursOf(instance: Instance): Neighbours {
  const { items, sections, first, section, low, high, memberFirst, member } = instance;
  // Where each section's members have their windows, in the order of `member`; and those that are new there.
  const slot = new Int32Array(member.length);
  const next = memberFirst.slice();
  const isNew = new Uint8Array(section.length);
  const newFirst = new Int32Array(sections + 1);
  for (let i = 0; i < items; i++) {
    for (let k = first[i]!; k < first[i + 1]!; k++) {
      slot[next[section[k]!]!++] = k;
      const before = k - 1;
      const goes = k > first[i]! && section[before] === section[k]! - 1;
      if (goes && low[before] === low[k] && high[before] === high[k]) continue;
      isNew[k] = 1;
      newFirst[section[k]! + 1]!++;
    }
  }
  for (let s = 0; s < sections; s++) newFirst[s + 1]! += newFirst[s]!;
  const newMember = new Int32Array(newFirst[sections]!);
  const newSlot = new Int32Array(newFirst[sections]!);
  for (let s = 0, n = 0; s < sections; s++) {
    for (let m = memberFirst[s]!; m < memberFirst[s + 1]!; m++) {
      if (isNew[slot[m]!] === 0) continue;
      newMember[n] = member[m]!;
      newSlot[n++] = slot[m]!;
    }
  }
  const offsets = new Int32Array(items + 1);
  const most = conflictsOf(instance).reduce((sum, more) => sum + more, 0);
  const item = new Int32Array(most);
  const under = new Float64Array(most);
  const over = new Float64Array(most);
  let count = 0;
  const at = new Int32Array(items).fill(-1);
  for (let i = 0; i < items; i++) {
    const begin = count;
    for (let k = first[i]!; k < first[i + 1]!; k++) {
      const s = section[k]!;
      const all = isNew[k] === 1;
      const others = all ? member : newMember;
      const slots = all ? slot : newSlot;
      const firsts = all ? memberFirst : newFirst;
      for (let m = firsts[s]!; m < firsts[s + 1]!; m++) {
        const other = others[m]!;
        if (other === i) continue;
        const below = high[k]! - low[slots[m]!]!;
        const above = high[slots[m]!]! - low[k]!;
        const known = at[other]!;
        if (known < begin) {
          at[other] = count;
          item[count] = other;
          under[count] = below;
          over[count++] = above;
        } else {
          if (under[known]! < below) under[known] = below;
          if (over[known]! < above) over[known] = above;
        }
      }
    }
    offsets[i + 1] = count;
  }
  return {
    first: offsets,
    item: item.subarray(0, count),
    under: under.subarray(0, count),
    over: over.subarray(0, count),
  };
}

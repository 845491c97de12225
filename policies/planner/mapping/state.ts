import type { Instance } from './instance.ts';
import type { Neighbours } from './neighbours.ts';

/**
 * The part of the search that can be undone: which items are placed, the lowest place of each other, and what that says
 * of every section.
 *
 * Items are placed from the bottom up. `support` of an unplaced item is the lowest place above all placed neighbours;
 * `reach` is a proved lower bound of its offset, which is higher where that place has been ruled out. An item can be
 * placed now only where both agree. The floor of a section is the least reach of its unplaced items; floor and unplaced
 * bytes together must stay within the capacity (MiniMalloc's section inference).
 * @module
 */

const SUPPORT = 0;
const REACH = 1;
const FLOOR = 2;
const PLACED = 3;

export class State {
  readonly instance: Instance;
  readonly neighbours: Neighbours;
  capacity: number;
  readonly placed: Uint8Array;
  readonly support: Float64Array;
  readonly reach: Float64Array;
  readonly floor: Float64Array;
  /** Unplaced bytes of each section. */
  readonly total: Float64Array;
  /** Unplaced items that live across the border between section `s` and the next. */
  readonly cuts: Int32Array;
  /** Unplaced neighbours of each item. */
  readonly open: Int32Array;
  /** The alike item (same sections, windows, alignment) that must be placed first, and the one after; or -1. */
  readonly before: Int32Array;
  readonly behind: Int32Array;
  private logKind: Int32Array;
  private logValue: Float64Array;
  private top = 0;
  /** Sections whose floor is to be found again: `dirty[0 .. dirtyCount)`. */
  private readonly dirty: Int32Array;
  private readonly isDirty: Uint8Array;
  private dirtyCount = 0;
  /** The section that a placement or a ruling out could last not be completed in, or -1. */
  culprit = -1;

  constructor(instance: Instance, neighbours: Neighbours, capacity: number) {
    const { items, sections, first, section, high } = instance;
    this.instance = instance;
    this.neighbours = neighbours;
    this.capacity = capacity;
    this.placed = new Uint8Array(items);
    this.support = new Float64Array(items);
    this.reach = new Float64Array(items);
    this.floor = new Float64Array(sections);
    this.total = new Float64Array(sections);
    this.cuts = new Int32Array(Math.max(sections, 1));
    this.open = new Int32Array(items);
    this.before = new Int32Array(items).fill(-1);
    this.behind = new Int32Array(items).fill(-1);
    this.dirty = new Int32Array(sections);
    this.isDirty = new Uint8Array(sections);
    this.logKind = new Int32Array(1 << 14);
    this.logValue = new Float64Array(1 << 14);
    for (let i = 0; i < items; i++) {
      this.open[i] = neighbours.first[i + 1]! - neighbours.first[i]!;
      for (let k = first[i]!; k < first[i + 1]!; k++) this.total[section[k]!]! += high[k]!;
      if (first[i] === first[i + 1]) continue;
      const [from, to] = this.spanOf(i);
      for (let s = from; s < to; s++) this.cuts[s]!++;
      if (instance.fixed[i]! >= 0) this.support[i] = this.reach[i] = instance.fixed[i]!;
    }
    this.chainAlike();
    for (let s = 0; s < sections; s++) this.floor[s] = this.lowestReach(s);
  }

  /** Whether the sections and the items alone leave room. */
  possible(): boolean {
    const { items, sections, size } = this.instance;
    for (let s = 0; s < sections; s++) if (this.floor[s]! + this.total[s]! > this.capacity) return false;
    for (let i = 0; i < items; i++) if (this.reach[i]! + size[i]! > this.capacity) return false;
    return true;
  }

  /** First and last section of an item. */
  spanOf(item: number): [number, number] {
    const { first, section } = this.instance;
    return [section[first[item]!]!, section[first[item + 1]! - 1]!];
  }

  /** A mark to undo to. */
  mark(): number {
    return this.top;
  }

  undo(mark: number): void {
    while (this.top > mark) {
      const tag = this.logKind[--this.top]!;
      const index = tag >> 2;
      switch (tag & 3) {
        case SUPPORT:
          this.support[index] = this.logValue[this.top]!;
          break;
        case REACH:
          this.reach[index] = this.logValue[this.top]!;
          break;
        case FLOOR:
          this.floor[index] = this.logValue[this.top]!;
          break;
        default:
          this.unplace(index);
      }
    }
  }

  /**
   * Places an item at its support.
   * @returns false when some section, or some fixed neighbour, can then not be completed; the caller undoes
   */
  place(item: number): boolean {
    const { first, section, high } = this.instance;
    const { first: nFirst, item: nItem, under } = this.neighbours;
    const at = this.support[item]!;
    this.placed[item] = 1;
    this.log(PLACED, item, 0);
    const begin = first[item]!;
    const end = first[item + 1]!;
    for (let k = begin; k < end; k++) this.total[section[k]!]! -= high[k]!;
    const last = section[end - 1]!;
    for (let s = section[begin]!; s < last; s++) this.cuts[s]!--;
    let fine = true;
    const nEnd = nFirst[item + 1]!;
    for (let k = nFirst[item]!; k < nEnd; k++) {
      const other = nItem[k]!;
      this.open[other]!--;
      if (this.placed[other] !== 0) continue;
      const up = at + under[k]!;
      if (up > this.support[other]! && fine) fine = this.raiseSupport(other, up);
    }
    if (!fine) return this.giveUp();
    for (let k = begin; k < end; k++) {
      const s = section[k]!;
      if (this.floor[s]! <= at) this.soil(s);
    }
    return this.settle();
  }

  /**
   * Rules out the support of an unplaced item: it must end up above some unplaced neighbour that stands in its way there.
   * @returns false when that leaves no room
   */
  forbid(item: number): boolean {
    const up = this.blockedReach(item);
    if (up > this.capacity - this.instance.size[item]!) return false;
    return this.raiseReach(item, up) ? this.settle() : this.giveUp();
  }

  /** The least offset of an item whose support is ruled out; infinite when nothing could stand in its way there. */
  blockedReach(item: number): number {
    const { first, item: nItem, under, over } = this.neighbours;
    const { alignment } = this.instance;
    const at = this.support[item]!;
    let least = Number.POSITIVE_INFINITY;
    const end = first[item + 1]!;
    for (let k = first[item]!; k < end; k++) {
      const other = nItem[k]!;
      if (this.placed[other] !== 0) continue;
      const reach = this.reach[other]!;
      if (reach >= at + under[k]!) continue;
      const above = reach + over[k]!;
      if (above < least) least = above;
    }
    const align = alignment[item]!;
    return align === 1 || least === Number.POSITIVE_INFINITY ? least : Math.ceil(least / align) * align;
  }

  private raiseSupport(item: number, up: number): boolean {
    const { alignment, fixed, size } = this.instance;
    const align = alignment[item]!;
    const to = align === 1 ? up : Math.ceil(up / align) * align;
    this.log(SUPPORT, item, this.support[item]!);
    this.support[item] = to;
    if (to > this.reach[item]!) {
      if (fixed[item]! >= 0 && to > fixed[item]!) return false;
      if (to + size[item]! > this.capacity) return false;
      return this.raiseReach(item, to);
    }
    return true;
  }

  /**
   * Raises the proved bound of an item's offset; the floors follow with `settle`.
   * @returns false when that leaves no room; the caller gives up
   */
  raiseReach(item: number, to: number): boolean {
    const { first, section, size, fixed } = this.instance;
    const old = this.reach[item]!;
    if (to <= old) return true;
    if (to + size[item]! > this.capacity || fixed[item]! >= 0) return false;
    this.log(REACH, item, old);
    this.reach[item] = to;
    const { floor } = this;
    const end = first[item + 1]!;
    for (let k = first[item]!; k < end; k++) {
      const s = section[k]!;
      if (floor[s] === old) this.soil(s);
    }
    const next = this.behind[item]!;
    return next < 0 || this.placed[next] !== 0 || this.raiseReach(next, to + size[item]!);
  }

  private soil(s: number): void {
    if (this.isDirty[s] !== 0) return;
    this.isDirty[s] = 1;
    this.dirty[this.dirtyCount++] = s;
  }

  /**
   * Finds the floors again that raised bounds have left open.
   * @returns false when some section can no longer be completed
   */
  settle(): boolean {
    const { dirty, isDirty } = this;
    while (this.dirtyCount > 0) {
      const s = dirty[--this.dirtyCount]!;
      isDirty[s] = 0;
      if (!this.refloor(s)) return this.giveUp();
    }
    return true;
  }

  /** Forgets what is open, before an undo. Always false. */
  giveUp(): false {
    while (this.dirtyCount > 0) this.isDirty[this.dirty[--this.dirtyCount]!] = 0;
    return false;
  }

  private lowestReach(s: number): number {
    const { memberFirst, member } = this.instance;
    let least = Number.POSITIVE_INFINITY;
    const end = memberFirst[s + 1]!;
    for (let m = memberFirst[s]!; m < end; m++) {
      const i = member[m]!;
      if (this.placed[i] === 0 && this.reach[i]! < least) least = this.reach[i]!;
    }
    return least;
  }

  /**
   * Finds the floor of a section again. Where all on the floor end below the next reach, the bytes between are lost.
   * @returns false when the section can no longer be completed
   */
  private refloor(s: number): boolean {
    const { memberFirst, member, size } = this.instance;
    const { placed, reach } = this;
    let least = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    let bytes = 0;
    const end = memberFirst[s + 1]!;
    for (let m = memberFirst[s]!; m < end; m++) {
      const i = member[m]!;
      if (placed[i] !== 0) continue;
      const r = reach[i]!;
      if (r > least) {
        if (r < second) second = r;
      } else if (r === least) bytes += size[i]!;
      else {
        second = least;
        least = r;
        bytes = size[i]!;
      }
    }
    const old = this.floor[s]!;
    if (least !== old) {
      this.log(FLOOR, s, old);
      this.floor[s] = least;
    }
    if (least === Number.POSITIVE_INFINITY) return true;
    const waste = second === Number.POSITIVE_INFINITY ? 0 : Math.max(second - least - bytes, 0);
    if (least + waste + this.total[s]! <= this.capacity) return true;
    this.culprit = s;
    return false;
  }

  private unplace(item: number): void {
    const { first, section, high } = this.instance;
    const { first: nFirst, item: nItem } = this.neighbours;
    this.placed[item] = 0;
    const begin = first[item]!;
    const end = first[item + 1]!;
    for (let k = begin; k < end; k++) this.total[section[k]!]! += high[k]!;
    const last = section[end - 1]!;
    for (let s = section[begin]!; s < last; s++) this.cuts[s]!++;
    const nEnd = nFirst[item + 1]!;
    for (let k = nFirst[item]!; k < nEnd; k++) this.open[nItem[k]!]!++;
  }

  private log(kind: number, index: number, value: number): void {
    if (this.top === this.logKind.length) {
      const kinds = new Int32Array(this.top * 2);
      kinds.set(this.logKind);
      this.logKind = kinds;
      const values = new Float64Array(this.top * 2);
      values.set(this.logValue);
      this.logValue = values;
    }
    this.logKind[this.top] = (index << 2) | kind;
    this.logValue[this.top++] = value;
  }

  /** Alike items without fixed offsets are placed in the order of their numbers. */
  private chainAlike(): void {
    const { items, first, section, high, size, alignment, fixed } = this.instance;
    const last = new Map<string, number>();
    for (let i = 0; i < items; i++) {
      if (fixed[i]! >= 0) continue;
      if (first[i] === first[i + 1]) continue;
      const from = section[first[i]!]!;
      const to = section[first[i + 1]! - 1]!;
      if (to - from + 1 !== first[i + 1]! - first[i]!) continue;
      const key = `${from},${to},${size[i]},${alignment[i]}`;
      let plain = true;
      for (let k = first[i]!; k < first[i + 1]!; k++) if (high[k] !== size[i]) plain = false;
      if (!plain) continue;
      const earlier = last.get(key);
      if (earlier !== undefined) {
        this.before[i] = earlier;
        this.behind[earlier] = i;
        this.reach[i] = this.reach[earlier]! + size[earlier]!;
      }
      last.set(key, i);
    }
  }
}

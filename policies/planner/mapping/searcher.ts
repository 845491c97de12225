import type { Instance } from './instance.ts';
import type { Neighbours } from './neighbours.ts';
import type { Refuted } from './refuted.ts';
import { State } from './state.ts';

export type SearchStatus = 'found' | 'infeasible' | 'running';

/** Items to place in a range of sections that no other unplaced item enters. */
interface Part {
  readonly items: Int32Array;
  /** The unplaced ones are the first `count`. */
  count: number;
  readonly from: number;
  readonly to: number;
  /** What is to be solved after it. */
  readonly next: Part | null;
  /** The frame that fails when this part does. */
  readonly home: number;
}

/** What one failure adds to a section's weight of 1. */
const BLAME = 0.1;

/** Most items: `BLOCKED` takes a section out of the count whatever the others add, and its multiples stay below 2^31. */
export const MOST_ITEMS = 20_000;
const BLOCKED = 1 << 15;

const OPEN = 0;
const WASTING = 1;
const DEAD = 2;

/** A node: the choices are `choices[begin .. end)`, of which those before `next` have been tried. */
interface Frame {
  part: Part;
  failTo: number;
  mark: number;
  begin: number;
  next: number;
  end: number;
  /** The item this frame has placed, or -1, and where it stood in the part. */
  placed: number;
  slot: number;
  state: number;
  /** Signatures of the part's unplaced items and their supports. */
  keyA: number;
  keyB: number;
}

/** How a searcher decides; every style is complete, so that each proves what it exhausts. */
export interface Style {
  /** Place of each item in the order in which items are tried for one section: 0 comes first. */
  readonly rank: Int32Array;
  /**
   * How much a low floor counts against few choices when the section to fill is chosen: 0 looks at the number of
   * choices alone, 30 fills from the bottom.
   */
  readonly lift: number;
  /** How many choices a section counts for whose spare bytes are the whole capacity: its floor may also be left free. */
  readonly waste: number;
  /** Whether items that end at a wall come first, two walls before one. */
  readonly flush: boolean;
  /** Whether sections that failed often are filled earlier (constraint weighting: Boussemart et al., ECAI 2004). */
  readonly heed: boolean;
}

/**
 * A depth-first search for offsets within a capacity. Each node picks one section and tries in turn every item that can
 * stand on its floor; an item that failed is ruled out of that place for the rest of the node, so that no plan is met
 * twice, and when none is left the floor itself goes up. Parts without common items are solved one by one.
 */
export class Searcher {
  readonly state: State;
  /** Offset of each item, once the status is `found`. */
  readonly offsets: Float64Array;
  nodes = 0;
  status: SearchStatus = 'running';
  private readonly instance: Instance;
  private style: Style;
  private readonly frames: Frame[] = [];
  private depth = -1;
  private choices = new Int32Array(1 << 12);
  private readonly count: Int32Array;
  /** End of the stretch of one floor that each section is in. */
  private readonly runEnd: Int32Array;
  /** What each section has failed, kept over restarts. */
  private readonly weight: Float64Array;
  private readonly keys: Float64Array;
  private readonly refuted: Refuted;

  /** @param refuted what is known to have no plan within this capacity; it grows */
  constructor(instance: Instance, neighbours: Neighbours, capacity: number, style: Style, refuted: Refuted) {
    this.instance = instance;
    this.style = style;
    this.refuted = refuted;
    this.state = new State(instance, neighbours, capacity);
    this.offsets = new Float64Array(instance.items);
    this.count = new Int32Array(instance.sections + 1);
    this.runEnd = new Int32Array(instance.sections);
    this.weight = new Float64Array(instance.sections).fill(1);
    this.keys = new Float64Array(instance.items);
    this.restart(style);
  }

  /** Forgets where it is and begins again in another style. */
  restart(style: Style): void {
    const { items, sections, first, fixed } = this.instance;
    this.style = style;
    this.state.undo(0);
    this.depth = -1;
    this.status = 'running';
    if (!this.state.possible()) this.status = 'infeasible';
    else {
      // What is in a gap all its life takes no room.
      const all = Int32Array.from({ length: items }, (_, i) => i).filter((i) => first[i]! < first[i + 1]!);
      for (let i = 0; i < items; i++) if (first[i] === first[i + 1]) this.offsets[i] = Math.max(fixed[i]!, 0);
      const start = this.split({ items: all, count: all.length, from: 0, to: sections, next: null, home: -1 }, -1);
      if (start) this.enter(start, -1);
      else this.status = 'found';
    }
  }

  /** Goes on for at most so many nodes. */
  run(nodes: number): SearchStatus {
    const limit = this.nodes + nodes;
    while (this.status === 'running' && this.nodes < limit) this.step();
    return this.status;
  }

  private step(): void {
    const { state } = this;
    const frame = this.frames[this.depth]!;
    const last = frame.placed;
    if (last >= 0) {
      this.withdraw(frame);
      // With nothing above it, another place for it frees nothing.
      if (state.open[last] === 0) frame.state = DEAD;
      else if (!state.forbid(last)) {
        frame.state = DEAD;
        this.blame();
      }
    }
    if (frame.state !== DEAD && frame.next < frame.end) this.descend(frame, this.choices[frame.next++]!);
    else if (frame.state !== OPEN) {
      // A node without a choice is refuted as quickly again.
      if (frame.end > frame.begin) this.refuted.add(frame.keyA, frame.keyB);
      this.fail(frame.failTo);
    } else {
      frame.state = WASTING;
      this.enter(frame.part, this.depth);
    }
  }

  /** Counts a failure against the section where it showed. */
  private blame(): void {
    const { state } = this;
    if (state.culprit >= 0) this.weight[state.culprit]! += BLAME;
    state.culprit = -1;
  }

  private fail(to: number): void {
    this.depth = to;
    if (to < 0) this.status = 'infeasible';
  }

  private descend(frame: Frame, item: number): void {
    const { state } = this;
    const { part } = frame;
    const { items } = part;
    frame.mark = state.mark();
    frame.placed = item;
    frame.slot = items.indexOf(item);
    items[frame.slot] = items[--part.count]!;
    items[part.count] = item;
    this.offsets[item] = state.support[item]!;
    if (!state.place(item)) {
      this.blame();
      return;
    }
    if (part.count === 0) {
      if (part.next === null) this.status = 'found';
      else this.enter(part.next, part.next.home);
      return;
    }
    if (this.cutsOpened(item)) this.enter(this.split(part, this.depth)!, this.depth);
    else this.enter(part, this.depth);
  }

  private withdraw(frame: Frame): void {
    const { part, slot } = frame;
    this.state.undo(frame.mark);
    part.items[part.count++] = part.items[slot]!;
    part.items[slot] = frame.placed;
    frame.placed = -1;
  }

  private cutsOpened(item: number): boolean {
    const { first, section } = this.instance;
    const last = section[first[item + 1]! - 1]!;
    for (let s = section[first[item]!]!; s < last; s++) if (this.state.cuts[s] === 0) return true;
    return false;
  }

  /** The parts that a part's unplaced items fall into, as a chain that ends in what came after it. */
  private split(part: Part, home: number): Part | null {
    const { first, section } = this.instance;
    const { from, to } = part;
    const index = new Int32Array(to - from);
    const bounds: number[] = [from];
    for (let s = from; s < to; s++) {
      index[s - from] = bounds.length - 1;
      if (s + 1 < to && this.state.cuts[s] === 0) bounds.push(s + 1);
    }
    const sizes = new Int32Array(bounds.length);
    const at = (item: number): number => index[section[first[item]!]! - from]!;
    for (let k = 0; k < part.count; k++) sizes[at(part.items[k]!)]!++;
    const parts = bounds.map((_, b) => b).filter((b) => sizes[b]! > 0);
    parts.sort((a, b) => sizes[b]! - sizes[a]!);
    let { next } = part;
    const made: Part[] = [];
    for (const b of parts) {
      const items = new Int32Array(sizes[b]!);
      next = { items, count: 0, from: bounds[b]!, to: bounds[b + 1] ?? to, next, home };
      made[b] = next;
    }
    for (let k = 0; k < part.count; k++) {
      const item = part.items[k]!;
      const own = made[at(item)]!;
      own.items[own.count++] = item;
    }
    return next;
  }

  private enter(part: Part, failTo: number): void {
    const begin = this.depth < 0 ? 0 : this.frames[this.depth]!.end;
    this.depth++;
    this.nodes++;
    let frame = this.frames[this.depth];
    if (frame === undefined) {
      frame = {
        part,
        failTo,
        mark: 0,
        begin,
        next: begin,
        end: begin,
        placed: -1,
        slot: -1,
        state: OPEN,
        keyA: 0,
        keyB: 0,
      };
      this.frames.push(frame);
    } else {
      frame.part = part;
      frame.failTo = failTo;
      frame.begin = frame.next = frame.end = begin;
      frame.placed = -1;
      frame.state = OPEN;
    }
    this.refuted.sign(part.items, part.count, this.state.support);
    frame.keyA = this.refuted.a;
    frame.keyB = this.refuted.b;
    if (this.refuted.has(frame.keyA, frame.keyB) || !this.choose(frame)) frame.state = DEAD;
  }

  /**
   * Finds the section to fill and lists what can fill it; false when the node is dead. A section may be filled when
   * every item that can stand on its floor lies on sections of the same floor: nothing can then come below them.
   */
  private choose(frame: Frame): boolean {
    const { part } = frame;
    const { from, to } = part;
    const { count, weight } = this;
    const { floor, total, capacity } = this.state;
    const lift = this.style.lift / capacity;
    const { heed } = this.style;
    const waste = this.style.waste / capacity;
    for (;;) {
      const before = this.state.mark();
      if (!this.refresh(part)) {
        this.blame();
        return false;
      }
      this.countFillers(part);
      let best = -1;
      let least = Number.POSITIVE_INFINITY;
      let level = -1;
      let height = 1;
      for (let s = from; s < to; s++) {
        const c = count[s]!;
        if (c <= 0) continue;
        // Neighbouring sections often have one floor.
        if (floor[s] !== level) {
          level = floor[s]!;
          height = Math.exp(lift * level);
        }
        const score = ((c + waste * (capacity - level - total[s]!)) / (heed ? weight[s]! : 1)) * height;
        if (score < least || (score === least && total[s]! > total[best]!)) {
          best = s;
          least = score;
        }
      }
      if (best >= 0) {
        this.list(frame, best, floor[best]!);
        return true;
      }
      if (this.state.mark() === before) throw new Error('the search has no section to fill');
    }
  }

  /** Raises what has been ruled out above all that may still stand in its way; false when nothing may. */
  private refresh(part: Part): boolean {
    const { state } = this;
    const { support, reach, before, placed } = state;
    const { items, count } = part;
    for (let k = 0; k < count; k++) {
      const i = items[k]!;
      if (reach[i] === support[i] || (before[i]! >= 0 && placed[before[i]!] === 0)) continue;
      const up = state.blockedReach(i);
      if (up > reach[i]! && !state.raiseReach(i, up)) return state.giveUp();
    }
    return state.settle();
  }

  /**
   * Counts for each section the items that can stand on its floor; negative where one reaches over a lower floor. Ranges
   * are added as differences, and stretches of one floor are passed at once.
   */
  private countFillers(part: Part): void {
    const { count, runEnd } = this;
    const { floor, support, reach } = this.state;
    const { first, section } = this.instance;
    const { items, from, to } = part;
    for (let s = to - 1; s >= from; s--) {
      count[s] = 0;
      runEnd[s] = s + 1 < to && floor[s + 1] === floor[s] ? runEnd[s + 1]! : s + 1;
    }
    count[to] = 0;
    for (let k = 0; k < part.count; k++) {
      const i = items[k]!;
      const at = reach[i]!;
      if (at !== support[i]) continue;
      const begin = first[i]!;
      const end = first[i + 1]!;
      const a = section[begin]!;
      const b = section[end - 1]! + 1;
      if (b - a !== end - begin) this.countHoled(begin, end, at);
      else if (floor[a] === at && runEnd[a]! >= b) {
        count[a]!++;
        count[b]!--;
      } else {
        for (let s = a; s < b; s = runEnd[s]!) {
          if (floor[s] !== at) continue;
          count[s]! -= BLOCKED;
          count[Math.min(runEnd[s]!, b)]! += BLOCKED;
        }
      }
    }
    for (let s = from + 1; s < to; s++) count[s]! += count[s - 1]!;
  }

  /** The same for an item whose sections do not follow each other. */
  private countHoled(begin: number, end: number, at: number): void {
    const { count } = this;
    const { floor } = this.state;
    const { section } = this.instance;
    let m = begin;
    while (m < end && floor[section[m]!] === at) m++;
    const more = m === end ? 1 : -BLOCKED;
    for (m = begin; m < end; m++) {
      const s = section[m]!;
      if (floor[s] !== at) continue;
      count[s]! += more;
      count[s + 1]! -= more;
    }
  }

  /** How many of an item's two ends meet a wall: the end of the part or a higher floor. */
  private flush(item: number, level: number, part: Part): number {
    const { first, section } = this.instance;
    const a = section[first[item]!]!;
    const b = section[first[item + 1]! - 1]!;
    const { floor } = this.state;
    return (a === part.from || floor[a - 1]! > level ? 1 : 0) + (b + 1 === part.to || floor[b + 1]! > level ? 1 : 0);
  }

  private list(frame: Frame, s: number, level: number): void {
    const { state } = this;
    const { rank } = this.style;
    const flush = this.style.flush ? this.instance.items : 0;
    const { keys } = this;
    const { memberFirst, member } = this.instance;
    let { end } = frame;
    for (let m = memberFirst[s]!; m < memberFirst[s + 1]!; m++) {
      const i = member[m]!;
      if (state.placed[i] !== 0 || state.support[i] !== level || state.reach[i] !== level) continue;
      if (end === this.choices.length) {
        const more = new Int32Array(end * 2);
        more.set(this.choices);
        this.choices = more;
      }
      const { choices } = this;
      let k = end++;
      const key = rank[i]! - this.flush(i, level, frame.part) * flush;
      keys[i] = key;
      for (; k > frame.begin && keys[choices[k - 1]!]! > key; k--) choices[k] = choices[k - 1]!;
      choices[k] = i;
    }
    frame.end = end;
  }
}

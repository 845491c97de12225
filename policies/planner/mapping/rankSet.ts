/**
 * A set of whole numbers below a limit that finds neighbours: a bit for each, and above every 32 of them one that says
 * whether any is set.
 */
export class RankSet {
  private readonly levels: Int32Array[] = [];

  constructor(limit: number) {
    let size = Math.max(limit, 1);
    do {
      size = Math.ceil(size / 32);
      this.levels.push(new Int32Array(size));
    } while (size > 1);
  }

  add(rank: number): void {
    const { levels } = this;
    let at = rank;
    for (let depth = 0; depth < levels.length; depth++) {
      levels[depth]![at >>> 5]! |= 1 << (at & 31);
      at >>>= 5;
    }
  }

  delete(rank: number): void {
    const { levels } = this;
    let at = rank;
    for (let depth = 0; depth < levels.length; depth++) {
      const level = levels[depth]!;
      level[at >>> 5]! &= ~(1 << (at & 31));
      if (level[at >>> 5] !== 0) return;
      at >>>= 5;
    }
  }

  /** The largest member below `rank`, or -1. */
  before(rank: number): number {
    const { levels } = this;
    let at = rank;
    for (let depth = 0; depth < levels.length; depth++) {
      const word = levels[depth]![at >>> 5]! & ((1 << (at & 31)) - 1);
      if (word !== 0) return this.descend(depth, (at & ~31) + 31 - Math.clz32(word), 'last');
      at >>>= 5;
    }
    return -1;
  }

  /** The least member above `rank`, or -1. */
  after(rank: number): number {
    const { levels } = this;
    let at = rank;
    for (let depth = 0; depth < levels.length; depth++) {
      const word = levels[depth]![at >>> 5]! & ~((2 << (at & 31)) - 1);
      if (word !== 0) return this.descend(depth, (at & ~31) + lowestBit(word), 'first');
      at >>>= 5;
    }
    return -1;
  }

  /** The first or last member under a bit of a level. */
  private descend(depth: number, bit: number, end: 'first' | 'last'): number {
    let at = bit;
    for (let d = depth - 1; d >= 0; d--) {
      const word = this.levels[d]![at]!;
      at = at * 32 + (end === 'last' ? 31 - Math.clz32(word) : lowestBit(word));
    }
    return at;
  }
}

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);

import { Mapper } from '../mapping/solve.ts';
import { type LevelProgram, memoryAt } from './program.ts';

/** Bytes of a fast memory taken from one op to another, both included. */
export interface Residence {
  readonly buffer: number;
  readonly memory: number;
  readonly from: number;
  readonly to: number;
  readonly at: number;
  /** Stretches of one chain follow each other at one offset. */
  readonly chain: number;
}

/** What is wanted: bytes of a memory from one op to another, as a chain goes on or as the first of one. */
export interface Wish {
  readonly buffer: number;
  readonly memory: number;
  readonly from: number;
  readonly to: number;
  readonly after: Residence | null;
}

/** Turns of the search for new offsets: the orders of first fit, then a slice of the exact search. */
const REPACK_TURNS = 8;

/** Finds room in the fast memories. */
export class Space {
  private readonly program: LevelProgram;
  /** Residences in the way of a wish, while it is looked at. */
  private readonly taken: Residence[] = [];

  constructor(program: LevelProgram) {
    this.program = program;
  }

  /**
   * The residences with one more. Where its offset is not free, its chain moves to one that is, else all of that memory are
   * packed anew. Null where they do not fit.
   */
  take(residences: readonly Residence[], wish: Wish): readonly Residence[] | null {
    const { buffer, memory, from, to, after } = wish;
    const at = this.room(residences, wish);
    let chain = after?.chain ?? 0;
    if (after === null) for (const other of residences) if (other.chain >= chain) chain = other.chain + 1;
    const more = [...residences, { buffer, memory, from, to, at: at ?? 0, chain }];
    if (at !== null) return more;
    return this.overfull(residences, wish) ? null : (this.moved(more, chain) ?? this.repack(more, memory));
  }

  /** The lowest offset free for a wish, or that of its chain when it is free; null when there is none. */
  room(residences: readonly Residence[], { buffer, memory, from, to, after }: Wish): number | null {
    const { buffers, levels } = this.program;
    const { bytes } = buffers[buffer]!;
    if (after) {
      const { at } = after;
      for (const other of residences) {
        if (other.memory !== memory || other.from > to || from > other.to) continue;
        if (other.at + buffers[other.buffer]!.bytes > at && at + bytes > other.at) return null;
      }
      return at;
    }
    const { taken } = this;
    taken.length = 0;
    for (const other of residences) {
      if (other.memory === memory && other.from <= to && from <= other.to) taken.push(other);
    }
    taken.sort((a, b) => a.at - b.at);
    let at = 0;
    for (const other of taken) {
      if (at + bytes <= other.at) break;
      at = Math.max(at, other.at + buffers[other.buffer]!.bytes);
    }
    return at + bytes <= memoryAt(levels, memory).bytes ? at : null;
  }

  /** The residences with all of one chain at the lowest offset that is free for it, or null where none is. */
  private moved(residences: readonly Residence[], chain: number): readonly Residence[] | null {
    const own = residences.filter((one) => one.chain === chain);
    const { buffer, memory } = own[0]!;
    const from = own.reduce((first, one) => Math.min(first, one.from), Number.POSITIVE_INFINITY);
    const to = own.reduce((last, one) => Math.max(last, one.to), 0);
    const others = residences.filter((one) => one.chain !== chain);
    const at = this.room(others, { buffer, memory, from, to, after: null });
    return at === null ? null : residences.map((one) => (one.chain === chain ? { ...one, at } : one));
  }

  /** Whether some op of a wish would have more bytes in the memory than it holds, so that no offsets help. */
  private overfull(residences: readonly Residence[], { buffer, memory, from, to }: Wish): boolean {
    const { buffers, levels } = this.program;
    const left = memoryAt(levels, memory).bytes - buffers[buffer]!.bytes;
    const { taken } = this;
    taken.length = 0;
    for (const other of residences) {
      if (other.memory === memory && other.from <= to && from <= other.to) taken.push(other);
    }
    const liveAt = (op: number): number => {
      let live = 0;
      for (const one of taken) if (one.from <= op && op <= one.to) live += buffers[one.buffer]!.bytes;
      return live;
    };
    // The most bytes are live where the wish begins or another residence does.
    if (liveAt(from) > left) return true;
    for (const other of taken) if (other.from > from && liveAt(other.from) > left) return true;
    return false;
  }

  /** New offsets for all residences of a memory, as XLA's repacker finds them between allocations. */
  private repack(residences: readonly Residence[], memory: number): readonly Residence[] | null {
    const { buffers, ops, levels } = this.program;
    const capacity_bytes = memoryAt(levels, memory).bytes;
    const live = new Float64Array(ops.length);
    const chains = new Map<number, { id: string; lower: number; upper: number; size_bytes: number }>();
    for (const { buffer, from, to, chain, memory: where } of residences) {
      if (where !== memory) continue;
      for (let i = from; i <= to; i++) {
        live[i]! += buffers[buffer]!.bytes;
        if (live[i]! > capacity_bytes) return null;
      }
      if (from > to) continue;
      const known = chains.get(chain);
      if (known) {
        known.lower = Math.min(known.lower, from);
        known.upper = Math.max(known.upper, to + 1);
      } else chains.set(chain, { id: String(chain), lower: from, upper: to + 1, size_bytes: buffers[buffer]!.bytes });
    }
    const items = [...chains.values()];
    const mapper = new Mapper(items, { capacity_bytes });
    for (let turn = 0; turn < REPACK_TURNS && !mapper.done; turn++) mapper.step();
    const { verdict, offsets } = mapper.plan();
    if (verdict !== 'feasible' && verdict !== 'optimal') return null;
    const at = new Map(items.map(({ id }, i) => [id, offsets[i]!]));
    return residences.map((residence) => {
      const moved = residence.memory === memory ? at.get(String(residence.chain)) : undefined;
      return moved === undefined ? residence : { ...residence, at: moved };
    });
  }
}

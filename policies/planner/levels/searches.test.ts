import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStreams } from '../../../sim/kernel/random.ts';
import { beam } from './beam.ts';
import { bestOf } from './best.ts';
import { exact } from './exact.ts';
import { boundednessOrder, placeInOrder, xlaGreedy } from './greedy.ts';
import { pairOf } from './levelled.ts';
import { mcts } from './mcts.ts';
import { orderSearch } from './orderSearch.ts';
import { KEEP, LevelGame, type LevelPlan } from './plan.ts';
import { allSlow, finish } from './played.ts';
import { type LevelProgram, type Levels, type Memory, slowestOf } from './program.ts';
import { repair } from './repair.ts';

const two = (fast_bytes: number): Levels =>
  pairOf({ fast_bytes, fast_bytes_per_s: 8, slow_bytes_per_s: 1, flop_per_s: 1 });
/** A memory between them, somewhat larger than the fast one. */
const three = (fast_bytes: number): Levels => {
  const [fast, slow] = two(fast_bytes).memories as [Memory, Memory];
  return { ...two(fast_bytes), memories: [fast, { id: 'middle', bytes: 2 * fast_bytes, bytes_per_s: 3 }, slow] };
};

/** A chain or a small graph: every op reads up to two buffers made before it, or inputs, and makes one. */
const program = (ops: number, stack: (fast_bytes: number) => Levels = two): fc.Arbitrary<LevelProgram> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 60 })), {
        minLength: 2,
        maxLength: ops,
      }),
      fc.integer({ min: 10, max: 90 }),
    )
    .map(([rows, fast_bytes]) => ({
      levels: stack(fast_bytes),
      buffers: [
        { id: 'in', bytes: 20, input: true },
        { id: 'weights', bytes: 30, input: true },
        ...rows.map(([, , bytes], i) => ({ id: `t${i}`, bytes, output: i === rows.length - 1 })),
      ],
      ops: rows.map(([a, b, , flops], i) => {
        const reads = [...new Set([a % (i + 2), b % (i + 2)])];
        return { name: `op${i}`, flops, reads, writes: [i + 2] };
      }),
    }));

/** No two buffers are in the same bytes of a fast memory at once, and none leaves it. */
function fits(game: LevelGame, plan: LevelPlan): void {
  const { buffers, levels } = game.program;
  for (const [i, a] of plan.residences.entries()) {
    expect(a.at + buffers[a.buffer]!.bytes).toBeLessThanOrEqual(levels.memories[a.memory]!.bytes);
    for (const b of plan.residences.slice(0, i)) {
      if (a.memory !== b.memory || a.from > b.to || b.from > a.to) continue;
      expect(a.at + buffers[a.buffer]!.bytes <= b.at || b.at + buffers[b.buffer]!.bytes <= a.at).toBe(true);
    }
  }
}

describe('two-level policies', () => {
  const random = () => randomStreams(1).stream('test');

  it.each([two, three])('keep to the fast memories, and no search is worse than what it starts from', (stack) => {
    fc.assert(
      fc.property(program(12, stack), (made) => {
        const game = new LevelGame(made);
        const greedy = xlaGreedy(game);
        const all = [
          greedy,
          finish(orderSearch(game, 20, random()))!,
          finish(beam(game, 3))!,
          finish(mcts(game, 30, random()))!,
          finish(repair(game, greedy, 40, random()))!,
        ];
        for (const { plan } of all) fits(game, plan);
        for (const k of [1, 4]) expect(all[k]!.score).toBeLessThanOrEqual(greedy.score);
        const best = finish(bestOf(game, random()))!;
        expect(best.score).toBeLessThanOrEqual(Math.min(greedy.score, allSlow(game).score));
        expect(game.elapsed(best.plan)).toBe(best.score);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [two, 4],
    [three, 3],
  ] as const)('are never better than the exact one', (stack, ops) => {
    fc.assert(
      fc.property(program(ops, stack), (made) => {
        const game = new LevelGame(made);
        const least = finish(exact(game, 1e7))!;
        fits(game, least.plan);
        const others = [beam(game, 4), mcts(game, 40, random()), bestOf(game, random())].map((p) => finish(p)!);
        for (const { score } of [xlaGreedy(game), ...others]) expect(least.score).toBeLessThanOrEqual(score + 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('write back what only the fast memory has, and wait for it', () => {
    const game = new LevelGame({
      levels: pairOf({ fast_bytes: 10, fast_bytes_per_s: 10, slow_bytes_per_s: 1, flop_per_s: 1 }),
      buffers: [
        { id: 'x', bytes: 10 },
        { id: 'y', bytes: 10, output: true },
      ],
      ops: [
        { name: 'make', flops: 0, reads: [], writes: [0] },
        { name: 'think', flops: 4, reads: [], writes: [] },
        { name: 'use', flops: 0, reads: [0], writes: [1] },
      ],
    });
    const made = game.apply(game.empty, 0, { do: 'keep' })!;
    // 1 s to make it, 4 s of the write-back during the thinking and 6 s after it, 10 s to read and 10 to write.
    expect(game.elapsed(game.apply(made, 1, { do: 'drop' })!)).toBeCloseTo(1 + 4 + 6 + 20, 9);
    // Kept: 1 to make, 4 to think, 1 to read beside 10 to write.
    expect(game.elapsed(game.apply(made, 1, { do: 'keep' })!)).toBeCloseTo(1 + 4 + 11, 9);
  });

  /** 10 bytes are made, wait through a long op and are read: three memories, of which the fastest is wanted meanwhile. */
  const waiting = (): LevelGame =>
    new LevelGame({
      levels: {
        memories: [
          { id: 'near', bytes: 10, bytes_per_s: 10 },
          { id: 'middle', bytes: 20, bytes_per_s: 5 },
          { id: 'far', bytes: Number.POSITIVE_INFINITY, bytes_per_s: 1 },
        ],
        flop_per_s: 1,
      },
      buffers: [
        { id: 'x', bytes: 10 },
        { id: 'y', bytes: 10 },
        { id: 'z', bytes: 10, output: true },
      ],
      ops: [
        { name: 'make', flops: 0, reads: [], writes: [0] },
        { name: 'think', flops: 8, reads: [], writes: [1] },
        { name: 'use', flops: 0, reads: [0, 1], writes: [2] },
      ],
    });

  it('use memories between the fastest and the slowest', () => {
    const game = waiting();
    const made = game.apply(game.empty, 0, KEEP)!;
    const middle = game.apply(game.empty, 0, { do: 'keep', in: 1 })!;
    // 1 s to make x near, 2 s in the middle; then 8 s of thinking about 10 far bytes: 10 s.
    expect(game.elapsed(made)).toBeCloseTo(1 + 10 + 30, 9);
    expect(game.elapsed(middle)).toBeCloseTo(2 + 10 + 30, 9);
    // Moved to the middle at once, 2 s at its rate beside the thinking; then read there in 2 s, y and z far in 10 each.
    const [x] = game.accesses.flatMap(({ op, buffer }, k) => (op === 2 && buffer === 0 ? [k] : []));
    const moved = game.apply(made, x!, { do: 'copy', start: 0, in: 1 })!;
    expect(moved.actions[x!]).toEqual({ do: 'copy', start: 0, in: 1, from: 0 });
    expect(moved.writtenBy).toEqual(game.empty.writtenBy);
    expect(game.elapsed(moved)).toBeCloseTo(1 + 10 + 2 + 20, 9);
    // 10 bytes made near, moved out and read in the middle; the others far.
    expect(game.cost(moved).bytes).toEqual([20, 20, 30]);
  });

  it('wait for a move where its bytes are wanted', () => {
    const game = waiting();
    const made = game.apply(game.empty, 0, KEEP)!;
    const [x] = game.accesses.flatMap(({ op, buffer }, k) => (op === 2 && buffer === 0 ? [k] : []));
    const [y] = game.accesses.flatMap(({ op, write }, k) => (op === 1 && write ? [k] : []));
    // y takes the bytes of x: the move must be over before it is made.
    const full = game.apply(game.apply(made, y!, KEEP)!, x!, { do: 'copy', start: 0, in: 1 })!;
    expect(full.heldBy[x!]).toBe(0);
    expect(game.elapsed(full)).toBeCloseTo(1 + 2 + 8 + (2 + 10 + 10), 9);
  });

  it('with several memories are no worse than the greedy with one of them', () => {
    fc.assert(
      fc.property(program(10, three), (made) => {
        const game = new LevelGame(made);
        const best = finish(bestOf(game, random(), 0.02))!;
        for (const memory of game.fast) {
          const alone = placeInOrder(game, boundednessOrder(game, memory), [memory]);
          expect(alone.plan.placeOf.every((place) => place === memory || place === undefined)).toBe(true);
          const two = [memory, slowestOf(made.levels)].map((place) => made.levels.memories[place]!);
          const fewer = new LevelGame({ ...made, levels: { ...made.levels, memories: two } });
          expect(alone.score).toBeCloseTo(xlaGreedy(fewer).score, 9);
          expect(best.score).toBeLessThanOrEqual(alone.score);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('of a stack whose middle is useless cost what two memories do', () => {
    fc.assert(
      fc.property(program(8), (made) => {
        const [fast, slow] = made.levels.memories as [Memory, Memory];
        const memories = [fast, { id: 'none', bytes: 0, bytes_per_s: slow.bytes_per_s }, slow];
        const game = new LevelGame(made);
        const more = new LevelGame({ ...made, levels: { ...made.levels, memories } });
        expect(xlaGreedy(more).score).toBe(xlaGreedy(game).score);
        expect(finish(beam(more, 3))!.score).toBe(finish(beam(game, 3))!.score);
      }),
      { numRuns: 60 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStreams } from '../../../sim/kernel/random.ts';
import { bestOf } from './best.ts';
import { TwoLevelGame, type TwoLevelPlan } from './plan.ts';
import { allSlow, beam, exact, mcts, orderSearch, xlaGreedy } from './policies.ts';
import type { TwoLevelProgram } from './program.ts';
import { repair } from './repair.ts';

/** A chain or a small graph: every op reads up to two buffers made before it, or inputs, and makes one. */
const program = (ops: number): fc.Arbitrary<TwoLevelProgram> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 60 })), {
        minLength: 2,
        maxLength: ops,
      }),
      fc.integer({ min: 10, max: 90 }),
    )
    .map(([rows, fast_bytes]) => ({
      levels: { fast_bytes, fast_bytes_per_s: 8, slow_bytes_per_s: 1, flop_per_s: 1 },
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

/** No two buffers are in the same bytes of the fast memory at once, and none leaves it. */
function fits(game: TwoLevelGame, plan: TwoLevelPlan): void {
  const { buffers, levels } = game.program;
  for (const [i, a] of plan.residences.entries()) {
    expect(a.at + buffers[a.buffer]!.bytes).toBeLessThanOrEqual(levels.fast_bytes);
    for (const b of plan.residences.slice(0, i)) {
      if (a.from > b.to || b.from > a.to) continue;
      expect(a.at + buffers[a.buffer]!.bytes <= b.at || b.at + buffers[b.buffer]!.bytes <= a.at).toBe(true);
    }
  }
}

describe('two-level policies', () => {
  const random = () => randomStreams(1).stream('test');

  it('keep to the fast memory, and no search is worse than what it starts from', () => {
    fc.assert(
      fc.property(program(12), (made) => {
        const game = new TwoLevelGame(made);
        const greedy = xlaGreedy(game);
        const all = [
          greedy,
          orderSearch(game, 20, random()),
          beam(game, 3),
          mcts(game, 30, random()),
          repair(game, greedy, 40, random()),
        ];
        for (const { plan } of all) fits(game, plan);
        for (const k of [1, 4]) expect(all[k]!.score).toBeLessThanOrEqual(greedy.score);
        const best = bestOf(game, random());
        expect(best.score).toBeLessThanOrEqual(Math.min(greedy.score, allSlow(game).score));
        expect(game.elapsed(best.plan)).toBe(best.score);
      }),
      { numRuns: 60 },
    );
  });

  it('are never better than the exact one', () => {
    fc.assert(
      fc.property(program(4), (made) => {
        const game = new TwoLevelGame(made);
        const least = exact(game, 1e6)!;
        fits(game, least.plan);
        for (const found of [xlaGreedy(game), beam(game, 4), mcts(game, 40, random()), bestOf(game, random())]) {
          expect(least.score).toBeLessThanOrEqual(found.score + 1e-9);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('write back what only the fast memory has, and wait for it', () => {
    const game = new TwoLevelGame({
      levels: { fast_bytes: 10, fast_bytes_per_s: 10, slow_bytes_per_s: 1, flop_per_s: 1 },
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
});

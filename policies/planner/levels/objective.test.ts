import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStreams } from '../../../sim/kernel/random.ts';
import { readMappingProgram } from '../../../workloads/mapping/read.ts';
import { bestOf } from './best.ts';
import { leastSeconds } from './bound.ts';
import { exact } from './exact.ts';
import { xlaGreedy } from './greedy.ts';
import { levelled, pairOf } from './levelled.ts';
import { LevelGame } from './plan.ts';
import { allSlow, finish } from './played.ts';
import type { LevelProgram } from './program.ts';

const levels = pairOf({
  fast_bytes: 40,
  fast_bytes_per_s: 8,
  slow_bytes_per_s: 1,
  flop_per_s: 1,
  fast_j_per_byte: 1,
  slow_j_per_byte: 5,
  static_w: 0.5,
  j_per_flop: 0.25,
  usd_per_hour: 36,
  usd_per_kwh: 0,
});

const chain = (sizes: readonly number[], flops: number): LevelProgram => ({
  levels,
  buffers: [
    { id: 'in', bytes: 10, input: true },
    ...sizes.map((bytes, i) => ({ id: `t${i}`, bytes, output: i === sizes.length - 1 })),
  ],
  ops: sizes.map((_, i) => ({ name: `op${i}`, flops, reads: [i], writes: [i + 1] })),
});

describe('objectives', () => {
  it('count every byte at its memory, every FLOP and every second', () => {
    const program = { ...chain([20], 4), objective: 'energy' as const };
    const game = new LevelGame(program);
    // 30 bytes of the slow memory in 30 s.
    expect(game.score(game.empty)).toBeCloseTo(30 * 5 + 4 * 0.25 + 30 * 0.5, 9);
    const money = new LevelGame({ ...program, objective: 'money' });
    expect(money.score(money.empty)).toBeCloseTo(0.3, 9);
  });

  it('lead to plans that are no worse by them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 5 }), (sizes) => {
        for (const objective of ['energy', 'money'] as const) {
          const game = new LevelGame({ ...chain(sizes, 3), objective });
          const best = finish(bestOf(game, randomStreams(1).stream('test')))!;
          expect(best.score).toBeLessThanOrEqual(Math.min(allSlow(game).score, xlaGreedy(game).score));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('need a price', () => {
    const bare = { fast_bytes: 1, fast_bytes_per_s: 2, slow_bytes_per_s: 1, flop_per_s: 1 };
    const text = JSON.stringify({ levels: bare, objective: 'energy', buffers: [], ops: [{ name: 'a', flops: 1 }] });
    expect(() => levelled(readMappingProgram(text, 'p.json'), 'p.json')).toThrow('no energy');
  });
});

describe('the bound of seconds', () => {
  it('is below the best plan there is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 40 }),
        (sizes, flops) => {
          const game = new LevelGame(chain(sizes, flops));
          expect(leastSeconds(game.program)).toBeLessThanOrEqual(finish(exact(game, 1e6))!.score * (1 + 1e-12));
        },
      ),
      { numRuns: 60 },
    );
  });
});

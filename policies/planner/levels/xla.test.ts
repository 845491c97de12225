import { describe, expect, it } from 'vitest';
import { firstFit, orderOf } from '../mapping/greedy.ts';
import { buildTimeline } from '../mapping/timeline.ts';
import { CopyQueues } from './copyQueues.ts';
import { IntervalPicker } from './intervalPicker.ts';
import { pairOf } from './levelled.ts';
import { KEEP, LevelGame } from './plan.ts';
import { computeTime, copyTime, type LevelProgram, memoryTime, opTime, overheadTime } from './program.ts';

/**
 * The values of XLA's own tests of its memory space assignment (openxla/xla, xla/service/memory_space_assignment:
 * cost_analysis_test, simulator_test, prefetch_interval_picker_test, best_fit_repacker_test).
 */

describe('the cost of an op', () => {
  const levels = pairOf({ fast_bytes: 128, fast_bytes_per_s: 128, slow_bytes_per_s: 32, flop_per_s: 8, min_op_s: 1 });
  /** An add of two f32[2,4]: 96 bytes, so many of them in the fast memory. */
  const add = (fast_bytes: number) => [fast_bytes, 96 - fast_bytes];

  it('is the larger of compute and memory', () => {
    expect(computeTime(levels, 8)).toBe(1);
    expect([0, 32, 64, 96].map((fast) => memoryTime(levels, add(fast)))).toEqual([3, 2.25, 1.5, 0.75]);
    expect(opTime(levels, 8, add(96))).toBe(1);
  });

  it('is at least the latency', () => {
    expect(opTime(levels, 4, [48, 0])).toBe(1);
  });

  it('adds the first window', () => {
    const windowed = { ...levels, window_bytes: 64 };
    const overheads = [0, 32, 64, 96].map((fast) => overheadTime(windowed, 8, add(fast)));
    for (const [k, value] of [2 / 3, 2 / 3, 1 / 3, 0].entries()) expect(overheads[k]).toBeCloseTo(value, 12);
    const times = [0, 32, 64, 96].map((fast) => opTime(windowed, 8, add(fast)));
    for (const [k, value] of [11 / 3, 35 / 12, 11 / 6, 1].entries()) expect(times[k]).toBeCloseTo(value, 12);
  });
});

describe('the queues of copies', () => {
  it('share the rate while both have work', () => {
    const queues = new CopyQueues(1);
    queues.push('read', 0, 512);
    queues.push('write', 1, 128);
    expect(queues.wait('write', 1)).toBe(256);
    expect(queues.left('read')).toEqual([384]);
    expect(queues.wait('read', 0)).toBe(384);
  });

  /** A negate of 128 bytes to 128 bytes, its operand in the fast memory or not. */
  const negate = (queues: CopyQueues, fast: boolean): number => {
    const levels = pairOf({ fast_bytes: 1024, fast_bytes_per_s: 2, slow_bytes_per_s: 1, flop_per_s: 1 });
    const traffic = fast ? [128, 128] : [0, 256];
    const seconds = opTime(levels, 32, traffic);
    queues.pass(seconds - traffic[1]!);
    return seconds;
  };

  it('stand still while an op keeps the slow memory busy', () => {
    const queues = new CopyQueues(1);
    queues.push('read', 0, 512);
    expect(negate(queues, false)).toBe(256);
    expect(queues.left('read')).toEqual([512]);
  });

  it('go on while an op leaves it idle', () => {
    const both = new CopyQueues(1);
    both.push('read', 0, 512);
    both.push('write', 1, 128);
    expect(negate(both, true)).toBe(192);
    expect([both.left('read'), both.left('write')]).toEqual([[480], [96]]);
    const one = new CopyQueues(1);
    one.push('read', 0, 512);
    expect(negate(one, true)).toBe(192);
    expect(one.left('read')).toEqual([448]);
  });
});

describe('a program', () => {
  const levels = pairOf({ fast_bytes: 1e9, fast_bytes_per_s: 2, slow_bytes_per_s: 1, flop_per_s: 1 });
  const op = (name: string, reads: number[], writes: number[], times = 1, flops = 0) => ({
    name,
    flops,
    reads,
    writes,
    times,
  });
  const elapsed = (program: LevelProgram): number => {
    const game = new LevelGame(program);
    return game.elapsed(game.empty);
  };

  it('counts loops', () => {
    const buffers = [12, 9, 8].map((bytes) => ({ id: String(bytes), bytes, input: true }));
    const loop = (outer: number) => [0, 1, 2].map((b) => op(`o${b}`, [b], [], 42 * outer));
    expect(elapsed({ levels, buffers, ops: [...loop(1), op('condition', [2], [])] })).toBe(1226);
    const inner = [...loop(27), op('condition', [2], [], 27)];
    const outer = [0, 1, 2].map((b) => op(`p${b}`, [b], [], 27));
    expect(elapsed({ levels, buffers, ops: [...inner, ...outer, op('last', [2], [])] })).toBe(33893);
  });

  it('waits for a copy behind an op that needs the slow memory', () => {
    const buffers = [
      { id: 'x', bytes: 8, input: true },
      { id: 'y', bytes: 8 },
      { id: 'w', bytes: 32, input: true },
      { id: 'z', bytes: 0, output: true },
    ];
    const ops = [op('start', [], []), op('negate', [0], [1]), op('use', [2], [])];
    const game = new LevelGame({ levels, buffers, ops });
    const use = game.accesses.findIndex(({ buffer }) => buffer === 2);
    const plan = game.apply(game.empty, use, { do: 'copy', start: 0 })!;
    // 16 s of the negate, 32 of the copy, 16 of the use in the fast memory.
    expect(game.elapsed(plan)).toBe(48 + 16);
  });

  it('copies 1024 bytes beside an op that needs 384 s of the fast memory', () => {
    const queues = new CopyQueues(1);
    for (const [id, bytes] of [256, 256, 512].entries()) queues.push('read', id, bytes);
    queues.pass(384);
    expect(384 + queues.wait('read', 2)).toBe(1024);
    expect(copyTime(levels, 4 * 1024 * 2048)).toBe(8388608);
    expect(copyTime(levels, 4 * 768 * 2048)).toBe(6291456);
  });

  it('of one op with all operands slow takes their bytes', () => {
    const buffers = [
      { id: 'x', bytes: 512, input: true },
      { id: 'y', bytes: 512 },
    ];
    const game = new LevelGame({ levels, buffers, ops: [op('negate', [0], [1], 1, 128)] });
    expect(game.elapsed(game.empty)).toBe(1024);
    expect(game.elapsed(game.apply(game.empty, 1, KEEP)!)).toBe(768);
  });
});

describe('the interval picker', () => {
  const ones = (n: number): number[] => new Array<number>(n).fill(1);

  it('goes from the preferred overlap to both sides', () => {
    const picker = new IntervalPicker(ones(23), ones(23).fill(0), 3);
    expect(picker.candidates(3, 0, 22)).toEqual([15, 16, 14, 17, 13, 18, 12, 11, 10, 9]);
    expect(picker.candidates(3, 19, 22)).toEqual([]);
  });

  it('stays on the level of the use', () => {
    // A loop at 19 to 24, five times; the loop itself, 25, takes no time of its own.
    const nest = ones(32).map((_, i) => (i >= 19 && i <= 24 ? 1 : 0));
    const seconds = nest.map((level, i) => (i === 25 ? 0 : 5 ** level));
    const picker = new IntervalPicker(seconds, nest, 3, { min: 1, preferred: 2, max: 12 });
    expect(picker.candidates(3, 0, 31)).toEqual([25, 26, 18, 27, 17]);
  });

  it('begins before nested loops and before conditionals', () => {
    const nest = ones(24).map((_, i) => (i >= 11 && i <= 16 ? 2 : i >= 5 && i <= 20 ? 1 : 0));
    const picker = new IntervalPicker(ones(24), nest, 3, { min: 1, preferred: 2, max: 12 });
    expect(picker.latest(3, 0, 23)).toBe(4);
    const branches = ones(20).map((_, i) => (i >= 5 && i <= 10 ? 1 : 0));
    expect(new IntervalPicker(ones(20), branches, 3).latest(3, 0, 11)).toBeLessThan(5);
  });
});

describe('repacking', () => {
  const blocks = (rows: readonly (readonly [number, number, number, string?])[]) =>
    rows.map(([lower, upper, size_bytes, colocation], i) => ({
      id: String(i),
      lower,
      upper,
      size_bytes,
      ...(colocation === undefined ? {} : { colocation }),
    }));
  const repack = (rows: Parameters<typeof blocks>[0]): number[] | null => {
    const timeline = buildTimeline(blocks(rows));
    const plan = firstFit(timeline, orderOf(timeline, 'size'), 100);
    return plan && [...timeline.itemOf].map((item) => plan.offsets[item]!);
  };

  it('gives the offsets of the best-fit repacker', () => {
    expect(
      repack([
        [10, 20, 10],
        [5, 25, 15],
      ]),
    ).toEqual([15, 0]);
    expect(
      repack([
        [10, 20, 10, 'g'],
        [0, 2, 10, 'g'],
        [5, 25, 15],
      ]),
    ).toEqual([15, 15, 0]);
    expect(
      repack([
        [0, 2, 5, 'g'],
        [10, 20, 10, 'g'],
        [9, 11, 2],
        [1, 2, 2],
      ]),
    ).toEqual([0, 0, 10, 5]);
  });

  it('gives up where 105 bytes are live', () => {
    expect(
      repack([
        [0, 9, 25],
        [0, 9, 20],
        [0, 9, 20],
        [0, 9, 20],
        [0, 9, 20],
      ]),
    ).toBeNull();
  });
});

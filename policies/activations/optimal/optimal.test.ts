import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadSolver } from '../../linearProgram.ts';
import { type ChainLayer, chainSchedule } from './chain.ts';
import { planLayer } from './layer.ts';

const equal = (n: number, saved_bytes = 0): ChainLayer[] =>
  Array.from({ length: n }, () => ({ forward_s: 1, input_bytes: 1, saved_bytes }));

/** Most layers that c stored inputs reach with r runs of each: (c + r)! / (c! r!) (Griewank and Walther, 2000, revolve). */
function reach(c: number, r: number): number {
  let value = 1;
  for (let i = 1; i <= r; i++) value = (value * (c + i)) / i;
  return value;
}

describe('a chain of layers', () => {
  /** What one layer's backward needs; there is room for it once. */
  const SAVED = 50;
  const within = (n: number, stored: number) => chainSchedule(equal(n, SAVED), SAVED + stored);

  test('with room for every input runs forward twice', () => {
    expect(within(10, 9)).toMatchObject({ forward_s: 19, checkpoints: 9 });
  });

  test('with room for everything runs forward once', () => {
    expect(chainSchedule(equal(10, 5), 9 + 10 * 5)).toMatchObject({ forward_s: 10, whole_layers: 10 });
  });

  test('without room for one layer has no schedule', () => {
    expect(chainSchedule(equal(3, 5), 4)).toBeNull();
  });

  test.each([
    [1, 2],
    [2, 2],
    [3, 2],
    [2, 3],
    [4, 3],
  ])('of %i stored inputs reaches with %i runs beside the last as far as revolve, and no further', (c, r) => {
    const n = reach(c, r);
    expect(within(n, c)!.forward_s).toBe(r * n - reach(c + 1, r - 1) + n);
    expect(within(n + 1, c)!.forward_s).toBe((r + 1) * (n + 1) - reach(c + 1, r) + n + 1);
  });

  test('costs what an exhaustive search finds', () => {
    const layer = fc.record({
      forward_s: fc.integer({ min: 1, max: 9 }),
      input_bytes: fc.integer({ min: 1, max: 3 }),
      saved_bytes: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 6 }), fc.constantFrom(4, 5, 8, 10), (layers, budget) => {
        // Sizes that are whole slots, so that rounding plays no part.
        expect(chainSchedule(layers, budget)?.forward_s ?? null).toBe(searched(layers, 0, layers.length, budget));
      }),
    );
  });
});

function searched(layers: readonly ChainLayer[], i: number, j: number, room: number): number | null {
  const first = layers[i]!;
  let least: number | null = null;
  const take = (cost: number | null): void => {
    if (cost !== null && (least === null || cost < least)) least = cost;
  };
  if (room >= first.saved_bytes) {
    const left = j === i + 1 ? 0 : room - first.saved_bytes - layers[i + 1]!.input_bytes;
    const rest = j === i + 1 ? 0 : left < 0 ? null : searched(layers, i + 1, j, left);
    if (rest !== null) take(first.forward_s + rest);
  }
  for (let k = i + 1; k < j; k++) {
    const left = room - layers[k]!.input_bytes;
    if (left < 0) continue;
    const after = searched(layers, k, j, left);
    const before = searched(layers, i, k, room);
    if (after === null || before === null) continue;
    take(layers.slice(i, k).reduce((sum, { forward_s }) => sum + forward_s, 0) + after + before);
  }
  return least;
}

describe('the ops of a layer', () => {
  const op = (name: string, saves: { name: string; bytes: number; made_here?: true }[]) => ({
    name,
    forward: [],
    backward: [],
    weight_gradient: [],
    saves: saves.map((one) => ({ rows: 1, ...one })),
    scratch_bytes: 0,
  });
  const nothing = { trained: 0, frozen: 0, frozen_bits: 16 };
  const layer = {
    ops: [
      op('norm', [{ name: 'x', bytes: 2 }]),
      op('product', [{ name: 'normed', bytes: 2 }]),
      op('softmax', [{ name: 'shares', bytes: 10, made_here: true }]),
      op('out', [{ name: 'mixed', bytes: 2 }]),
    ],
    matrices: nothing,
    others: nothing,
  };
  const seconds = [1, 8, 2, 4];
  const plan = async (kept_bytes: number, alike: boolean) =>
    planLayer({ layer, seconds, kept_bytes, alike }, await loadSolver('highs'));

  test('drop the cheapest: a result needs its op and the op before it, an input the op before', async () => {
    // 16 bytes in all. Two less: the norm runs again for what it made.
    expect(await plan(14, true)).toMatchObject({ again_s: 1, dropped: { normed: 1, shares: 0 }, again: { norm: 1 } });
    // Ten less: the softmax, and the product before it, whose output nobody saved.
    expect(await plan(6, true)).toMatchObject({ again_s: 10, dropped: { shares: 1 } });
    expect((await plan(2, true))!.again_s).toBe(11);
  });

  test('may differ from layer to layer, at no more cost', async () => {
    const some = await plan(11, false);
    // Of five bytes the norm gives two; a quarter of the layers give what the softmax makes and what it is used for.
    expect(some!.again_s).toBeCloseTo(1 + 10 * 0.25, 6);
    expect(some!.again_s).toBeLessThan((await plan(11, true))!.again_s);
  });

  test('have no plan below their input', async () => {
    expect(await plan(1, true)).toBeNull();
  });
});

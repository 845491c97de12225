import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DoesNotFitError } from '../../errors.ts';
import type { TensorTrace, TraceEvent } from '../../types/trace.ts';
import type { EvictionOrder } from './heuristics.ts';
import { replayDtr } from './runtime.ts';

/** A chain of n ops of 1 ns and 1 byte each, whose results are then used from the last to the first. */
function chain(n: number): TensorTrace {
  const events: TraceEvent[] = [{ kind: 'constant', tensor: 0, bytes: 1 }];
  for (let i = 1; i <= n; i++) {
    events.push({
      kind: 'call',
      name: `f${i}`,
      cost_ns: 1,
      inputs: [i - 1],
      outputs: [{ tensor: i, bytes: 1, alias_of: -1 }],
    });
  }
  // Backward: the gradient of step i reads what forward made there and the gradient after it.
  for (let i = n; i >= 1; i--) {
    const after = i === n ? [] : [n + (n - i)];
    events.push({
      kind: 'call',
      name: `b${i}`,
      cost_ns: 1,
      inputs: [i, ...after],
      outputs: [{ tensor: n + (n - i) + 1, bytes: 1, alias_of: -1 }],
    });
    for (const tensor of after) events.push({ kind: 'release', tensor });
    events.push({ kind: 'release', tensor: i });
  }
  return { tensors: 2 * n + 1, events };
}

const run = (trace: TensorTrace, budget_bytes: number, order: EvictionOrder = 'union-find') =>
  replayDtr(trace, { memory: 'gpu', budget_bytes, order });

describe('a chain', () => {
  test('with room for all of it runs nothing again', () => {
    const { again_ns, base_ns, evicted, peak_bytes } = run(chain(50), 60);
    expect([again_ns, evicted.length, base_ns]).toEqual([0, 0, 100]);
    expect(peak_bytes).toBeLessThanOrEqual(53);
  });

  test.each<EvictionOrder>(['union-find', 'exact', 'local', 'lru'])('keeps to its budget (%s)', (order) => {
    const { peak_bytes, again_ns, evicted } = run(chain(60), 24, order);
    expect(peak_bytes).toBe(24);
    expect(evicted.length).toBeGreaterThan(30);
    expect(again_ns).toBeGreaterThan(0);
  });

  test('of N ops in 2 sqrt(N) memory takes O(N) ops (ICLR 2021, theorem 3.1)', () => {
    const overhead = (n: number): number => run(chain(n), Math.ceil(4 * Math.sqrt(n)), 'exact').again_ns / n;
    expect(overhead(100)).toBeLessThan(2);
    expect(overhead(1600)).toBeLessThan(2);
  });

  test('that cannot hold an op and its operands does not fit', () => {
    expect(() => run(chain(5), 2)).toThrow(DoesNotFitError);
  });
});

test('a smaller budget never runs less again on a chain, and times are those of the ops', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 80 }), fc.integer({ min: 8, max: 30 }), (n, budget) => {
      const tight = run(chain(n), budget);
      expect(tight.peak_bytes).toBeLessThanOrEqual(budget);
      expect(tight.base_ns).toBe(2 * n);
      expect(run(chain(n), 4 * n).again_ns).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test('an alias costs no memory and comes back with its storage', () => {
  const call = (name: string, inputs: number[], tensor: number, bytes: number, alias_of = -1): TraceEvent => ({
    kind: 'call',
    name,
    cost_ns: 10,
    inputs,
    outputs: [{ tensor, bytes, alias_of }],
  });
  const events: TraceEvent[] = [
    { kind: 'constant', tensor: 0, bytes: 1 },
    call('make', [0], 1, 10),
    call('view', [1], 2, 0, 0),
    call('large', [0], 3, 20),
    { kind: 'release', tensor: 3 },
    call('use', [2], 4, 1),
  ];
  expect(run({ tensors: 5, events }, 100).peak_bytes).toBe(31);
  // "large" needs the room of "make": both "make" and "view" run again for "use".
  const tight = run({ tensors: 5, events }, 25);
  expect(tight.evicted).toEqual([1]);
  expect(tight.again_ns).toBe(20);
});

test('a budget at which ops run again without end is refused', () => {
  const call = (tensor: number, inputs: number[]): TraceEvent => ({
    kind: 'call',
    name: `op ${tensor}`,
    cost_ns: 1,
    inputs,
    outputs: [{ tensor, bytes: 1, alias_of: -1 }],
  });
  // A chain read backwards in the room of one op: each read runs all before it again.
  const n = 600;
  const made = Array.from({ length: n }, (_, i) => call(i + 1, [i, Math.max(0, i - 1)]));
  const back = Array.from({ length: n }, (_, i) => call(n + 1 + i, [n - i, n + i]));
  const events: TraceEvent[] = [{ kind: 'constant', tensor: 0, bytes: 1 }, ...made, ...back];
  expect(() => run({ tensors: 2 * n + 1, events }, 5)).toThrow('ran again 50 times on the mean in 5 bytes');
});

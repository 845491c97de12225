import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue, MAX_PHASE } from './eventQueue.ts';

/** Pops everything and returns the `a` words in the order they left. */
function drain(queue: EventQueue): number[] {
  const order: number[] = [];
  while (queue.pop()) order.push(queue.a);
  return order;
}

describe('order', () => {
  it('is by time', () => {
    const queue = new EventQueue();
    for (const time of [30, 10, 20]) queue.schedule(time, 0, 0, time, 0);
    expect(drain(queue)).toEqual([10, 20, 30]);
  });

  it('is by phase within one time', () => {
    const queue = new EventQueue();
    for (const phase of [MAX_PHASE, 0, 2]) queue.schedule(5, phase, 0, phase, 0);
    expect(drain(queue)).toEqual([0, 2, 7]);
  });

  it('is by arrival within one time and phase', () => {
    const queue = new EventQueue();
    for (let i = 0; i < 6; i++) queue.schedule(5, 1, 0, i, 0);
    expect(drain(queue)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('payload', () => {
  it('comes back in the fields of the queue', () => {
    const queue = new EventQueue();
    queue.schedule(7, 0, 3, -4, 2 ** 31 - 1);
    expect(queue.pop()).toBe(true);
    expect([queue.time, queue.kind, queue.a, queue.b]).toEqual([7, 3, -4, 2 ** 31 - 1]);
  });

  it('keeps times up to 2^53 − 1 apart', () => {
    const queue = new EventQueue();
    queue.schedule(Number.MAX_SAFE_INTEGER, 0, 0, 1, 0);
    queue.schedule(Number.MAX_SAFE_INTEGER - 1, MAX_PHASE, 0, 2, 0);
    expect(drain(queue)).toEqual([2, 1]);
  });
});

describe('cancel', () => {
  it('takes the event out', () => {
    const queue = new EventQueue();
    queue.schedule(1, 0, 0, 1, 0);
    const handle = queue.schedule(0, 0, 0, 2, 0);
    expect(queue.cancel(handle)).toBe(true);
    expect(queue.size).toBe(1);
    expect(queue.peekTime()).toBe(1);
    expect(drain(queue)).toEqual([1]);
  });

  it('is refused twice, after the event ran, and for a handle whose slot serves another event', () => {
    const queue = new EventQueue();
    const first = queue.schedule(0, 0, 0, 1, 0);
    expect(queue.cancel(first)).toBe(true);
    expect(queue.cancel(first)).toBe(false);
    expect(queue.pop()).toBe(false);
    const second = queue.schedule(0, 0, 0, 2, 0);
    expect(queue.cancel(first)).toBe(false);
    expect(queue.pop()).toBe(true);
    expect(queue.cancel(second)).toBe(false);
  });

  it('is refused for what was never a handle', () => {
    const queue = new EventQueue();
    queue.schedule(0, 0, 0, 0, 0);
    expect([-1, 1, 63, 2 ** 26, Number.NaN, Number.POSITIVE_INFINITY].map((h) => queue.cancel(h))).toEqual(
      Array(6).fill(false),
    );
  });

  it('sweeps the cancelled out when they outnumber the live', () => {
    const queue = new EventQueue();
    const handles = Array.from({ length: 1000 }, (_, i) => queue.schedule(1000 - i, 0, 0, i, 0));
    for (const handle of handles.slice(0, 990)) queue.cancel(handle);
    expect(queue.size).toBe(10);
    expect(drain(queue)).toEqual([999, 998, 997, 996, 995, 994, 993, 992, 991, 990]);
  });
});

it('pops only what is due by the limit', () => {
  const queue = new EventQueue();
  queue.schedule(5, 0, 0, 1, 0);
  expect([queue.pop(4), queue.size, queue.pop(5), queue.size]).toEqual([false, 1, true, 0]);
});

it('refuses a phase that does not exist', () => {
  const queue = new EventQueue();
  for (const phase of [-1, MAX_PHASE + 1, 0.5]) {
    expect(() => queue.schedule(0, phase, 0, 0, 0)).toThrow(expect.objectContaining({ code: 'bad-phase' }));
  }
});

/** What a test does to both the queue and the model: few distinct times, so that ties abound. */
type Step = { do: 'schedule'; time: number; phase: number } | { do: 'cancel'; which: number } | { do: 'pop' | 'peek' };

const schedule = fc.record({
  do: fc.constant('schedule' as const),
  time: fc.oneof(fc.nat(9), fc.nat(1000)),
  phase: fc.nat(3),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: schedule },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('pop' as const, 'peek' as const) }) },
);

/** So small that most events are far, and so large that none is. */
const heapLimits = fc.constantFrom(1, 2, 8, 2 ** 14);

it('agrees with a stably sorted list under any mix of schedule, cancel, pop and peek', () => {
  fc.assert(
    fc.property(heapLimits, fc.nat(200), fc.array(step, { maxLength: 600, size: 'max' }), (heapLimit, left, steps) => {
      // The sequence numbers run out after `left` events.
      const queue = new EventQueue({ initialCapacity: 1, heapLimit, firstSequence: 2 ** 26 - left });
      const model: { time: number; phase: number; a: number; handle: number }[] = [];
      const sorted = () => model.sort((x, y) => x.time - y.time || x.phase - y.phase);
      let count = 0;
      for (const s of steps) {
        if (s.do === 'schedule') {
          const handle = queue.schedule(s.time, s.phase, 0, count, 0);
          model.push({ time: s.time, phase: s.phase, a: count++, handle });
        } else if (s.do === 'cancel') {
          const [gone] = model.splice(s.which % Math.max(1, model.length), 1);
          if (gone) expect(queue.cancel(gone.handle)).toBe(true);
        } else if (s.do === 'peek') {
          expect(queue.peekTime()).toBe(sorted()[0]?.time ?? Number.POSITIVE_INFINITY);
        } else {
          sorted();
          const first = model.shift();
          expect(queue.pop()).toBe(first !== undefined);
          if (first) expect([queue.time, queue.a]).toEqual([first.time, first.a]);
        }
        expect(queue.size).toBe(model.length);
      }
      expect(drain(queue)).toEqual(sorted().map((event) => event.a));
    }),
    { numRuns: 400 },
  );
});

it('stays sorted when compaction strikes a large heap with random cancels', () => {
  fc.assert(
    fc.property(
      heapLimits,
      fc.array(fc.tuple(fc.nat(20), fc.boolean()), { minLength: 300, maxLength: 800 }),
      (heapLimit, events) => {
        const queue = new EventQueue({ initialCapacity: 1, heapLimit });
        const handles = events.map(([time], i) => queue.schedule(time, 0, 0, i, 0));
        events.forEach(([, keep], i) => {
          if (!keep || i % 3 > 0) queue.cancel(handles[i]!);
        });
        const kept = events.map(([time, keep], a) => ({ time, a, kept: keep && a % 3 === 0 })).filter((e) => e.kept);
        expect(drain(queue)).toEqual(kept.sort((x, y) => x.time - y.time).map((e) => e.a));
      },
    ),
    { numRuns: 50 },
  );
});

describe('a hundred thousand events leave in order', () => {
  const count = 100_000;
  it.each<[string, (i: number) => number]>([
    ['scattered', (i) => Math.imul(i, 2654435761) >>> 8],
    ['from the last to the first', (i) => count - i],
    ['all at one time', () => 5],
    ['mostly at one time', (i) => (i % 10 > 0 ? 5 : i)],
    ['ever farther apart', (i) => 2 ** (i % 53)],
  ])('%s', (_, timeOf) => {
    const queue = new EventQueue();
    const expected = Array.from({ length: count }, (_, i) => i).sort((x, y) => timeOf(x) - timeOf(y) || x - y);
    for (let i = 0; i < count; i++) queue.schedule(timeOf(i), 0, 0, i, 0);
    expect(drain(queue)).toEqual(expected);
  });
});

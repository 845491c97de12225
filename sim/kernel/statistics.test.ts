import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BusyTracker, Tally, TimeWeighted } from './statistics.ts';

describe('TimeWeighted', () => {
  it('weighs each value by how long it held', () => {
    const used = new TimeWeighted(100, 1);
    used.set(110, 5);
    used.add(130, -5);
    expect([used.integral(140), used.mean(140), used.max, used.min, used.value]).toEqual([110, 2.75, 5, 0, 0]);
  });

  it('has its value as its mean before time has passed', () => {
    expect(new TimeWeighted(7, 3).mean(7)).toBe(3);
  });

  it('counts a value that held for no time in the maximum, not in the mean', () => {
    const used = new TimeWeighted(0, 0);
    used.set(5, 9);
    used.set(5, 2);
    expect([used.max, used.mean(10)]).toEqual([9, 1]);
  });

  it('refuses to go back', () => {
    const used = new TimeWeighted(5, 0);
    expect(() => used.set(4, 1)).toThrow(expect.objectContaining({ code: 'past' }));
    expect(() => used.mean(4)).toThrow(expect.objectContaining({ code: 'past' }));
  });
});

describe('Tally', () => {
  it('knows a textbook sample', () => {
    const tally = new Tally();
    for (const value of [2, 4, 4, 4, 5, 5, 7, 9]) tally.add(value);
    expect([tally.count, tally.sum, tally.mean, tally.min, tally.max]).toEqual([8, 40, 5, 2, 9]);
    expect(tally.variance).toBeCloseTo(32 / 7, 12);
    expect(tally.sd).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });

  it('has no mean of nothing and no variance of one', () => {
    const tally = new Tally();
    expect(tally.mean).toBeNaN();
    tally.add(3);
    expect([tally.mean, tally.variance]).toEqual([3, Number.NaN]);
  });

  it('keeps the variance of small differences far from zero', () => {
    const tally = new Tally();
    for (const value of [4, 7, 13, 16]) tally.add(1e9 + value);
    expect(tally.variance).toBe(30);
  });

  it('refuses NaN and infinity', () => {
    const add = (value: number) => () => new Tally().add(value);
    expect(add(Number.NaN)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(add(Number.POSITIVE_INFINITY)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('BusyTracker', () => {
  it('counts overlapping activities once and gaps not at all', () => {
    const busy = new BusyTracker();
    busy.begin(10);
    busy.begin(15);
    busy.end(20);
    expect(busy.busyNs(22)).toBe(12);
    busy.end(25);
    busy.begin(40);
    busy.end(41);
    expect([busy.busyNs(100), busy.active]).toEqual([16, 0]);
  });

  it('refuses an end without a begin, and a return', () => {
    const busy = new BusyTracker();
    expect(() => busy.end(1)).toThrow(expect.objectContaining({ code: 'unbalanced' }));
    busy.begin(5);
    expect(() => busy.end(4)).toThrow(expect.objectContaining({ code: 'past' }));
    expect(() => busy.busyNs(4)).toThrow(expect.objectContaining({ code: 'past' }));
  });

  it('is the number of nanoseconds that any interval covers', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(20)), { maxLength: 12 }), (intervals) => {
        const covered = new Set<number>();
        for (const [start, length] of intervals) for (let t = start; t < start + length; t++) covered.add(t);
        const edges = intervals.flatMap(([start, length]) => [
          { at: start, ends: false },
          { at: start + length, ends: true },
        ]);
        const busy = new BusyTracker();
        for (const { at, ends } of edges.sort((x, y) => x.at - y.at || Number(x.ends) - Number(y.ends))) {
          if (ends) busy.end(at);
          else busy.begin(at);
        }
        expect(busy.busyNs(70)).toBe(covered.size);
      }),
    );
  });
});

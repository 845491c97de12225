import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Span, Timeline } from '../sim/types/index.ts';
import { TIMELINE } from '../tests/golden/figures/fixtures.ts';
import { perfettoChunks, perfettoText } from './perfetto.ts';

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly id?: string | number;
  readonly args?: Readonly<Record<string, unknown>>;
}

const read = (timeline: Timeline): TraceEvent[] =>
  (JSON.parse(perfettoText(timeline)) as { traceEvents: TraceEvent[] }).traceEvents;

/** Times in whole nanoseconds, free of the rounding of decimal microseconds. */
const ns = (us: number): number => Math.round(us * 1000);

describe('the trace', () => {
  const events = read(TIMELINE);

  it('names a process a group and a thread a track', () => {
    const names = events.filter((event) => event.name === 'process_name').map((event) => event.args?.['name']);
    expect(names).toEqual(['compute', 'pcie']);
    const threads = events
      .filter((event) => event.name === 'thread_name')
      .map(({ pid, tid, args }) => [pid, tid, args?.['name']]);
    expect(threads).toEqual([
      [1, 1, 'gpu'],
      [2, 2, 'h2d'],
      [2, 3, 'd2h'],
    ]);
  });

  it('gives times in microseconds, to the nanosecond', () => {
    expect(events.find((event) => event.name === 'attention 0')).toMatchObject({
      ph: 'X',
      ts: 400,
      dur: 500.5,
      pid: 1,
      tid: 1,
    });
  });

  it('draws an overlap as an asynchronous pair', () => {
    expect(events.filter((event) => event.name === 'kv 1').map(({ ph, ts }) => [ph, ts])).toEqual([
      ['b', 950],
      ['e', 1100],
    ]);
  });

  it('draws an arrow from cause to effect', () => {
    const flow = events.filter((event) => event.name === 'causes' && event.id === 4);
    expect(flow.map(({ ph, tid, ts }) => [ph, tid, ts])).toEqual([
      ['s', 2, 799.999],
      ['f', 1, 900.5],
    ]);
  });

  it('carries the counters', () => {
    const rates = events.filter((event) => event.ph === 'C' && event.name === 'pcie h2d');
    expect(rates.map(({ ts, args }) => [ts, args?.['bytes_per_s']])).toEqual([
      [0, 12e9],
      [800, 0],
    ]);
  });
});

const spans = fc
  .array(fc.record({ track: fc.nat(2), start: fc.nat(5000), length: fc.nat(3000) }), { maxLength: 40 })
  .map((list) =>
    list.map(
      ({ track, start, length }, index): Span => ({
        track,
        name: `s${index}`,
        category: 'compute',
        start_ns: start,
        end_ns: start + length,
        bytes: 0,
        caused_by: index % 3 === 0 ? -1 : Math.floor(index / 2),
      }),
    ),
  );

it('nests the complete events of every thread, in order, and loses no span', () => {
  fc.assert(
    fc.property(spans, (list) => {
      const tracks = [0, 1, 2].map((id) => ({ id, name: `t${id}`, group: 'g' }));
      const events = read({ tracks, spans: list, counters: [] });
      const drawn = events.filter((event) => event.ph === 'X' || event.ph === 'b').map((event) => event.name);
      expect(drawn.sort()).toEqual(list.map((span) => span.name).sort());
      for (const track of tracks) {
        const open: number[] = [];
        let last = 0;
        for (const { ts, dur, tid, ph } of events) {
          if (ph !== 'X' || tid !== track.id + 1) continue;
          const [start, end] = [ns(ts), ns(ts) + ns(dur)];
          expect(start).toBeGreaterThanOrEqual(last);
          last = start;
          while (open.length > 0 && open.at(-1)! <= start) open.pop();
          if (open.length > 0) expect(end).toBeLessThanOrEqual(open.at(-1)!);
          open.push(end);
        }
      }
    }),
    { numRuns: 100 },
  );
});

it('comes in pieces that join to one document', () => {
  const many = Array.from(
    { length: 3000 },
    (_, i): Span => ({
      track: 0,
      name: `span ${i}`,
      category: 'c',
      start_ns: i * 10,
      end_ns: i * 10 + 9,
      bytes: 1,
      caused_by: i - 1,
    }),
  );
  const chunks = [...perfettoChunks({ tracks: [{ id: 0, name: 't', group: 'g' }], spans: many, counters: [] })];
  expect(chunks.length).toBeGreaterThan(4);
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(2 ** 17);
  expect(
    (JSON.parse(chunks.join('')) as { traceEvents: TraceEvent[] }).traceEvents.filter((event) => event.ph === 'X'),
  ).toHaveLength(3000);
});

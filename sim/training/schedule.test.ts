import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runPipeline, stageOrder, type UnitSpan } from './schedule.ts';

const flat = (forward: number, backward: number, send_ns = 0) => ({
  forward: () => forward,
  backward: () => backward,
  send_ns,
});

test('the order of 1F1B on the first of three stages', () => {
  const order = stageOrder(0, { stages: 3, chunks: 1, microbatches: 4 });
  expect([...order].map((unit) => `${unit % 2 ? 'B' : 'F'}${unit >> 1}`).join(' ')).toBe('F0 F1 F2 B0 F3 B1 B2 B3');
});

test('1F1B takes (m + p - 1) (f + b), interleaved (m + (p - 1) / v) (f + b)', () => {
  const [p, m, v, f, b] = [4, 8, 2, 300, 600];
  expect(runPipeline({ stages: p, chunks: 1, microbatches: m }, flat(f, b)).total_ns).toBe((m + p - 1) * (f + b));
  const interleaved = runPipeline({ stages: p, chunks: v, microbatches: m }, flat(f / v, b / v));
  expect(interleaved.total_ns).toBe((m + (p - 1) / v) * (f + b));
});

test('every unit runs once, after what it needs, and no stage does two at a time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 9 }),
      (stages, chunks, rounds, forward, send) => {
        const shape = { stages, chunks: stages === 1 ? 1 : chunks, microbatches: rounds * stages };
        const spans: UnitSpan[] = [];
        const run = runPipeline(shape, flat(forward, 2 * forward, send), (span) => spans.push(span));
        expect(spans.length).toBe(2 * stages * shape.chunks * shape.microbatches);
        const end = new Map(spans.map((s) => [`${s.stage} ${s.chunk} ${s.microbatch} ${s.kind}`, s.end_ns]));
        for (const s of spans) {
          const earlier =
            s.kind === 0 ? `${s.stage - 1} ${s.chunk} ${s.microbatch} 0` : `${s.stage} ${s.chunk} ${s.microbatch} 0`;
          expect(s.start_ns).toBeGreaterThanOrEqual(end.get(earlier) ?? 0);
        }
        for (let stage = 0; stage < stages; stage++) {
          const own = spans.filter((s) => s.stage === stage).sort((x, y) => x.start_ns - y.start_ns);
          for (const [i, s] of own.entries()) expect(s.start_ns).toBeGreaterThanOrEqual(own[i - 1]?.end_ns ?? 0);
          expect(run.busy_ns[stage]).toBeLessThanOrEqual(run.total_ns);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('in flight: stage s of p holds p - s micro-batches, or all there are', () => {
  const held = (microbatches: number) =>
    runPipeline({ stages: 4, chunks: 1, microbatches }, flat(1, 2)).in_flight.map(([n]) => n);
  expect(held(8)).toEqual([4, 3, 2, 1]);
  expect(held(2)).toEqual([2, 2, 2, 1]);
});

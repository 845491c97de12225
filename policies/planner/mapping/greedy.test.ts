import { describe, expect, it } from 'vitest';
import { conflictsOf, firstFit, orderOf } from './greedy.ts';
import { buildTimeline, loadOf, lowerBoundOf } from './timeline.ts';

/** Rows of size, first and last time in use, as TensorFlow Lite Micro's planner takes them. */
const used = (rows: readonly (readonly [number, number, number])[]) =>
  rows.map(([size_bytes, lower, last], i) => ({ id: String(i), lower, upper: last + 1, size_bytes }));

function bySize(rows: readonly (readonly [number, number, number])[]): number[] {
  const timeline = buildTimeline(used(rows));
  return [...firstFit(timeline, orderOf(timeline, 'size'))!.offsets];
}

describe('greedy by size', () => {
  // The values of tensorflow/tflite-micro greedy_memory_planner_test.cc.
  it('puts buffers that do not meet at 0', () => {
    expect(
      bySize([
        [10, 0, 1],
        [20, 2, 3],
      ]),
    ).toEqual([0, 0]);
  });

  it('stacks a chain as TFLite Micro does', () => {
    expect(
      bySize([
        [10, 0, 1],
        [20, 1, 2],
        [30, 2, 3],
        [40, 3, 4],
        [50, 0, 1],
      ]),
    ).toEqual([50, 70, 40, 0, 0]);
  });
});

describe('first fit', () => {
  it('fills the lowest gap that is long enough and aligned', () => {
    const timeline = buildTimeline([
      { id: 'low', lower: 0, upper: 4, size_bytes: 3, fixed_offset_bytes: 0 },
      { id: 'high', lower: 0, upper: 4, size_bytes: 4, fixed_offset_bytes: 12 },
      { id: 'aligned', lower: 1, upper: 2, size_bytes: 4, alignment_bytes: 4 },
      { id: 'long', lower: 0, upper: 4, size_bytes: 6 },
    ]);
    expect([...firstFit(timeline, [2, 3])!.offsets]).toEqual([0, 12, 4, 16]);
  });

  it('uses the bytes that a window leaves, and gives up past its limit', () => {
    const window = { from_bytes: 4, to_bytes: 6 };
    const timeline = buildTimeline([
      { id: 'holed', lower: 0, upper: 6, size_bytes: 6, gaps: [{ lower: 2, upper: 4, window }] },
      { id: 'inside', lower: 2, upper: 4, size_bytes: 4 },
      { id: 'after', lower: 2, upper: 4, size_bytes: 1 },
    ]);
    expect(firstFit(timeline, [0, 1, 2])).toEqual({ offsets: Float64Array.of(0, 0, 6), height: 7 });
    expect(firstFit(timeline, [0, 1, 2], 6)).toBeNull();
  });
});

describe('a time line', () => {
  it('counts conflicts and the load by hand', () => {
    const timeline = buildTimeline(
      used([
        [10, 0, 1],
        [20, 1, 2],
        [30, 2, 3],
        [40, 3, 4],
        [50, 0, 1],
      ]),
    );
    expect([...conflictsOf(timeline)]).toEqual([2, 3, 2, 1, 2]);
    expect(loadOf(timeline)).toBe(80);
    expect(timeline.sections).toBe(3);
  });

  it('rounds the bound up to what offsets can be', () => {
    const timeline = buildTimeline([
      { id: 'a', lower: 0, upper: 1, size_bytes: 12 },
      { id: 'b', lower: 0, upper: 1, size_bytes: 6, fixed_offset_bytes: 18 },
    ]);
    expect(lowerBoundOf(timeline)).toBe(24);
  });
});

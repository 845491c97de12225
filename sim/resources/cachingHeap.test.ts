import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CachingHeap, type HeapBlock, type HeapOptions, refused } from './cachingHeap.ts';

const MiB = 2 ** 20;

function take(heap: CachingHeap, bytes: number, stream = ''): HeapBlock {
  const block = heap.allocate(bytes, stream);
  if (refused(block)) throw new Error(`refused ${bytes}`);
  return block;
}

describe('sizes', () => {
  test.each([
    [1, 512, 2 * MiB],
    [513, 1024, 2 * MiB],
    [MiB, MiB, 2 * MiB],
    [MiB + 1, MiB + 512, 20 * MiB],
    [10 * MiB - 512, 10 * MiB - 512, 20 * MiB],
    [10 * MiB, 10 * MiB, 10 * MiB],
    [21 * MiB + 1, 22 * MiB, 22 * MiB],
  ])('a request of %i takes %i of a segment of %i', (asked, block, reserved) => {
    const heap = new CachingHeap();
    // The rest of a large segment is split off only above 1 MiB.
    expect(take(heap, asked).bytes).toBe(block);
    expect(heap.reserved_bytes).toBe(reserved);
  });

  test('small and large requests, and streams, do not share segments', () => {
    const heap = new CachingHeap();
    heap.free(take(heap, 16 * MiB));
    take(heap, MiB);
    take(heap, 16 * MiB, 'gather');
    expect(heap.reserved_bytes).toBe((16 + 2 + 16) * MiB);
  });

  test('a block of the limit is neither split nor given to a smaller request', () => {
    const heap = new CachingHeap({ max_split_bytes: 64 * MiB });
    heap.free(take(heap, 100 * MiB));
    take(heap, 50 * MiB);
    expect(heap.reserved_bytes).toBe(150 * MiB);
    // A request above it may take a block that is not 20 MiB larger.
    take(heap, 90 * MiB);
    expect(heap.reserved_bytes).toBe(150 * MiB);
  });
});

describe('a segment that grows', () => {
  test('is extended by pages behind what is free at its end', () => {
    const heap = new CachingHeap({ expandable_segments: true });
    const first = take(heap, 30 * MiB);
    expect(heap.reserved_bytes).toBe(40 * MiB);
    take(heap, 30 * MiB);
    expect(heap.reserved_bytes).toBe(60 * MiB);
    heap.free(first);
    take(heap, 31 * MiB);
    expect(heap.reserved_bytes).toBe(100 * MiB);
  });

  test('serves a large request from what smaller ones left, where plain segments cannot', () => {
    const grown = (expandable_segments: boolean): number => {
      const heap = new CachingHeap({ expandable_segments });
      const blocks = [1, 2, 3, 4].map(() => take(heap, 30 * MiB));
      for (const block of blocks) heap.free(block);
      take(heap, 100 * MiB);
      return heap.reserved_peak_bytes;
    };
    expect(grown(true)).toBe(120 * MiB);
    expect(grown(false)).toBe(220 * MiB);
  });
});

describe('a device with a limit', () => {
  test('gets empty segments back before a request is refused', () => {
    const heap = new CachingHeap({ capacity_bytes: 100 * MiB });
    heap.free(take(heap, 60 * MiB));
    take(heap, 80 * MiB);
    expect([heap.flushes, heap.reserved_bytes]).toEqual([1, 80 * MiB]);
  });

  test('refuses, and says how much lies free in how large holes', () => {
    const heap = new CachingHeap({ capacity_bytes: 120 * MiB });
    const blocks = [0, 1, 2].map(() => [take(heap, 20 * MiB), take(heap, 20 * MiB)] as const);
    for (const [hole] of blocks) heap.free(hole);
    take(heap, 4 * MiB);
    expect(heap.allocate(50 * MiB)).toEqual({
      asked_bytes: 50 * MiB,
      allocated_bytes: 64 * MiB,
      reserved_bytes: 80 * MiB,
      largest_free_bytes: 16 * MiB,
      free_bytes: 16 * MiB,
    });
  });
});

test('blocks never overlap, nothing is lost, and all of it comes back', () => {
  const requests = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 40 * MiB }), fc.nat(20)), {
    maxLength: 80,
  });
  const settings = fc.record({ expandable_segments: fc.boolean() });
  fc.assert(
    fc.property(requests, settings, (steps, options: HeapOptions) => {
      const heap = new CachingHeap({ ...options, capacity_bytes: 400 * MiB });
      const live: HeapBlock[] = [];
      for (const [frees, bytes, which] of steps) {
        if (frees && live.length > 0) heap.free(live.splice(which % live.length, 1)[0]!);
        else {
          const block = heap.allocate(bytes);
          if (!refused(block)) live.push(block);
        }
        expect(heap.allocated_bytes).toBe(live.reduce((sum, block) => sum + block.bytes, 0));
        expect(heap.reserved_bytes).toBeLessThanOrEqual(400 * MiB);
        expect(heap.allocated_bytes).toBeLessThanOrEqual(heap.reserved_bytes);
        const spans = live.map(({ pool, segment, offset, bytes }) => ({
          pool,
          segment,
          from: offset,
          to: offset + bytes,
        }));
        for (const a of spans) {
          const over = spans.filter(
            (b) => b !== a && b.pool === a.pool && b.segment === a.segment && b.from < a.to && a.from < b.to,
          );
          expect(over).toEqual([]);
        }
      }
      for (const block of live) heap.free(block);
      expect(heap.allocated_bytes).toBe(0);
    }),
    { numRuns: 100 },
  );
});

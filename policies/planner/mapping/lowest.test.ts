import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meet, type Placed, topOf } from '../rectangles.ts';
import { lowestOffsets } from './lowest.ts';

describe('the lowest plan of a schedule', () => {
  it('fills what greedy by size leaves open', () => {
    // 4 bytes under 5 and then under 2 of the same, 3 beside them: 9 bytes hold all, as the live ones do.
    const requests = [
      { bytes: 5, first: 0, last: 1 },
      { bytes: 4, first: 1, last: 3 },
      { bytes: 5, first: 2, last: 5 },
      { bytes: 0, first: 0, last: 5 },
    ];
    const placed = lowestOffsets(requests).map((offset, i) => ({ ...requests[i]!, offset }));
    expect(topOf(placed)).toBe(9);
  });

  it('never puts two live buffers in one place', () => {
    const request = fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 50 }))
      .map(([first, length, bytes]) => ({ first, last: first + length, bytes }));
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        const placed: Placed[] = lowestOffsets(requests).map((offset, i) => ({ ...requests[i]!, offset }));
        for (const [i, a] of placed.entries()) {
          for (const b of placed.slice(0, i)) {
            if (meet(a, b)) expect(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset).toBe(true);
          }
        }
      }),
    );
  });
});

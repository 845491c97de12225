import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RankSet } from './rankSet.ts';

describe('a set of ranks', () => {
  it('finds the neighbours that a sorted list has', () => {
    const limit = 40_000;
    const rank = fc.oneof(fc.nat(limit - 1), fc.nat(70), fc.constantFrom(31, 32, 1023, 1024, 32_767, 32_768));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), rank), { maxLength: 60 }), rank, (steps, asked) => {
        const set = new RankSet(limit);
        const known = new Set<number>();
        for (const [add, at] of steps) {
          if (add) {
            set.add(at);
            known.add(at);
          } else {
            set.delete(at);
            known.delete(at);
          }
        }
        const sorted = [...known].sort((a, b) => a - b);
        expect(set.before(asked)).toBe(sorted.findLast((at) => at < asked) ?? -1);
        expect(set.after(asked)).toBe(sorted.find((at) => at > asked) ?? -1);
      }),
    );
  });
});

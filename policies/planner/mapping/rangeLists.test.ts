import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RangeLists } from './rangeLists.ts';

const range = fc.tuple(fc.nat(3), fc.nat(60), fc.integer({ min: 1, max: 12 }));

it('keeps the union of what was added to each list, in the fewest ranges', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 60 }), (added) => {
      const lists = new RangeLists(4);
      const taken = [0, 1, 2, 3].map(() => new Set<number>());
      for (const [list, from, bytes] of added) {
        lists.add(list, from, from + bytes);
        for (let at = from; at < from + bytes; at++) taken[list]!.add(at);
      }
      for (const [list, bytes] of taken.entries()) {
        const begin = lists.start[list]!;
        const numbers = [...lists.data.slice(begin, begin + lists.length[list]!)];
        const edges = Array.from({ length: 80 }, (_, at) => at).filter((at) => bytes.has(at) !== bytes.has(at - 1));
        expect(numbers).toEqual(edges);
        for (const address of [0, 17, 40]) {
          const place = lists.firstEndingAfter(list, address) - begin;
          const expected = edges.findIndex((edge, k) => k % 2 === 1 && edge > address);
          expect(place).toBe(expected < 0 ? edges.length : expected - 1);
        }
      }
    }),
  );
});

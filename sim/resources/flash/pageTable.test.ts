import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MappingCache } from './mappingCache.ts';
import { ABSENT, PageTable } from './pageTable.ts';

test('finds what was added and not taken out, as a Map does', () => {
  const key = fc.integer({ min: 0, max: 50 }).map((small) => small * 4_294_967_291);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 200 }), (steps) => {
      const table = new PageTable();
      const model = new Map<number, number>();
      for (const [adds, page] of steps) {
        const slot = table.find(page);
        expect(slot).toBe(model.get(page) ?? ABSENT);
        if (adds && slot === ABSENT) model.set(page, table.add(page));
        if (!adds && slot !== ABSENT) {
          table.remove(slot);
          model.delete(page);
        }
        expect(table.size).toBe(model.size);
        expect(new Set(model.values()).size).toBe(model.size);
      }
    }),
  );
});

test('grows past its first slots', () => {
  const table = new PageTable();
  const slots = Array.from({ length: 10_000 }, (_, page) => table.add(3 * page));
  expect(slots).toEqual([...slots.keys()]);
  expect([table.find(3 * 9999), table.find(1)]).toEqual([9999, ABSENT]);
});

test('a mapping cache keeps what was used last, as a list does', () => {
  const mapping = { cache_bytes: 5 * 8, entry_bytes: 8, read_bytes: 512, keeps: 'asked' } as const;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 100 }), (pages) => {
      const cache = new MappingCache(mapping, 10, 16_384);
      let model: number[] = [];
      for (const page of pages) {
        expect(cache.has(page)).toBe(model.includes(page));
        cache.insert(page);
        model = [...model.filter((held) => held !== page), page].slice(-5);
      }
    }),
  );
});

test('a table that fits whole is there from the start', () => {
  const cache = new MappingCache({ cache_bytes: 80, entry_bytes: 8, read_bytes: 512 }, 10, 16_384);
  expect(cache.has(9)).toBe(true);
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { textWidth, truncate, wrap } from './format.ts';
import { markdownTable, textTable } from './table.ts';

const COLUMNS = [{ head: 'name' }, { head: 'bytes', align: 'right' as const }, { head: 'note' }];

it('aligns columns, numbers to the right', () => {
  const rows = [
    ['gpu', 13, 'µs'],
    ['page_cache', 4096, null],
  ];
  expect(textTable(COLUMNS, rows)).toBe(
    ['name        bytes  note', 'gpu            13  µs', 'page_cache   4096'].join('\n'),
  );
});

it('leaves out a head row without letters', () => {
  expect(textTable([{ head: '' }, { head: '' }], [['a', 'b']])).toBe('a  b');
});

it('keeps every cell of a column under its head', () => {
  const cell = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll(/\s/g, '_') || '-');
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 }), (rows) => {
      const lines = textTable([{ head: 'a' }, { head: 'b' }], rows).split('\n');
      const at = lines[0]!.indexOf('b');
      expect(lines).toHaveLength(rows.length + 1);
      rows.forEach(([first, second], i) => {
        const line = lines[i + 1]!;
        expect(line.startsWith(first)).toBe(true);
        expect(line.endsWith(second)).toBe(true);
        expect(textWidth(line) - textWidth(second)).toBe(at);
      });
    }),
    { numRuns: 50 },
  );
});

it('escapes pipes and line breaks in Markdown', () => {
  expect(markdownTable(COLUMNS, [['a|b', 1, 'two\nlines']])).toBe(
    ['| name | bytes | note      |', '| ---- | ----: | --------- |', '| a\\|b |     1 | two lines |'].join('\n'),
  );
});

it('wraps and cuts text to a width', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('incompressible', 5)).toEqual(['incompressible']);
  expect(truncate('abcdef', 4)).toBe('abc…');
  expect(truncate('abcd', 4)).toBe('abcd');
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCsv, streamCsv, writeCsv } from './csv.ts';
import { InputError } from './errors.ts';

const OPTIONS = { file: 'x.csv', required: ['id', 'size'], optional: ['note'] };
const records = (text: string) => readCsv(text, OPTIONS).map((row) => row.record());

test.each<[string, string]>([
  ['LF', 'id,size\na,1\nb,2\n'],
  ['CRLF', 'id,size\r\na,1\r\nb,2\r\n'],
  ['no last line end', 'id,size\na,1\nb,2'],
  ['blank lines', 'id,size\n\na,1\n  \nb,2\n\n'],
  ['a byte order mark', '\uFEFFid,size\na,1\nb,2\n'],
  ['quotes', '"id","size"\n"a","1"\nb,"2"'],
  ['spaces in the header', 'id, size\na,1\nb,2\n'],
])('reads a table with %s', (_, text) => {
  expect(records(text)).toEqual([
    { id: 'a', size: '1' },
    { id: 'b', size: '2' },
  ]);
});

test('quoted cells hold commas, quotes and line ends', () => {
  expect(records('id,size,note\n"a,b","say ""x""","two\nlines"\n')).toEqual([
    { id: 'a,b', size: 'say "x"', note: 'two\nlines' },
  ]);
});

test('columns are read with their type', () => {
  const [row] = readCsv('id,size,note\na,16 GiB,7\n', OPTIONS);
  expect(row!.quantity('size', 'bytes')).toBe(2 ** 34);
  expect(row!.integer('note')).toBe(7);
  expect(row!.word('id', ['a', 'b'])).toBe('a');
  expect(row!.has('note')).toBe(true);
  expect(row!.line).toBe(2);
});

describe('faults are placed', () => {
  test.each<[string, string]>([
    ['', 'x.csv: the table is empty'],
    ['id,sise\n', 'x.csv:1:4: unknown column "sise"; expected one of id, size, note; did you mean "size"?'],
    ['id\n', 'x.csv:1:1: the column "size" is missing (found "id")'],
    ['id,id,size\n', 'x.csv:1:4: the column "id" is given twice'],
    ['id,,size\n', 'x.csv:1:4: a column has no name'],
    ['__proto__,id,size\n', 'x.csv:1:1: the column "__proto__" is not allowed'],
    ['id,size\na\n', 'x.csv:2:1: the row has 1 cell; expected 2, as in the header'],
    ['id,size\na,1,2\n', 'x.csv:2:5: the row has 3 cells; expected 2, as in the header'],
    ['id,size\na,"1\n', 'x.csv:2:3: a quoted cell is not closed'],
    ['id,size\na,1"\n', 'x.csv:2:4: a quote stands inside a cell; expected the whole cell in quotes'],
    ['id,size\na,"1"2\n', 'x.csv:2:6: text follows a closing quote; expected a comma or the end of the line'],
    ['id,size\ra,1\r', 'x.csv:1:8: a carriage return stands alone; expected LF or CRLF'],
  ])('%j', (text, message) => {
    expect(() => records(text)).toThrow(message);
  });

  test('in cells, also after a cell of several lines', () => {
    const [row] = readCsv('id,size\n"a\nb",x\n', OPTIONS);
    expect(() => row!.number('size')).toThrow('x.csv:3:4: size is "x"; expected a number');
    const [empty] = readCsv('id,size\na,\n', OPTIONS);
    expect(() => empty!.number('size')).toThrow('x.csv:2:3: size is empty; expected a number');
    const [small] = readCsv('id,size\na,-1\n', OPTIONS);
    expect(() => small!.number('size', { min: 0 })).toThrow('x.csv:2:3: size is "-1"; expected at least 0');
    expect(() => small!.quantity('size', 'bytes')).toThrow('x.csv:2:3: "-1" is negative');
    expect(() => small!.number('sise')).toThrow('x.csv:1: the column "sise" is missing (found "size")');
  });

  test.each(['0x10', 'Infinity', 'NaN', '1e999', '1,5', ' '])('%j is not a number', (text) => {
    const [row] = readCsv(`id,size\na,"${text}"\n`, OPTIONS);
    expect(() => row!.number('size')).toThrow(InputError);
  });

  test('an unclosed quote in an endless stream is found', () => {
    const chunks = ['id,size\n"', ...Array<string>(40).fill('x'.repeat(65_536))];
    expect(() => [...streamCsv(chunks, OPTIONS)]).toThrow('x.csv:2:1: the record is too long');
  });
});

const cell = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', ' ', 'é') }),
  fc.integer().map(String),
);
const table = fc.array(fc.record({ id: cell, size: cell }), { maxLength: 8 });

test('what is written reads back, whole and in pieces', () => {
  fc.assert(
    fc.property(table, fc.nat(7), (rows, piece) => {
      const text = writeCsv(rows, ['id', 'size']);
      expect(records(text)).toEqual(rows);
      const chunks = Array.from({ length: Math.ceil(text.length / (piece + 1)) }, (_, i) =>
        text.slice(i * (piece + 1), (i + 1) * (piece + 1)),
      );
      expect([...streamCsv(chunks, OPTIONS)].map((row) => row.record())).toEqual(rows);
    }),
  );
});

test('whatever the text, it is read or refused with an InputError', () => {
  const scraps = fc.array(fc.constantFrom('a', 'id', 'size', ',', '"', '\n', '\r', '\r\n', ' '), { maxLength: 30 });
  fc.assert(
    fc.property(scraps, (parts) => {
      try {
        records(`id,size\n${parts.join('')}`);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
    { numRuns: 1000 },
  );
});

describe('writeCsv', () => {
  test('columns in the order they appear, empty cells for what is absent', () => {
    expect(
      writeCsv([
        { a: 1, b: null },
        { a: 0.1, c: 'x,y' },
      ]),
    ).toBe('a,b,c\n1,,\n0.1,,"x,y"\n');
  });

  test('a number that is not finite is refused', () => {
    expect(() => writeCsv([{ a: Number.NaN }])).toThrow(RangeError);
  });
});

import { expect, test } from 'vitest';
import type { ClaimRow } from '../sim/types/index.ts';
import type { Frame } from './schema.ts';
import { missesMarkdown, type TableRun, validationTable, withValidation } from './validationTable.ts';

const row = (rest: Partial<ClaimRow>): ClaimRow => ({
  study: 'one/a',
  case: 'base',
  id: 'c',
  metric: 'time.total_s',
  published: 10,
  simulated: 11,
  error: 0.1,
  tolerance: 0.15,
  use: 'validate',
  pass: true,
  skipped: false,
  source: 'a paper',
  ...rest,
});
const run = (name: string, rows: readonly ClaimRow[], frame: Partial<Frame> = {}): TableRun => ({
  study: { name, frame: { title: 'A study', ...frame } },
  rows,
});
/** Cells of the line that begins with `head`. */
const cellsOf = (table: string, head: string): string[] =>
  table
    .split('\n')
    .find((line) => line.startsWith(`| ${head} `))!
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

test('fitted and unfitted rows of a system are counted apart, over all its studies', () => {
  const table = validationTable([
    run('one/a', [row({ error: 0.1 }), row({ error: -0.02 }), row({ use: 'calibrate', error: 0.005 })]),
    run('one/b', [
      row({ error: 0.06 }),
      row({ error: null, published: '1 … 2' }),
      row({ use: 'peer', error: 3, pass: false }),
    ]),
  ]);
  expect(cellsOf(table, 'one')).toEqual('one 4 4 6.0% 9.2% 10.0% 1 1 0.5% 0.5% 0.5% 1'.split(' '));
  expect(table).toContain('No measured figure is missed.');
  expect(table).not.toContain('**all**');
});

test('several systems have a line for all of them, and rows that could not run are not judged', () => {
  const table = validationTable([
    run('one/a', [row({})]),
    run('two/a', [row({ skipped: true, pass: false, error: null, simulated: null }), row({ error: 0.2, pass: false })]),
    run('three/a', []),
  ]);
  expect(cellsOf(table, 'two').slice(0, 4)).toEqual(['two', '2', '0 of 1', '20.0%']);
  expect(cellsOf(table, '**all**').slice(0, 3)).toEqual(['**all**', '3', '1 of 2']);
  expect(table).not.toContain('three');
  // Errors of 10 % and 20 %: each system counts once.
  expect(cellsOf(table, '**median system**').slice(0, 4)).toEqual(['**median system**', '2 systems', '', '15.0%']);
});

const miss = { pass: false, error: 0.5, simulated: 15 };
const noted = { id: 'c', use: 'validate', source: 'a paper', note: 'The table contradicts itself.' } as const;

test.each<[string, Partial<ClaimRow>, Partial<Frame>, string]>([
  ['its claim', {}, { claims: [noted] }, 'The table contradicts itself.'],
  ['a claim of its case', { case: 'x' }, { cases: [{ id: 'x', claims: [noted], note: 'no' }] }, noted.note],
  [
    'its case',
    { case: 'x' },
    { cases: [{ id: 'x', note: 'Half the prompt is cached.' }] },
    'Half the prompt is cached.',
  ],
  [
    'its table',
    { case: 'c' },
    {
      cases: [
        {
          from: 'rows.csv',
          set: {},
          claim: { metric: 'time.total_s', column: 't', source: 'a paper', note: 'Read off a bar.' },
        },
      ],
    },
    'Read off a bar.',
  ],
  ['nothing', {}, { claims: [{ ...noted, id: 'other' }] }, 'not explained'],
])('a miss is named with the note of %s', (_, at, frame, reason) => {
  const runs = [run('one/a', [row({ ...miss, ...at })], frame)];
  expect(validationTable(runs)).toContain('1 measured figures are missed');
  const table = missesMarkdown(runs);
  expect(cellsOf(table, '`c`')).toEqual([
    '`c`',
    `one/a, ${at.case ?? 'base'}`,
    'time.total_s',
    '10 s',
    '15 s',
    '+50.0%',
    'validate',
    reason,
  ]);
});

test('only what stands between the markers is replaced', () => {
  const text = 'before\n<!-- validation:begin -->\nold\n<!-- validation:end -->\nafter\n';
  const replaced = 'before\n<!-- validation:begin -->\n\nnew\n\n<!-- validation:end -->\nafter\n';
  expect(withValidation(text, 'new')).toBe(replaced);
  expect(withValidation(replaced, 'new')).toBe(replaced);
});

test.each(['', '<!-- validation:begin -->', '<!-- validation:end --><!-- validation:begin -->'])(
  'a text without both markers is refused: %j',
  (text) => {
    expect(() => withValidation(text, 'new')).toThrow('each once');
  },
);

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from './errors.ts';
import { MAX_YAML_CHARS, parseYaml } from './yaml.ts';

function messageOf(text: string): string {
  try {
    parseYaml(text, 'x.yaml');
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'read';
}

const TEXT = `title: a study
policy:
  placement: {kind: percent, weights: [20, 80]}
cases:
  - id: one
    set: &set {a: 1}
  - {id: two, set: *set}
`;

test('gives plain data', () => {
  expect(parseYaml(TEXT, 'x.yaml').value).toEqual({
    title: 'a study',
    policy: { placement: { kind: 'percent', weights: [20, 80] } },
    cases: [
      { id: 'one', set: { a: 1 } },
      { id: 'two', set: { a: 1 } },
    ],
  });
});

test('words stay words and numbers are exact', () => {
  const value = parseYaml('{a: no, b: 12:30:00, c: 1e3, d: 0x10, e: 2024-01-01, f: ~, g: "7", 8: x}', 'x.yaml').value;
  expect(value).toEqual({ a: 'no', b: '12:30:00', c: 1000, d: 16, e: '2024-01-01', f: null, g: '7', 8: 'x' });
});

test('the version directive changes nothing', () => {
  expect(parseYaml('%YAML 1.1\n---\na: yes', 'x.yaml').value).toEqual({ a: 'yes' });
});

test('a byte order mark and CRLF are read', () => {
  const source = parseYaml('\uFEFFa: 1\r\nb: 2\r\n', 'x.yaml');
  expect(source.value).toEqual({ a: 1, b: 2 });
  expect(source.place(['b'], 'key').line).toBe(2);
});

describe('place', () => {
  const source = parseYaml(TEXT, 'x.yaml');
  test.each<[(string | number)[], 'key' | 'value', number, number]>([
    [['title'], 'key', 1, 1],
    [['title'], 'value', 1, 8],
    [['policy', 'placement'], 'key', 3, 3],
    [['policy', 'placement'], 'value', 3, 14],
    [['policy', 'placement', 'weights', 1], 'value', 3, 44],
    [['cases', 1, 'id'], 'value', 7, 10],
    [['cases', 1, 'set'], 'value', 7, 20],
    [['cases', 1, 'set', 'a'], 'key', 6, 16],
    [['policy', 'placement', 'missing'], 'value', 3, 14],
    [['policy', 'placement', 'missing', 'deeper'], 'key', 3, 14],
    [[], 'value', 1, 1],
  ])('of %j (%s) is %d:%d', (path, part, line, column) => {
    expect(source.place(path, part)).toEqual({ file: 'x.yaml', line, column });
  });
});

test.each([
  ['a: 1\na: 2', 'x.yaml:2:1: the key "a" is given twice'],
  ['a: {b: 1, b: 2}', 'x.yaml:1:11: the key "b" is given twice'],
  ['1: a\n"1": b', 'x.yaml:2:1: the key "1" is given twice'],
  ['a: 1\n__proto__: {x: 1}', 'x.yaml:2:1: the key "__proto__" is not allowed'],
  ['a: {constructor: 1}', 'x.yaml:1:5: the key "constructor" is not allowed'],
  ['- 1', 'x.yaml:1:1: the document is a list; expected a map of keys to values'],
  ['word', 'x.yaml:1:1: the document is a single value; expected a map of keys to values'],
  ['', 'x.yaml: the document is empty'],
  ['# nothing\n', 'x.yaml: the document is empty'],
  ['a: 1\n---\nb: 1', 'x.yaml:2:1: a second document begins here; expected one document a file'],
  ['a: .inf', 'x.yaml:1:4: .inf is not a finite number'],
  ['a: 1e999', 'x.yaml:1:4: 1e999 is not a finite number'],
  ['a: &x [*x]', 'x.yaml:1:8: the alias *x contains itself'],
  ['? [a]\n: b', 'x.yaml:1:3: a key is not a name; expected plain text before the colon'],
  ['a:\n\t- b', 'x.yaml:2:1: bad YAML: Tabs are not allowed as indentation'],
  ['a: !!binary aGk=', 'x.yaml:1:4: bad YAML: Unresolved tag: tag:yaml.org,2002:binary'],
])('%j is refused', (text, message) => {
  expect(messageOf(text)).toBe(message);
});

test('a whole number is refused rather than rounded', () => {
  expect(messageOf('a: 9007199254740993')).toMatch(/^x.yaml:1:4: the whole number 9007199254740993 is beyond 2\^53/);
  expect(parseYaml('a: 9007199254740991', 'x.yaml').value).toEqual({ a: 9007199254740991 });
});

describe('hostile texts are refused', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
    .concat(Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`))
    .join('\n');
  test.each<[string, string, RegExp]>([
    ['alias bomb', bomb, /too many values/],
    ['deep list', '['.repeat(1e6), /nested too deeply/],
    ['deep map', '{a: '.repeat(1e6), /nested too deeply/],
    ['deep dashes', '- '.repeat(1e6), /nested too deeply/],
    ['deep questions', '? '.repeat(1e5), /nested too deeply/],
    ['deep indentation', Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), /nested too deeply/],
    ['deep aliases', `a: &a ${'['.repeat(40)}${']'.repeat(40)}\nb: ${'['.repeat(40)}*a${']'.repeat(40)}`, /too deeply/],
    ['65 levels', `a: ${'['.repeat(64)}${']'.repeat(64)}`, /nested too deeply/],
    ['64 levels', `a: ${'['.repeat(63)}${']'.repeat(63)}`, /^read$/],
    ['many anchors', Array.from({ length: 5000 }, (_, i) => `k${i}: &a${i} 1`).join('\n'), /too many anchors/],
    ['long', `a: ${'x'.repeat(MAX_YAML_CHARS)}`, /^x.yaml: the text has/],
    ['wide', `a: [${'1,'.repeat(2e6)}]`, /too many parts/],
    ['many documents', '---\n'.repeat(1e5), /second document/],
    ['many faults', '}\n'.repeat(1e5), /bad YAML/],
    ['long key', `${'k'.repeat(1e5)}: 1`, /bad YAML/],
    ['many keys', Array.from({ length: 30_000 }, (_, i) => `k${i}: 1`).join('\n'), /^read$/],
  ])('%s', (_, text, message) => {
    // A text that took minutes would run into the time limit of the test.
    expect(messageOf(text)).toMatch(message);
  });
});

test('whatever the text, it is read or refused with an InputError that has a file', () => {
  const scraps = fc.constantFrom(
    ...[
      'a',
      ': ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '\n',
      '  ',
      '&x ',
      '*x',
      '!t ',
      '"',
      "'",
      '|\n',
      '>',
      '#',
      '%',
      '---\n',
    ],
    ...['...\n', '? ', '<<', '__proto__', '1', '.nan', '\t', '\u0000', '@', '`', '~', '0x', '\u2028', '\uD800'],
  );
  const text = fc.oneof(
    fc.array(scraps, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(text, (input) => {
      try {
        parseYaml(input, 'x.yaml', { root: 'any' });
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as InputError).place?.file).toBe('x.yaml');
      }
    }),
    { numRuns: 3000 },
  );
});

test('JSON reads as itself', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z ]{1,8}$/), fc.jsonValue({ maxDepth: 3 })), (value) => {
      const text = JSON.stringify(value, (_, v) => (typeof v === 'number' ? Math.fround(v % 1e6) : v));
      if (/__proto__|constructor|prototype|<</.test(text)) return;
      expect(parseYaml(text, 'x.json').value).toEqual(JSON.parse(text));
    }),
  );
});

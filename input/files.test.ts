import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError } from './errors.ts';
import { readTextChunks, readTextFile } from './files.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'input-'));
  writeFileSync(at('study.yaml'), '\uFEFFtitle: é\n');
  writeFileSync(at('empty.yaml'), '');
  writeFileSync(at('latin.yaml'), Uint8Array.of(0x61, 0xe9, 0x62));
  writeFileSync(at('cut.yaml'), Uint8Array.of(0x61, 0xc3));
  writeFileSync(at('binary.yaml'), Uint8Array.of(0x61, 0, 0x62));
  writeFileSync(at('huge.yaml'), '');
  truncateSync(at('huge.yaml'), 2 ** 30);
  writeFileSync(at('long.csv'), 'é'.repeat(300_001));
});

afterAll(() => rmSync(folder, { recursive: true }));

function errorOf(path: string): InputError {
  try {
    readTextFile(path);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('reads UTF-8 without its byte order mark', () => {
  expect(readTextFile(at('study.yaml'))).toBe('title: é\n');
});

test('characters cut by a piece are whole', () => {
  expect([...readTextChunks(at('long.csv'))].join('')).toBe('é'.repeat(300_001));
});

test.each<[string, InputError['code'], RegExp]>([
  ['stduy.yaml', 'file_missing', /stduy\.yaml: there is no such file; did you mean ".*study\.yaml"\?$/],
  ['none/x.yaml', 'file_missing', /there is no such file$/],
  ['study.yaml/x', 'file_missing', /there is no such file$/],
  ['.', 'file_unreadable', /this is a directory; expected a file$/],
  ['empty.yaml', 'empty', /the file is empty$/],
  ['latin.yaml', 'not_text', /the file is not UTF-8; expected UTF-8 text$/],
  ['cut.yaml', 'not_text', /the file is not UTF-8/],
  ['binary.yaml', 'not_text', /the file is binary; expected UTF-8 text$/],
  ['a\0b', 'file_missing', /this is no file name$/],
  ['x'.repeat(5000), 'file_unreadable', /cannot be read \(ENAMETOOLONG\)$/],
])('%s is refused', (name, code, message) => {
  const error = errorOf(at(name));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
});

test('a huge file is refused before it is read', () => {
  const start = performance.now();
  expect(errorOf(at('huge.yaml')).message).toMatch(/the file has 1073741824 bytes; expected at most 8388608 bytes$/);
  expect(performance.now() - start).toBeLessThan(100);
});

test('an endless device is refused at the limit', () => {
  expect(() => readTextFile('/dev/zero', { maxBytes: 1000 })).toThrow(InputError);
});

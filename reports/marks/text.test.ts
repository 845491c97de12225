import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { advance, clip, measure } from './text.ts';

/** Advances read from the font itself: `cmap` format 4, `hhea`, `hmtx` (OpenType 1.9). */
function fontAdvance(file: URL): (character: string) => number {
  const font = readFileSync(file);
  const table = (tag: string): number => {
    for (let i = 0; i < font.readUInt16BE(4); i++) {
      const at = 12 + 16 * i;
      if (font.toString('latin1', at, at + 4) === tag) return font.readUInt32BE(at + 8);
    }
    throw new Error(tag);
  };
  const cmap = table('cmap');
  const subtables = Array.from(
    { length: font.readUInt16BE(cmap + 2) },
    (_, i) => cmap + font.readUInt32BE(cmap + 8 + 8 * i),
  );
  const map = subtables.find((at) => font.readUInt16BE(at) === 4)!;
  const twice = font.readUInt16BE(map + 6);
  const glyph = (code: number): number => {
    for (let i = 0; i < twice; i += 2) {
      if (code > font.readUInt16BE(map + 14 + i)) continue;
      const start = font.readUInt16BE(map + 16 + twice + i);
      if (code < start) return 0;
      const delta = font.readUInt16BE(map + 16 + 2 * twice + i);
      const rangeAt = map + 16 + 3 * twice + i;
      const range = font.readUInt16BE(rangeAt);
      const id = range === 0 ? code : font.readUInt16BE(rangeAt + range + 2 * (code - start));
      return (id + delta) & 0xffff;
    }
    return 0;
  };
  const metrics = font.readUInt16BE(table('hhea') + 34);
  return (character) => font.readUInt16BE(table('hmtx') + 4 * Math.min(glyph(character.codePointAt(0)!), metrics - 1));
}

it('has the advances of the bundled font', () => {
  const own = fontAdvance(new URL('../fonts/LiberationSans-Regular.ttf', import.meta.url));
  const characters = [...Array.from({ length: 95 }, (_, i) => String.fromCodePoint(32 + i)), ...'µ×÷±−–…·†'];
  expect(characters.map(advance)).toEqual(characters.map(own));
});

it('measures in points and cuts to a width', () => {
  expect(measure('00', 10)).toBeCloseTo((2 * 1139 * 10) / 2048, 12);
  const cut = clip('a very long name of a case', 40, 7);
  expect(cut.endsWith('…')).toBe(true);
  expect(measure(cut, 7)).toBeLessThanOrEqual(40);
  expect(clip('short', 40, 7)).toBe('short');
});

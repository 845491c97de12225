import { expect, test } from 'vitest';
import { type PlacedLabel, placeLabels } from './placeLabels.ts';
import { measure } from './text.ts';

const BOX = { x0: 0, x1: 200, y0: 0, y1: 120 };
const SIZE = 6;

const areaOf = ({ x, y, text, anchor }: PlacedLabel) => {
  const width = measure(text, SIZE);
  const x0 = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
  return { x0, x1: x0 + width, y0: y - SIZE / 2, y1: y + SIZE / 2 };
};

test('a name with room stands to the right of its point', () => {
  const [only] = placeLabels([{ at: [50, 50], text: 'alone' }], BOX, SIZE, 4);
  expect(only).toEqual({ x: 55, y: 50, text: 'alone', anchor: 'start' });
});

test('a crowd is named with leaders, and no name covers another', () => {
  const crowd = Array.from({ length: 8 }, (_, i) => ({ at: [100, 50 + 0.5 * i] as const, text: `policy-${i}` }));
  const placed = placeLabels(crowd, BOX, SIZE, 4);
  expect(placed).toHaveLength(8);
  expect(placed.some(({ leader }) => leader !== undefined)).toBe(true);
  const areas = placed.map(areaOf);
  for (const [i, a] of areas.entries()) {
    for (const b of areas.slice(i + 1)) expect(a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1).toBe(false);
  }
});

test('a name that fits nowhere is left out', () => {
  expect(
    placeLabels([{ at: [10, 10], text: 'far too long for this box' }], { x0: 0, x1: 20, y0: 0, y1: 20 }, SIZE, 4),
  ).toEqual([]);
});

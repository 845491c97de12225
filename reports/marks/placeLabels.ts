import type { Box } from './pen.ts';
import { measure } from './text.ts';

export interface PlacedLabel {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
}

const overlaps = (a: Box, b: Box): boolean => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;

/**
 * A place for each point's name, beside, above or below it, that covers no point, no other name and no obstacle and stays in the box.
 * A name without such a place is left out: the figure's data has it.
 */
export function placeLabels(
  points: readonly { readonly at: readonly [number, number]; readonly text: string }[],
  box: Box,
  size: number,
  marker: number,
  obstacles: readonly Box[] = [],
): PlacedLabel[] {
  const half = marker / 2 + 1;
  const around = ([x, y]: readonly [number, number]): Box => ({
    x0: x - half,
    x1: x + half,
    y0: y - half,
    y1: y + half,
  });
  const blocked: Box[] = [...points.map(({ at }) => around(at)), ...obstacles];
  return points.flatMap(({ at: [x, y], text }) => {
    if (text === '') return [];
    const width = measure(text, size);
    const [right, below] = [half + 2, half + size * 0.6];
    const places: PlacedLabel[] = [
      { x: x + right, y, text, anchor: 'start' },
      { x: x - right, y, text, anchor: 'end' },
      { x, y: y - below, text, anchor: 'middle' },
      { x, y: y + below, text, anchor: 'middle' },
      { x: x + right * 0.6, y: y - below * 0.9, text, anchor: 'start' },
      { x: x - right * 0.6, y: y - below * 0.9, text, anchor: 'end' },
      { x: x + right * 0.6, y: y + below * 0.9, text, anchor: 'start' },
      { x: x - right * 0.6, y: y + below * 0.9, text, anchor: 'end' },
    ];
    for (const place of places) {
      const x0 = place.anchor === 'start' ? place.x : place.anchor === 'end' ? place.x - width : place.x - width / 2;
      const area = { x0, x1: x0 + width, y0: place.y - size / 2, y1: place.y + size / 2 };
      if (area.x0 < box.x0 + 1 || area.x1 > box.x1 + 6 || area.y0 < box.y0 - 2 || area.y1 > box.y1 - 1) continue;
      if (blocked.some((other) => overlaps(area, other))) continue;
      blocked.push(area);
      return [place];
    }
    return [];
  });
}

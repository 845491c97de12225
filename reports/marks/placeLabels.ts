import type { Box } from './pen.ts';
import { measure } from './text.ts';

export interface PlacedLabel {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
  /** Ends of a line from the point to a name that stands apart from it. */
  readonly leader?: Leader;
}

type At = readonly [x: number, y: number];
type Leader = readonly [from: At, to: At];

const overlaps = (a: Box, b: Box): boolean => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;

/** Distances of names with a leader, in text sizes, and how many directions are tried at each. */
const RINGS = [1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7];
const DIRECTIONS = 24;

/**
 * A place for each point's name, beside, above or below it, that covers no point, no other name and no obstacle and
 * stays in the box; where there is none, a place further off with a leader. A name without either is left out: the
 * figure's data has it.
 */
export function placeLabels(
  points: readonly { readonly at: At; readonly text: string }[],
  box: Box,
  size: number,
  marker: number,
  obstacles: readonly Box[] = [],
): PlacedLabel[] {
  const half = marker / 2 + 1;
  const around = ([x, y]: At): Box => ({ x0: x - half, x1: x + half, y0: y - half, y1: y + half });
  const blocked: Box[] = [...points.map(({ at }) => around(at)), ...obstacles];
  const names: Box[] = [];
  const leaders: Leader[] = [];
  const area = ({ x, y, text, anchor }: PlacedLabel): Box => {
    const width = measure(text, size);
    const x0 = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
    return { x0, x1: x0 + width, y0: y - size / 2, y1: y + size / 2 };
  };
  const free = (place: PlacedLabel): boolean => {
    const own = area(place);
    if (own.x0 < box.x0 + 1 || own.x1 > box.x1 + 6 || own.y0 < box.y0 - 2 || own.y1 > box.y1 - 1) return false;
    if (blocked.some((other) => overlaps(own, other))) return false;
    const { leader } = place;
    if (leader === undefined) return true;
    const [from] = leader;
    const others = points.filter(({ at }) => Math.hypot(at[0] - from[0], at[1] - from[1]) > half + 0.01);
    return (
      ![...names, ...others.map(({ at }) => around(at))].some((other) => enters(leader, other)) &&
      !leaders.some((other) => meet(leader, other))
    );
  };
  // Names beside their points first: one with a leader can go elsewhere.
  const places: (PlacedLabel | undefined)[] = points.map(() => undefined);
  for (const candidates of [beside, apart]) {
    for (const [i, { at, text }] of points.entries()) {
      if (text === '' || places[i] !== undefined) continue;
      const place = candidates(at, text, half, size).find(free);
      if (place === undefined) continue;
      places[i] = place;
      names.push(area(place));
      blocked.push(area(place));
      if (place.leader) leaders.push(place.leader);
    }
  }
  return places.filter((place) => place !== undefined);
}

function beside([x, y]: At, text: string, half: number, size: number): PlacedLabel[] {
  const [right, below] = [half + 2, half + size * 0.6];
  return [
    { x: x + right, y, text, anchor: 'start' },
    { x: x - right, y, text, anchor: 'end' },
    { x, y: y - below, text, anchor: 'middle' },
    { x, y: y + below, text, anchor: 'middle' },
    { x: x + right * 0.6, y: y - below * 0.9, text, anchor: 'start' },
    { x: x - right * 0.6, y: y - below * 0.9, text, anchor: 'end' },
    { x: x + right * 0.6, y: y + below * 0.9, text, anchor: 'start' },
    { x: x - right * 0.6, y: y + below * 0.9, text, anchor: 'end' },
  ];
}

function apart([x, y]: At, text: string, half: number, size: number): PlacedLabel[] {
  return RINGS.flatMap((ring) =>
    Array.from({ length: DIRECTIONS }, (_, i): PlacedLabel => {
      const angle = (2 * Math.PI * i) / DIRECTIONS;
      const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
      const end: At = [x + ring * size * dx, y + ring * size * dy];
      const anchor = Math.abs(dx) < 0.2 ? 'middle' : dx > 0 ? 'start' : 'end';
      const gap = anchor === 'middle' ? 0 : Math.sign(dx) * 1.5;
      const drop = anchor === 'middle' ? Math.sign(dy) * size * 0.6 : 0;
      const from: At = [x + half * dx, y + half * dy];
      return { x: end[0] + gap, y: end[1] + drop, text, anchor, leader: [from, end] };
    }),
  );
}

/** Whether the line passes through the box, by the points along it. */
function enters([[ax, ay], [bx, by]]: Leader, { x0, x1, y0, y1 }: Box): boolean {
  const steps = Math.ceil(Math.hypot(bx - ax, by - ay));
  for (let i = 0; i <= steps; i++) {
    const [x, y] = [ax + ((bx - ax) * i) / steps, ay + ((by - ay) * i) / steps];
    if (x > x0 && x < x1 && y > y0 && y < y1) return true;
  }
  return false;
}

/** Whether two lines cross: the ends of each lie on both sides of the other. */
function meet([a, b]: Leader, [c, d]: Leader): boolean {
  const side = (p: At, q: At, r: At): number =>
    Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

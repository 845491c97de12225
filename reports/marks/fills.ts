import type { HatchName, MarkerName, SeriesStyle } from '../themes.ts';
import { INK, PAPER } from '../themes.ts';
import { type Pen, path, rect, round } from './pen.ts';

/** Side of a hatch tile, in points. */
const TILE = 4;

const HATCHES: Readonly<Record<Exclude<HatchName, 'none'>, string>> = {
  rising: 'M-1,1L1,-1M0,4L4,0M3,5L5,3',
  falling: 'M-1,3L1,5M0,0L4,4M3,-1L5,1',
  crossed: 'M0,4L4,0M0,0L4,4',
  dots: 'M1,1h0.8v0.8h-0.8zM3,3h0.8v0.8h-0.8z',
  horizontal: 'M0,2H4',
  vertical: 'M2,0V4',
  grid: 'M2,0V4M0,2H4',
};

/** Fills of the series of one figure, hatched so that they differ in greyscale. `id` keeps the figure's names apart on a page. */
export class Fills {
  private readonly defs: Pen;
  private readonly id: string;
  private readonly known = new Map<SeriesStyle, string>();

  constructor(svg: Pen, id: string) {
    this.defs = svg.append('defs');
    this.id = id;
  }

  /** The value of a `fill` attribute. */
  of(style: SeriesStyle): string {
    if (style.hatch === 'none') return style.color;
    const known = this.known.get(style);
    if (known !== undefined) return known;
    const id = `${this.id}-${style.hatch}-${this.known.size}`;
    const pattern = this.defs
      .append('pattern')
      .attr('id', id)
      .attr('patternUnits', 'userSpaceOnUse')
      .attr('width', TILE)
      .attr('height', TILE);
    rect(pattern, 0, 0, TILE, TILE, { fill: style.color });
    const dark = style.color === '#000000' || style.color === '#777777';
    path(pattern, HATCHES[style.hatch], {
      stroke: dark ? PAPER : INK,
      'stroke-opacity': 0.65,
      'stroke-width': 0.45,
      fill: 'none',
    });
    const url = `url(#${id})`;
    this.known.set(style, url);
    return url;
  }

  /** The value of a `clip-path` attribute that keeps marks inside a rectangle. */
  clip(x0: number, y0: number, x1: number, y1: number): string {
    const id = `${this.id}-clip`;
    rect(this.defs.append('clipPath').attr('id', id), x0, y0, x1, y1);
    return `url(#${id})`;
  }
}

/** The outline of a marker of side `size` about (x, y). */
export function markerPath(name: MarkerName, x: number, y: number, size: number): string {
  const r = size / 2;
  const at = (dx: number, dy: number): string => `${round(x + dx * r)},${round(y + dy * r)}`;
  switch (name) {
    case 'circle':
      return `M${at(-1, 0)}A${round(r)},${round(r)} 0 1 1 ${at(1, 0)}A${round(r)},${round(r)} 0 1 1 ${at(-1, 0)}Z`;
    case 'square':
      return `M${at(-0.9, -0.9)}L${at(0.9, -0.9)}L${at(0.9, 0.9)}L${at(-0.9, 0.9)}Z`;
    case 'triangle':
      return `M${at(0, -1.15)}L${at(1.1, 0.85)}L${at(-1.1, 0.85)}Z`;
    case 'down':
      return `M${at(0, 1.15)}L${at(1.1, -0.85)}L${at(-1.1, -0.85)}Z`;
    case 'diamond':
      return `M${at(0, -1.25)}L${at(1.25, 0)}L${at(0, 1.25)}L${at(-1.25, 0)}Z`;
    case 'cross':
      return `M${at(-0.9, -0.9)}L${at(0.9, 0.9)}M${at(-0.9, 0.9)}L${at(0.9, -0.9)}`;
    case 'plus':
      return `M${at(-1.1, 0)}L${at(1.1, 0)}M${at(0, -1.1)}L${at(0, 1.1)}`;
    case 'bar':
      return `M${at(-0.5, -1)}L${at(0.5, -1)}L${at(0.5, 1)}L${at(-0.5, 1)}Z`;
  }
}

/** A marker: filled with the colour, or hollow over what is behind it or over `inside`; crosses are strokes either way. */
export function marker(
  pen: Pen,
  style: SeriesStyle,
  x: number,
  y: number,
  size: number,
  hollow = false,
  inside = 'none',
): void {
  const stroke = style.marker === 'cross' || style.marker === 'plus';
  path(pen, markerPath(style.marker, x, y, size), {
    fill: stroke ? 'none' : hollow ? inside : style.color,
    stroke: style.color,
    'stroke-width': stroke || hollow ? 0.9 : 0.4,
  });
}

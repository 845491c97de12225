import { INK, PAPER } from '../themes.ts';

/**
 * What a chart draws with: the part of a d3 selection that it needs. Lengths are points (1/72 in).
 * @module
 */

export interface Pen {
  append(name: string): Pen;
  attr(name: string, value: string | number): Pen;
  text(value: string): Pen;
}

/** A length with two decimals, so that equal figures have equal bytes. */
export function round(value: number): number {
  const rounded = Number(value.toFixed(2));
  return rounded === 0 ? 0 : rounded;
}

/** Rectangle that a chart may draw in; y grows downwards. */
export interface Box {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

type Attributes = Readonly<Record<string, string | number>>;

function shape(pen: Pen, name: string, attributes: Attributes): Pen {
  const element = pen.append(name);
  for (const [key, value] of Object.entries(attributes)) {
    element.attr(key, typeof value === 'number' ? round(value) : value);
  }
  return element;
}

export function line(pen: Pen, x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): Pen {
  return shape(pen, 'line', { x1, y1, x2, y2, ...attributes });
}

/** A rectangle between two corners, in any order. */
export function rect(pen: Pen, x0: number, y0: number, x1: number, y1: number, attributes: Attributes = {}): Pen {
  const [x, y] = [Math.min(x0, x1), Math.min(y0, y1)];
  return shape(pen, 'rect', { x, y, width: Math.abs(x1 - x0), height: Math.abs(y1 - y0), ...attributes });
}

export function path(pen: Pen, d: string, attributes: Attributes = {}): Pen {
  return shape(pen, 'path', { d, ...attributes });
}

export interface LabelOptions {
  readonly size: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly fill?: string;
  /** Degrees clockwise about the label's own point. */
  readonly rotate?: number;
  /** Drawn as a superscript after the text. */
  readonly exponent?: string;
  /** A white edge that keeps the text legible over lines. */
  readonly halo?: boolean;
}

/** Text whose middle of the x-height stands at (x, y). */
export function label(pen: Pen, x: number, y: number, text: string, options: LabelOptions): Pen {
  const { size, anchor = 'start', fill = INK, rotate = 0, exponent, halo = false } = options;
  const element = shape(pen, 'text', { 'font-size': size, fill });
  if (halo) element.attr('stroke', PAPER).attr('stroke-width', 1.6).attr('paint-order', 'stroke');
  if (anchor !== 'start') element.attr('text-anchor', anchor);
  const below = 0.36 * size;
  if (rotate === 0) element.attr('x', round(x)).attr('y', round(y + below));
  else element.attr('transform', `translate(${round(x)},${round(y)}) rotate(${rotate})`).attr('y', round(below));
  if (exponent === undefined) element.text(text);
  else {
    element.append('tspan').text(text);
    shape(element, 'tspan', { dy: -0.35 * size, 'font-size': 0.72 * size }).text(exponent);
  }
  return element;
}

/** A path through points; a step function holds each value until the next point. */
export function polyline(points: readonly (readonly [x: number, y: number])[], steps = false): string {
  let d = '';
  let last: number | undefined;
  for (const [x, y] of points) {
    const [px, py] = [round(x), round(y)];
    if (d === '') d = `M${px},${py}`;
    else if (!steps) d += `L${px},${py}`;
    else if (py !== last) d += `H${px}V${py}`;
    else continue;
    last = py;
  }
  const end = points.at(-1);
  return steps && end ? `${d}H${round(end[0])}` : d;
}

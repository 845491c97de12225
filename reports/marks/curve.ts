import type { SeriesStyle, Theme } from '../themes.ts';
import { marker } from './fills.ts';
import { type Pen, path, polyline } from './pen.ts';

/** One series of points in points of the page, in the order in which a line joins them; `joined: false` draws symbols alone. */
export function curve(
  svg: Pen,
  at: readonly (readonly [number, number])[],
  style: SeriesStyle,
  theme: Theme,
  joined = true,
): void {
  if (joined) {
    const drawn = path(svg, polyline(at), { fill: 'none', stroke: style.color, 'stroke-width': theme.line_pt });
    if (style.dash !== '') drawn.attr('stroke-dasharray', style.dash);
  }
  for (const [x, y] of at) marker(svg, style, x, y, theme.marker_pt);
}

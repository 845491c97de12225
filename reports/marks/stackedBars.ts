import { scaleLinear } from 'd3-scale';
import type { Canvas } from '../chart.ts';
import { INK, type SeriesStyle, type Theme } from '../themes.ts';
import { axisRoom, drawBottomAxis, linearTicks } from './axis.ts';
import { Fills } from './fills.ts';
import { drawLegend, type LegendItem, legendAt, legendHeight } from './legend.ts';
import { label, line, type Pen, rect } from './pen.ts';
import { clip, widest } from './text.ts';

/** Height of a bar with its gap, in lines of small text. */
const PITCH = 1.9;

export interface StackedBar {
  readonly name: string;
  /** In axis units, in the order in which they stand. */
  readonly parts: readonly { readonly style: SeriesStyle; readonly value: number }[];
  /** A line across the bar; null = none. */
  readonly mark: number | null;
}

export interface StackedBars {
  readonly bars: readonly StackedBar[];
  readonly legend: readonly LegendItem[];
  readonly title: string;
}

/** Height that the bars need with their axis and legend, in points. */
export function stackedBarsHeight(bars: number, legend: readonly LegendItem[], theme: Theme): number {
  const axis = axisRoom({ ticks: [], title: 'x' }, 'bottom', theme);
  return bars * PITCH * theme.small_pt + axis + legendHeight([...legend], theme.width_in * 72, theme) + 6;
}

/** Horizontal bars of parts, one below the other, names on the left and the legend above. */
export function drawStackedBars(
  svg: Pen,
  { bars, legend, title }: StackedBars,
  theme: Theme,
  { width, height, id }: Canvas,
): void {
  const fills = new Fills(svg, id);
  const small = theme.small_pt;
  const items = [...legend];
  const largest = Math.max(
    ...bars.map(({ parts, mark }) =>
      Math.max(
        mark ?? 0,
        parts.reduce((sum, { value }) => sum + value, 0),
      ),
    ),
  );
  const names = bars.map(({ name }) => name);
  const labels = Math.min(widest(names, small), width * 0.4);
  const box = {
    x0: labels + 6,
    x1: width - 1.3 * small,
    y0: legendHeight(items, width, theme) + 2,
    y1: height - axisRoom({ ticks: [], title: 'x' }, 'bottom', theme),
  };
  const scale = scaleLinear([0, largest * 1.02], [box.x0, box.x1]);
  const ticks = linearTicks(scale.ticks(Math.max(3, Math.floor((box.x1 - box.x0) / 38))));
  drawBottomAxis(svg, box, { scale, ticks, title, grid: true }, theme);
  const pitch = (box.y1 - box.y0) / bars.length;
  const half = Math.min(0.62 * small, pitch * 0.36);
  bars.forEach(({ name, parts, mark }, index) => {
    const middle = box.y0 + (index + 0.5) * pitch;
    let end = 0;
    for (const { style, value } of parts) {
      const start = end;
      end += value;
      const fill = fills.of(style);
      rect(svg, scale(start), middle - half, scale(end), middle + half, { fill, stroke: INK, 'stroke-width': 0.4 });
    }
    if (mark !== null) {
      const at = scale(mark);
      line(svg, at, middle - half - 2.2, at, middle + half + 2.2, { stroke: '#ffffff', 'stroke-width': 3 });
      line(svg, at, middle - half - 2.2, at, middle + half + 2.2, { stroke: INK, 'stroke-width': 1.4 });
    }
    label(svg, box.x0 - 4, middle, clip(name, labels, small), { size: small, anchor: 'end' });
  });
  line(svg, box.x0, box.y0, box.x0, box.y1, { stroke: INK, 'stroke-width': theme.axis_pt });
  drawLegend(svg, items, legendAt(items, box.x0, width, theme), fills, theme);
}

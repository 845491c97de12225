import { INK, type SeriesStyle, type Theme } from '../themes.ts';
import { type Fills, marker } from './fills.ts';
import { label, line, type Pen, rect } from './pen.ts';
import { measure } from './text.ts';

/** One entry: a swatch and its name. */
export interface LegendItem {
  readonly name: string;
  readonly style: SeriesStyle;
  readonly swatch: 'fill' | 'line' | 'line-marker' | 'marker' | 'hollow';
}

const SWATCH_PT = { fill: 9, line: 14, 'line-marker': 16, marker: 6, hollow: 6 } as const;
const GAP_PT = 3;
const SPACE_PT = 9;

export interface LegendPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const MARGIN_PT = 1;

const itemWidth = (item: LegendItem, theme: Theme): number =>
  SWATCH_PT[item.swatch] + GAP_PT + measure(item.name, theme.small_pt);

interface Placed {
  readonly item: LegendItem;
  readonly x: number;
  readonly row: number;
}

function place(items: readonly LegendItem[], width: number, theme: Theme): Placed[] {
  let x = 0;
  let row = 0;
  return items.map((item) => {
    const size = itemWidth(item, theme);
    if (x > 0 && x + size > width) {
      x = 0;
      row++;
    }
    const placed = { item, x, row };
    x += size + SPACE_PT;
    return placed;
  });
}

const rowHeight = (theme: Theme): number => theme.small_pt + 3;

/** Height of the legend in rows of at most `width`, with the space below it; 0 for no items. */
export function legendHeight(items: readonly LegendItem[], width: number, theme: Theme): number {
  const last = place(items, width - MARGIN_PT, theme).at(-1);
  return last ? (last.row + 1) * rowHeight(theme) + 3 : 0;
}

/** Where the legend goes: over the plot's left edge if its first row fits there, else as far left as it must. */
export function legendAt(items: readonly LegendItem[], left: number, width: number, theme: Theme): LegendPlace {
  const placed = place(items, width - MARGIN_PT, theme);
  const end = Math.max(0, ...placed.map(({ item, x }) => x + itemWidth(item, theme)));
  return { x: Math.max(MARGIN_PT, Math.min(left, width - end)), y: 0, width: width - MARGIN_PT };
}

/** Draws the legend above the plot, its first row's top at `y`: outside the data, without a frame. */
export function drawLegend(pen: Pen, items: readonly LegendItem[], at: LegendPlace, fills: Fills, theme: Theme): void {
  const group = pen.append('g').attr('class', 'legend');
  for (const { item, x: left, row } of place(items, at.width, theme)) {
    const x = at.x + left;
    const y = at.y + (row + 0.5) * rowHeight(theme);
    const width = SWATCH_PT[item.swatch];
    const { style, swatch } = item;
    if (swatch === 'fill') {
      rect(group, x, y - 3, x + width, y + 3, { fill: fills.of(style), stroke: INK, 'stroke-width': 0.4 });
    } else if (swatch === 'line' || swatch === 'line-marker') {
      const stroke = line(group, x, y, x + width, y, { stroke: style.color, 'stroke-width': theme.line_pt });
      if (style.dash !== '') stroke.attr('stroke-dasharray', style.dash);
      if (swatch === 'line-marker') marker(group, style, x + width / 2, y, theme.marker_pt);
    } else marker(group, style, x + width / 2, y, theme.marker_pt, swatch === 'hollow');
    label(group, x + width + GAP_PT, y, item.name, { size: theme.small_pt });
  }
}

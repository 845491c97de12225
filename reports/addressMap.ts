import type { Figure } from './figure.ts';
import { drawFrame } from './marks/frame.ts';
import { label, line, type Pen, path, rect, round } from './marks/pen.ts';
import { measure } from './marks/text.ts';
import { axisTitle, axisUnit } from './marks/units.ts';
import { renderSvg } from './render.ts';
import { INK, themeOf } from './themes.ts';

/** A buffer at its place: life `[lower, upper)` in the steps of its file, bytes `[offset, offset + size)`. */
export interface PlacedBuffer {
  readonly id: string;
  readonly lower: number;
  readonly upper: number;
  readonly offset_bytes: number;
  readonly size_bytes: number;
}

/** More buffers than this are drawn without names, and all of one colour as one path. */
const MOST_NAMED = 2000;
const COLORS = ['#9ecae1', '#fdd0a2', '#c7e9c0', '#dadaeb', '#fcbba1', '#d9d9d9'] as const;

/** The address over time of every buffer of a plan, as a figure. */
export function addressMap(buffers: readonly PlacedBuffer[], capacity_bytes: number | null): Figure {
  const theme = themeOf('web');
  const first = buffers.reduce((least, { lower }) => Math.min(least, lower), Number.POSITIVE_INFINITY);
  const last = buffers.reduce((most, { upper }) => Math.max(most, upper), Number.NEGATIVE_INFINITY);
  const peak = buffers.reduce((most, { offset_bytes, size_bytes }) => Math.max(most, offset_bytes + size_bytes), 0);
  const top = Math.max(peak, capacity_bytes ?? 0);
  const unit = axisUnit('bytes', top);
  const [width, height] = [theme.width_in * 72, theme.height_in * 72];
  return {
    name: 'address-map',
    kind: 'address-map',
    title: 'Addresses over time',
    description: `${buffers.length} buffers, peak ${peak} bytes.`,
    theme,
    width,
    height,
    rows: buffers.map((buffer) => ({ ...buffer })),
    vegaLite: {},
    draw(svg) {
      const frame = drawFrame(
        svg,
        {
          width,
          height,
          id: 'address-map',
          x: { domain: [first, last], title: 'time (steps)' },
          y: { domain: [0, (top * 1.03) / unit.size], title: axisTitle('address', unit) },
        },
        theme,
      );
      const box = ({ lower, upper, offset_bytes, size_bytes }: PlacedBuffer) => ({
        x0: frame.x(lower),
        x1: frame.x(upper),
        y0: frame.y((offset_bytes + size_bytes) / unit.size),
        y1: frame.y(offset_bytes / unit.size),
      });
      if (buffers.length > MOST_NAMED) drawPaths(frame.plot, buffers.map(box));
      else {
        buffers.forEach((buffer, i) => {
          const { x0, x1, y0, y1 } = box(buffer);
          const fill = COLORS[i % COLORS.length]!;
          rect(
            frame.plot,
            x0,
            y0,
            x1,
            y1,
            isThin(x0, x1, y0, y1) ? { fill } : { fill, stroke: INK, 'stroke-width': 0.2 },
          );
          const size = theme.small_pt - 3;
          if (y1 - y0 < size || measure(buffer.id, size) > x1 - x0 - 2) return;
          label(frame.plot, (x0 + x1) / 2, (y0 + y1) / 2, buffer.id, { size, anchor: 'middle' });
        });
      }
      for (const [bytes, dash, text] of [
        [peak, '1 2', 'peak'],
        [capacity_bytes, '4 2', 'capacity'],
      ] as const) {
        if (bytes === null || (text === 'peak' && bytes === capacity_bytes)) continue;
        const y = frame.y(bytes / unit.size);
        line(svg, frame.box.x0, y, frame.box.x1, y, { stroke: INK, 'stroke-width': 0.8, 'stroke-dasharray': dash });
        label(svg, frame.box.x1 - 2, y - 5, text, { size: theme.small_pt, anchor: 'end', halo: true });
      }
    },
  };
}

/** Boxes too thin for an outline: with one, many of them would be a black patch. */
const isThin = (x0: number, x1: number, y0: number, y1: number): boolean => y1 - y0 < 1 || x1 - x0 < 1;

interface Placed {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

function drawPaths(plot: Pen, boxes: readonly Placed[]): void {
  const outline = ({ x0, x1, y0, y1 }: Placed): string => {
    return `M${round(x0)},${round(y0)}H${round(x1)}V${round(y1)}H${round(x0)}Z`;
  };
  for (const [c, fill] of COLORS.entries()) {
    const own = boxes.filter((_, i) => i % COLORS.length === c);
    for (const thin of [true, false]) {
      const some = own.filter(({ x0, x1, y0, y1 }) => isThin(x0, x1, y0, y1) === thin);
      if (some.length === 0) continue;
      path(plot, some.map(outline).join(''), thin ? { fill } : { fill, stroke: INK, 'stroke-width': 0.05 });
    }
  }
}

/** The same figure as an SVG document. */
export function addressMapSvg(buffers: readonly PlacedBuffer[], capacity_bytes: number | null): Promise<string> {
  return renderSvg(addressMap(buffers, capacity_bytes));
}

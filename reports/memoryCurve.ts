import type { Figure } from './figure.ts';
import { drawFrame } from './marks/frame.ts';
import type { LegendItem } from './marks/legend.ts';
import { line, path, polyline } from './marks/pen.ts';
import { axisTitle, axisUnit } from './marks/units.ts';
import { renderSvg } from './render.ts';
import { INK, SERIES, type SeriesStyle, themeOf } from './themes.ts';
import { thinned } from './thinned.ts';

/** Bytes after each event of an online allocator: time, asked for, in blocks, taken from the device. */
export type CurvePoint = readonly [time: number, live: number, allocated: number, reserved: number];

/** Events drawn; of more, each stretch keeps the one with the most bytes asked for. */
const MOST_POINTS = 800;

const NAMES = ['live', 'in blocks', 'reserved'] as const;
const STYLES: readonly SeriesStyle[] = [SERIES[0]!, SERIES[1]!, SERIES[2]!];

/** What an online allocator takes for the lives of buffers over time, beside the top of a static plan for the same. */
export function memoryCurve(curve: readonly CurvePoint[], plan_bytes: number | null): Figure {
  const theme = themeOf('web');
  const points = thinned(curve.length, (at) => curve[at]![1], MOST_POINTS).map((at) => curve[at]!);
  const top = points.reduce((most, [, ...bytes]) => Math.max(most, ...bytes), plan_bytes ?? 0);
  const unit = axisUnit('bytes', top);
  const [width, height] = [theme.width_in * 72, theme.height_in * 72];
  const legend: LegendItem[] = [
    ...NAMES.map((name, k) => ({ name, style: STYLES[k]!, swatch: 'line' as const })),
    ...(plan_bytes === null
      ? []
      : [{ name: 'static plan', style: { ...SERIES[0]!, color: INK }, swatch: 'line' as const }]),
  ];
  return {
    name: 'memory-curve',
    kind: 'memory-curve',
    title: 'An online allocator over time',
    description: `${curve.length} events; at most ${top} bytes.`,
    theme,
    width,
    height,
    rows: points.map(([time, live_bytes, allocated_bytes, reserved_bytes]) => ({
      time,
      live_bytes,
      allocated_bytes,
      reserved_bytes,
    })),
    vegaLite: {},
    draw(svg) {
      const frame = drawFrame(
        svg,
        {
          width,
          height,
          id: 'memory-curve',
          x: { domain: [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 1], title: 'time (steps)' },
          y: { domain: [0, (top * 1.05) / unit.size], title: axisTitle('memory', unit) },
          legend,
        },
        theme,
      );
      NAMES.forEach((_, k) => {
        const steps = points.map((point) => [frame.x(point[0]), frame.y(point[k + 1]! / unit.size)] as const);
        path(frame.plot, polyline(steps, true), {
          fill: 'none',
          stroke: STYLES[k]!.color,
          'stroke-width': 1,
          ...(STYLES[k]!.dash === '' ? {} : { 'stroke-dasharray': STYLES[k]!.dash }),
        });
      });
      if (plan_bytes === null) return;
      const y = frame.y(plan_bytes / unit.size);
      line(svg, frame.box.x0, y, frame.box.x1, y, { stroke: INK, 'stroke-width': 0.8 });
    },
  };
}

/** The same figure as an SVG document. */
export const memoryCurveSvg = (curve: readonly CurvePoint[], plan_bytes: number | null): Promise<string> =>
  renderSvg(memoryCurve(curve, plan_bytes));

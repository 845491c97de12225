import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { type Crossing, crossings, type NamedCurve } from '../crossing.ts';
import { curve } from '../marks/curve.ts';
import { drawFrame, logDomain } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { label, line } from '../marks/pen.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { describeMetric } from '../metrics.ts';
import { flag, renameOption } from '../options.ts';
import { fieldLabel, fieldOf } from '../sweepPoints.ts';
import { MUTED, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  x: v.pipe(
    v.string(),
    v.description('The varied field, a path of the study with numbers (`workload.batch`). Required.'),
  ),
  y: v.optional(
    v.pipe(v.string(), v.description('The metric to show. Default: throughput.tokens_per_s.')),
    'throughput.tokens_per_s',
  ),
  series: v.pipe(
    v.string(),
    v.description('The field that tells the curves apart (`policy.placement.kind`). Required.'),
  ),
  log_x: flag('Make the x axis logarithmic. Default: false.', false),
  log_y: flag('Make the y axis logarithmic. Default: false; a linear y axis begins at 0.', false),
  x_title: v.optional(v.pipe(v.string(), v.description('Title of the x axis. Default: the last part of its path.'))),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Point = {
  readonly x: number;
  readonly y: number;
  readonly series: string;
  readonly study: string;
  readonly case: string;
};

function curvesOf(rows: readonly Point[]): NamedCurve[] {
  return [...new Set(rows.map(({ series }) => series))].map((name) => ({
    name,
    points: rows
      .filter(({ series }) => series === name)
      .sort((a, b) => a.x - b.x)
      .map(({ x, y }) => [x, y] as const),
  }));
}

/** Crossings of every pair of curves. */
function crossingsOf(curves: readonly NamedCurve[], logX: boolean): Crossing[] {
  // Straight lines on the axis they are drawn on.
  const to = logX ? Math.log10 : (x: number) => x;
  const from = logX ? (x: number) => 10 ** x : (x: number) => x;
  const drawn = curves.map(({ name, points }) => ({ name, points: points.map(([x, y]) => [to(x), y] as const) }));
  return drawn
    .flatMap((a, i) => drawn.slice(i + 1).flatMap((b) => crossings(a, b)))
    .map((crossing) => ({ ...crossing, x: from(crossing.x) }));
}

/** The unit of a varied field, which its name ends in. */
function unitOfField(path: string, largest: number): { readonly name: string; readonly size: number } {
  const dimension = (['bytes_per_s', 'bytes', 'flop_per_s', 's'] as const).find((name) => path.endsWith(`_${name}`));
  return dimension === undefined ? { name: '', size: 1 } : axisUnit(dimension, largest);
}

export const chart = defineChart<Options, Point>({
  kind: 'crossover',
  description:
    'A metric against a varied number, a line for each value of a second field; dashed verticals say where one overtakes another.',
  optionsSchema,
  rows(inputs, options) {
    return inputs.flatMap(({ result }) => {
      const x = fieldOf(result, options.x);
      const y = result.metrics[options.y];
      const series = fieldOf(result, options.series);
      if (typeof x !== 'number' || y === undefined || series === undefined) return [];
      const name = options.rename[String(series)] ?? String(series);
      return [{ x, y, series: name, study: result.study, case: result.case }];
    });
  },
  draw(svg, rows, options, theme, canvas) {
    const curves = curvesOf(rows);
    const styles = seriesStyles(curves.map(({ name }) => name));
    const metric = describeMetric(options.y);
    const unit = axisUnit(metric?.unit, Math.max(...rows.map(({ y }) => y)));
    const xUnit = unitOfField(options.x, Math.max(...rows.map(({ x }) => x)));
    const xs = rows.map(({ x }) => x / xUnit.size);
    const ys = rows.map(({ y }) => y / unit.size);
    const legend: LegendItem[] = curves.map(({ name }) => ({ name, style: styles.get(name)!, swatch: 'line-marker' }));
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: {
          domain: options.log_x ? logDomain(xs) : [0, Math.max(...xs) * 1.04],
          title: options.x_title ?? axisTitle(fieldLabel(options.x), xUnit),
          log: options.log_x,
        },
        y: {
          domain: options.log_y ? logDomain(ys) : [0, Math.max(...ys) * 1.05],
          title: axisTitle(metric?.label ?? options.y, unit),
          log: options.log_y,
        },
        legend,
        gridY: true,
      },
      theme,
    );
    const floor = frame.y(options.log_y ? logDomain(ys)[0] : 0);
    for (const { x, y } of crossingsOf(curves, options.log_x)) {
      const at = frame.x(x / xUnit.size);
      line(svg, at, floor, at, frame.y(y / unit.size), {
        stroke: MUTED,
        'stroke-width': 0.8,
        'stroke-dasharray': '2 1.5',
      });
      label(svg, at + 2, floor - theme.small_pt * 0.7, (x / xUnit.size).toPrecision(2), {
        size: theme.small_pt,
        fill: MUTED,
        halo: true,
      });
    }
    for (const { name, points } of curves) {
      const at = points.map(([x, y]): [number, number] => [frame.x(x / xUnit.size), frame.y(y / unit.size)]);
      curve(svg, at, styles.get(name)!, theme);
    }
  },
  vegaLite: (_, options) => ({
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title: fieldLabel(options.x),
        scale: { type: options.log_x ? 'log' : 'linear' },
      },
      y: {
        field: 'y',
        type: 'quantitative',
        title: describeMetric(options.y)?.label ?? options.y,
        scale: { type: options.log_y ? 'log' : 'linear' },
      },
      color: { field: 'series', type: 'nominal' },
    },
  }),
});

import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { marker } from '../marks/fills.ts';
import { drawFrame, logDomain } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { type Box, label, line, path, polyline } from '../marks/pen.ts';
import { placeLabels } from '../marks/placeLabels.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { type Direction, describeMetric, directionOf } from '../metrics.ts';
import { flag, renameOption } from '../options.ts';
import { paretoFront } from '../paretoFront.ts';
import { fieldOf } from '../sweepPoints.ts';
import { INK, MUTED, seriesStyles } from '../themes.ts';

const better = (axis: string) =>
  v.optional(
    v.pipe(
      v.picklist(['lower', 'higher']),
      v.description(`Which way is better on the ${axis} axis. Default: the metric’s own direction, else lower.`),
    ),
  );

const optionsSchema = v.strictObject({
  x: v.optional(
    v.pipe(v.string(), v.description('Metric of the x axis. Default: memory.gpu.peak_bytes.')),
    'memory.gpu.peak_bytes',
  ),
  y: v.optional(
    v.pipe(v.string(), v.description('Metric of the y axis. Default: throughput.tokens_per_s.')),
    'throughput.tokens_per_s',
  ),
  better_x: better('x'),
  better_y: better('y'),
  series: v.optional(v.pipe(v.string(), v.description('A field whose values get a symbol each. Default: one symbol.'))),
  label: v.optional(
    v.pipe(v.string(), v.description('Field written beside a point; `none` writes nothing. Default: case.')),
    'case',
  ),
  log_x: flag('Make the x axis logarithmic. Default: false.', false),
  log_y: flag('Make the y axis logarithmic. Default: false.', false),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Point = {
  readonly label: string;
  readonly study: string;
  readonly case: string;
  readonly series: string;
  readonly x: number;
  readonly y: number;
  /** No other point is at least as good on both axes and better on one. */
  readonly front: boolean;
};

const way = (chosen: Direction | undefined, metric: string): 'lower' | 'higher' => {
  const direction = chosen ?? directionOf(metric);
  return direction === 'higher' ? 'higher' : 'lower';
};

export const chart = defineChart<Options, Point>({
  kind: 'pareto',
  description: 'Two metrics against each other, a point a result, and the front of those that no other beats on both.',
  optionsSchema,
  rows(inputs, options) {
    const points = inputs.flatMap(({ result }) => {
      const x = result.metrics[options.x];
      const y = result.metrics[options.y];
      if (x === undefined || y === undefined) return [];
      const id = options.label === 'none' ? '' : String(fieldOf(result, options.label) ?? '');
      const series = options.series === undefined ? '' : String(fieldOf(result, options.series) ?? '');
      const named = (name: string): string => options.rename[name] ?? name;
      return [{ label: named(id), study: result.study, case: result.case, series: named(series), x, y }];
    });
    const front = paretoFront(points, way(options.better_x, options.x), way(options.better_y, options.y));
    return points.map((point, index) => ({ ...point, front: front.has(index) }));
  },
  draw(svg, rows, options, theme, canvas) {
    const [xMetric, yMetric] = [describeMetric(options.x), describeMetric(options.y)];
    const xUnit = axisUnit(xMetric?.unit, Math.max(...rows.map((row) => row.x)));
    const yUnit = axisUnit(yMetric?.unit, Math.max(...rows.map((row) => row.y)));
    const xs = rows.map((row) => row.x / xUnit.size);
    const ys = rows.map((row) => row.y / yUnit.size);
    const series = [...new Set(rows.map((row) => row.series))];
    const styles = seriesStyles(series);
    const legend: LegendItem[] = series
      .filter((name) => name !== '')
      .map((name) => ({ name, style: styles.get(name)!, swatch: 'marker' }));
    if (rows.filter((row) => row.front).length > 1)
      legend.push({
        name: 'front',
        style: { color: INK, dash: '3 2', marker: 'circle', hatch: 'none' },
        swatch: 'line',
      });
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: {
          domain: options.log_x ? logDomain(xs) : spread(xs),
          title: axisTitle(xMetric?.label ?? options.x, xUnit),
          log: options.log_x,
        },
        y: {
          domain: options.log_y ? logDomain(ys) : spread(ys),
          title: axisTitle(yMetric?.label ?? options.y, yUnit),
          log: options.log_y,
        },
        legend,
      },
      theme,
    );
    const at = (row: Point): [number, number] => [frame.x(row.x / xUnit.size), frame.y(row.y / yUnit.size)];
    const front = rows.filter((row) => row.front).sort((a, b) => a.x - b.x);
    const upFirst = (way(options.better_x, options.x) === 'lower') === (way(options.better_y, options.y) === 'lower');
    const steps = stairs(front.map(at), upFirst);
    path(frame.plot, polyline(steps), {
      fill: 'none',
      stroke: INK,
      'stroke-width': 0.7,
      'stroke-dasharray': '3 2',
    });
    for (const row of rows) marker(svg, styles.get(row.series)!, ...at(row), theme.marker_pt, !row.front);
    const placed = placeLabels(
      rows.map((row) => ({ at: at(row), text: row.label })),
      frame.box,
      theme.small_pt,
      theme.marker_pt,
      pieces(steps),
    );
    for (const { x, y, text, anchor, leader } of placed) {
      if (leader) line(svg, ...leader[0], ...leader[1], { stroke: MUTED, 'stroke-width': 0.4 });
      label(svg, x, y, text, { size: theme.small_pt, anchor, fill: MUTED, halo: true });
    }
  },
  vegaLite: (_, options) => ({
    mark: { type: 'point', filled: true },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title: describeMetric(options.x)?.label ?? options.x,
        scale: { type: options.log_x ? 'log' : 'linear', zero: false },
      },
      y: {
        field: 'y',
        type: 'quantitative',
        title: describeMetric(options.y)?.label ?? options.y,
        scale: { type: options.log_y ? 'log' : 'linear', zero: false },
      },
      color: { field: 'series', type: 'nominal' },
      opacity: { condition: { test: 'datum.front', value: 1 }, value: 0.4 },
    },
  }),
});

/** A linear domain with room for symbols and names; from 0 when the values come near it. */
function spread(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.12;
  return [low >= 0 && low - room < high * 0.2 ? 0 : low - room, high + room];
}

/** Corners of the steps of the front: what lies beyond them is beaten. */
function stairs(points: readonly (readonly [number, number])[], sideFirst: boolean): (readonly [number, number])[] {
  return points.flatMap((point, index) => {
    const last = points[index - 1];
    if (!last) return [point];
    return [sideFirst ? ([last[0], point[1]] as const) : ([point[0], last[1]] as const), point];
  });
}

/** The straight pieces between corners, a little wider than their stroke. */
function pieces(corners: readonly (readonly [number, number])[]): Box[] {
  return corners.slice(1).map(([x, y], index) => {
    const [px, py] = corners[index]!;
    return {
      x0: Math.min(x, px) - 0.5,
      x1: Math.max(x, px) + 0.5,
      y0: Math.min(y, py) - 0.5,
      y1: Math.max(y, py) + 0.5,
    };
  });
}

import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { curve } from '../marks/curve.ts';
import { marker } from '../marks/fills.ts';
import { drawFrame, logDomain, type Range } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { describeMetric } from '../metrics.ts';
import { flag, renameOption } from '../options.ts';
import { fieldLabel, fieldOf } from '../sweepPoints.ts';
import { seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  x: v.pipe(
    v.string(),
    v.description('The varied field: a path of the study (`workload.batch`) or a metric. Required.'),
  ),
  y: v.optional(
    v.pipe(v.string(), v.description('The metric to show. Default: throughput.tokens_per_s.')),
    'throughput.tokens_per_s',
  ),
  series: v.optional(
    v.pipe(v.string(), v.description('A second field; one line for each of its values. Default: one line in all.')),
  ),
  log_x: flag('Make the x axis logarithmic. Default: false.', false),
  log_y: flag('Make the y axis logarithmic. Default: false; a linear y axis begins at 0.', false),
  published: flag('Show the published values of the metric too, as hollow symbols. Default: true.', true),
  x_title: v.optional(v.pipe(v.string(), v.description('Title of the x axis. Default: the last part of its path.'))),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Point = {
  readonly x: number | string;
  readonly y: number;
  readonly series: string;
  readonly source: 'simulated' | 'published';
  readonly study: string;
  readonly case: string;
};

const seriesOf = (rows: readonly Point[]): string[] => [...new Set(rows.map((row) => row.series))];

export const chart = defineChart<Options, Point>({
  kind: 'sweep',
  description:
    'A metric against a varied field, a line for each value of a second field; hollow symbols are published values.',
  optionsSchema,
  rows(inputs, options) {
    return inputs.flatMap(({ result }) => {
      const x = fieldOf(result, options.x);
      const y = result.metrics[options.y];
      if (x === undefined) return [];
      const id = options.series === undefined ? '' : String(fieldOf(result, options.series) ?? '');
      const base = { x, series: options.rename[id] ?? id, study: result.study, case: result.case };
      const published = result.claims.flatMap((claim) =>
        options.published &&
        claim.metric === options.y &&
        (claim.op ?? 'value') === 'value' &&
        typeof claim.published === 'number'
          ? [{ ...base, y: claim.published, source: 'published' as const }]
          : [],
      );
      return [...(y === undefined ? [] : [{ ...base, y, source: 'simulated' as const }]), ...published];
    });
  },
  draw(svg, rows, options, theme, canvas) {
    const series = seriesOf(rows);
    const styles = seriesStyles(series);
    const values = rows.map((row) => row.x);
    const numeric = values.every((value) => typeof value === 'number');
    const categories = numeric ? [] : [...new Set(values.map(String))];
    const place = (value: number | string): number => (numeric ? Number(value) : categories.indexOf(String(value)));
    const metric = describeMetric(options.y);
    const unit = axisUnit(metric?.unit, Math.max(...rows.map((row) => row.y)));
    const xMetric = describeMetric(options.x);
    const xUnit = axisUnit(xMetric?.unit, numeric ? Math.max(...rows.map((row) => Number(row.x))) : 1);
    const ys = rows.map((row) => row.y / unit.size);
    const xs = rows.map((row) => place(row.x) / xUnit.size);
    const x: Range = {
      domain: options.log_x && numeric ? logDomain(xs) : padded(Math.min(...xs), Math.max(...xs)),
      title: options.x_title ?? axisTitle(xMetric?.label ?? fieldLabel(options.x), xUnit),
      ...(numeric ? { log: options.log_x } : { categories: categories.map((name) => options.rename[name] ?? name) }),
    };
    const published = rows.some((row) => row.source === 'published');
    const legend: LegendItem[] = series
      .filter((name) => name !== '' || published)
      .map((name) => ({
        name: name || 'simulated',
        style: styles.get(name)!,
        swatch: numeric ? 'line-marker' : 'marker',
      }));
    if (published) {
      legend.push({
        name: 'published',
        style: { ...styles.get(series[0]!)!, ...(series.length > 1 ? { color: '#555555' } : {}) },
        swatch: 'hollow',
      });
    }
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x,
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
    for (const name of series) {
      const style = styles.get(name)!;
      const own = rows.filter((row) => row.series === name);
      const at = (row: Point): [number, number] => [frame.x(place(row.x) / xUnit.size), frame.y(row.y / unit.size)];
      const simulated = own.filter((row) => row.source === 'simulated').sort((a, b) => place(a.x) - place(b.x));
      // Names have no order, so nothing lies between them.
      curve(svg, simulated.map(at), style, theme, numeric);
      for (const row of own)
        if (row.source === 'published') marker(svg, style, ...at(row), theme.marker_pt * 1.25, true);
    }
  },
  vegaLite: (_, options) => ({
    layer: [
      { transform: [{ filter: "datum.source === 'simulated'" }], mark: { type: 'line', point: true } },
      { transform: [{ filter: "datum.source === 'published'" }], mark: { type: 'point', filled: false } },
    ],
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title: options.x_title ?? fieldLabel(options.x),
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

/** A linear domain with room for the outer symbols. */
function padded(low: number, high: number): [number, number] {
  const room = (high - low || 1) * 0.04;
  return [low >= 0 && low < (high - low) * 0.15 ? 0 : low - room, high + room];
}

import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { drawFrame, logDomain } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { line, rect } from '../marks/pen.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { describeMetric } from '../metrics.ts';
import { flag, renameOption } from '../options.ts';
import { fieldLabel, fieldOf } from '../sweepPoints.ts';
import { INK, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  metric: v.pipe(v.string(), v.minLength(1), v.description('The metric to show. Required.')),
  group: v.pipe(v.string(), v.description('The field that groups bars, such as `workload.model`. Required.')),
  series: v.pipe(v.string(), v.description('The field with a bar for each value, such as `machine`. Required.')),
  log: flag('Make the value axis logarithmic; it then begins below the smallest bar. Default: false.', false),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Bar = {
  readonly group: string;
  readonly series: string;
  readonly value: number;
  /** What was measured of the same case; null where nothing was. */
  readonly published: number | null;
};

const distinct = (values: readonly string[]): string[] => [...new Set(values)];

export const chart = defineChart<Options, Bar>({
  kind: 'grouped-bars',
  description:
    'A metric by two fields: a group of bars for each value of one, a bar for each of the other; a white line is what was published.',
  optionsSchema,
  rows(inputs, { metric, group, series, rename }) {
    return inputs.flatMap(({ result }): Bar[] => {
      const [inGroup, inSeries] = [fieldOf(result, group), fieldOf(result, series)];
      const value = result.metrics[metric];
      if (inGroup === undefined || inSeries === undefined || value === undefined) return [];
      const claim = result.claims.find(
        (row) => row.metric === metric && (row.op ?? 'value') === 'value' && typeof row.published === 'number',
      );
      const named = (id: string): string => rename[id] ?? id;
      return [
        {
          group: named(String(inGroup)),
          series: named(String(inSeries)),
          value,
          published: (claim?.published as number | undefined) ?? null,
        },
      ];
    });
  },
  draw(svg, rows, { metric, group, log }, theme, canvas) {
    const groups = distinct(rows.map((row) => row.group));
    const series = distinct(rows.map((row) => row.series));
    const styles = seriesStyles(series);
    const values = rows.flatMap(({ value, published }) => (published === null ? [value] : [value, published]));
    const described = describeMetric(metric);
    const unit = axisUnit(described?.unit, Math.max(...values));
    const shown = values.map((value) => value / unit.size);
    const domain = log ? logDomain([Math.min(...shown) / 1.5, ...shown]) : ([0, Math.max(...shown) * 1.06] as const);
    const legend: LegendItem[] = series.map((name) => ({ name, style: styles.get(name)!, swatch: 'fill' }));
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: { domain: [0, groups.length - 1], title: fieldLabel(group), categories: groups },
        y: { domain, title: axisTitle(described?.label ?? metric, unit), ...(log && { log }) },
        gridY: true,
        legend,
      },
      theme,
    );
    const width = 0.82 / series.length;
    for (const row of rows) {
      const left = groups.indexOf(row.group) - 0.41 + series.indexOf(row.series) * width;
      const [x0, x1] = [frame.x(left), frame.x(left + width)];
      rect(frame.plot, x0, frame.y(domain[0]), x1, frame.y(row.value / unit.size), {
        fill: frame.fills.of(styles.get(row.series)!),
        stroke: INK,
        'stroke-width': 0.3,
      });
      if (row.published === null) continue;
      const y = frame.y(row.published / unit.size);
      line(frame.plot, x0, y, x1, y, { stroke: INK, 'stroke-width': 2 });
      line(frame.plot, x0, y, x1, y, { stroke: 'white', 'stroke-width': 1 });
    }
  },
  vegaLite: (_rows, { metric, group, series, log }) => ({
    mark: 'bar',
    encoding: {
      x: { field: 'group', type: 'nominal', sort: null, title: fieldLabel(group) },
      xOffset: { field: 'series' },
      y: {
        field: 'value',
        type: 'quantitative',
        title: describeMetric(metric)?.label ?? metric,
        ...(log && { scale: { type: 'log' } }),
      },
      color: { field: 'series', type: 'nominal', title: fieldLabel(series) },
    },
  }),
});

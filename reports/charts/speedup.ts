import { scaleLinear } from 'd3-scale';
import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { axisRoom, drawBottomAxis, linearTicks } from '../marks/axis.ts';
import { Fills } from '../marks/fills.ts';
import { drawLegend, type LegendItem, legendAt, legendHeight } from '../marks/legend.ts';
import { label, line, rect } from '../marks/pen.ts';
import { clip, widest } from '../marks/text.ts';
import { describeMetric } from '../metrics.ts';
import { INK, MUTED, SERIES, type Theme } from '../themes.ts';

const optionsSchema = v.strictObject({
  metrics: v.pipe(
    v.array(v.string()),
    v.minLength(1),
    v.maxLength(3),
    v.description('Metrics that are ratios to something else, a bar each; as docs/metrics.md names them. Required.'),
  ),
  names: v.optional(
    v.pipe(v.record(v.string(), v.string()), v.description('What cases are called, by id. Default: their ids.')),
    {},
  ),
});
type Options = v.InferOutput<typeof optionsSchema>;

type Ratio = { readonly case: string; readonly label: string; readonly metric: string; readonly ratio: number };

/** Height of a bar and space between groups, in multiples of the small font. */
const BAR = 0.85;
const SPACE = 0.7;

const nameOf = (metric: string): string => describeMetric(metric)?.label ?? metric;
const casesOf = (rows: readonly Ratio[]): string[] => [...new Set(rows.map((row) => row.case))];

function legend(options: Options): LegendItem[] {
  return options.metrics.map((metric, i) => ({
    name: nameOf(metric),
    style: SERIES[i % SERIES.length]!,
    swatch: 'fill' as const,
  }));
}

const pitchOf = (options: Options, theme: Theme): number => (options.metrics.length * BAR + SPACE) * theme.small_pt;

export const chart = defineChart<Options, Ratio>({
  kind: 'speedup',
  description: 'Ratios of every case to something else, such as speed-ups, as horizontal bars beside a line at 1.',
  optionsSchema,
  rows(inputs, { metrics, names }) {
    return inputs.flatMap(({ result }) =>
      metrics.flatMap((metric) => {
        const ratio = result.metrics[metric];
        return ratio === undefined
          ? []
          : [{ case: result.case, label: names[result.case] ?? result.case, metric, ratio }];
      }),
    );
  },
  height(rows, options, theme) {
    return (
      casesOf(rows).length * pitchOf(options, theme) +
      axisRoom({ ticks: [], title: 'x' }, 'bottom', theme) +
      legendHeight(legend(options), theme.width_in * 72, theme) +
      8
    );
  },
  draw(svg, rows, options, theme, { width, height, id }) {
    const fills = new Fills(svg, id);
    const small = theme.small_pt;
    const items = legend(options);
    const cases = casesOf(rows);
    const text = (ratio: number): string => `${ratio.toFixed(2)} ×`;
    const names = cases.map((one) => rows.find((row) => row.case === one)!.label);
    const room = Math.min(widest(names, small), width * 0.4);
    const title = options.metrics.length === 1 ? nameOf(options.metrics[0]!) : 'Ratio (×)';
    const box = {
      x0: room + 6,
      x1:
        width -
        widest(
          rows.map((row) => text(row.ratio)),
          small,
        ) -
        7,
      y0: legendHeight(items, width, theme) + 2,
      y1: height - axisRoom({ ticks: [], title }, 'bottom', theme),
    };
    const scale = scaleLinear([0, Math.max(1, ...rows.map((row) => row.ratio)) * 1.02], [box.x0, box.x1]);
    const ticks = linearTicks(scale.ticks(Math.max(3, Math.floor((box.x1 - box.x0) / 32))));
    drawBottomAxis(svg, box, { scale, ticks, title, grid: true }, theme);
    const pitch = (box.y1 - box.y0) / Math.max(1, cases.length);
    const thickness = BAR * small;
    const ends: [ratio: number, y: number][] = [];
    cases.forEach((one, index) => {
      const top = box.y0 + index * pitch + (pitch - options.metrics.length * thickness) / 2;
      options.metrics.forEach((metric, m) => {
        const row = rows.find((other) => other.case === one && other.metric === metric);
        if (!row) return;
        const y = top + m * thickness;
        const fill = fills.of(SERIES[m % SERIES.length]!);
        rect(svg, box.x0, y, scale(row.ratio), y + thickness, { fill, stroke: INK, 'stroke-width': 0.4 });
        ends.push([row.ratio, y + thickness / 2]);
      });
      const middle = top + (options.metrics.length * thickness) / 2;
      label(svg, box.x0 - 4, middle, clip(names[index]!, room, small), { size: small, anchor: 'end' });
    });
    line(svg, scale(1), box.y0, scale(1), box.y1, { stroke: INK, 'stroke-width': 0.6, 'stroke-dasharray': '2 1.5' });
    for (const [ratio, y] of ends) {
      label(svg, scale(ratio) + 3, y, text(ratio), { size: small, fill: MUTED, halo: true });
    }
    line(svg, box.x0, box.y0, box.x0, box.y1, { stroke: INK, 'stroke-width': theme.axis_pt });
    drawLegend(svg, items, legendAt(items, box.x0, width, theme), fills, theme);
  },
  vegaLite: () => ({
    mark: 'bar',
    encoding: {
      y: { field: 'label', type: 'nominal', sort: null, title: null },
      yOffset: { field: 'metric' },
      x: { field: 'ratio', type: 'quantitative', title: 'Ratio' },
      color: { field: 'metric', type: 'nominal' },
    },
  }),
});

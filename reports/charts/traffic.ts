import { scaleLinear } from 'd3-scale';
import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { axisRoom, drawBottomAxis, linearTicks } from '../marks/axis.ts';
import { Fills } from '../marks/fills.ts';
import { drawLegend, type LegendItem, legendAt, legendHeight } from '../marks/legend.ts';
import { label, line, rect } from '../marks/pen.ts';
import { clip, widest } from '../marks/text.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { flag, renameOption } from '../options.ts';
import { INK, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  share: flag('Draw each way as a share of the bar instead of bytes. Default: false.', false),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Way = {
  readonly label: string;
  readonly study: string;
  readonly case: string;
  readonly way: string;
  readonly bytes: number;
};

const PITCH = 1.9;

const unique = (names: readonly string[]): string[] => [...new Set(names)];
const barsOf = (rows: readonly Way[]): string[] => unique(rows.map((row) => row.label));
const waysOf = (rows: readonly Way[]): string[] => unique(rows.map((row) => row.way));
const legend = (rows: readonly Way[]): LegendItem[] => {
  const styles = seriesStyles(waysOf(rows));
  return waysOf(rows).map((name) => ({ name, style: styles.get(name)!, swatch: 'fill' }));
};

export const chart = defineChart<Options, Way>({
  kind: 'traffic',
  description:
    'Bytes that crossed each link in each direction, or that a drive read inside itself, stacked, a bar a case.',
  optionsSchema,
  rows(inputs, options) {
    return inputs.flatMap(({ result: { metrics, study, case: id } }) =>
      Object.entries(metrics).flatMap(([name, bytes]): Way[] => {
        const [, resource, direction] = /^traffic\.([\w-]+)\.(\w+)_bytes$/.exec(name) ?? [];
        if (resource === undefined || bytes === 0) return [];
        const way = direction === 'access' ? `in ${resource}` : `${resource} ${direction}`;
        return [{ label: options.rename[id] ?? id, study, case: id, way: options.rename[way] ?? way, bytes }];
      }),
    );
  },
  height: (rows, _, theme) =>
    barsOf(rows).length * PITCH * theme.small_pt +
    axisRoom({ ticks: [], title: 'x' }, 'bottom', theme) +
    legendHeight(legend(rows), theme.width_in * 72, theme) +
    6,
  draw(svg, rows, options, theme, { width, height, id }) {
    const fills = new Fills(svg, id);
    const items = legend(rows);
    const bars = barsOf(rows);
    const styles = seriesStyles(waysOf(rows));
    const small = theme.small_pt;
    const sumOf = (bar: string): number => rows.reduce((sum, row) => (row.label === bar ? sum + row.bytes : sum), 0);
    const largest = options.share ? 100 : Math.max(...bars.map(sumOf));
    const unit = options.share ? { name: '% of the bytes', size: 1 } : axisUnit('moved_bytes', largest);
    const labels = Math.min(widest(bars, small), width * 0.4);
    const box = {
      x0: labels + 6,
      x1: width - 1.3 * small,
      y0: legendHeight(items, width, theme) + 2,
      y1: height - axisRoom({ ticks: [], title: 'x' }, 'bottom', theme),
    };
    const scale = scaleLinear([0, (largest / unit.size) * 1.02], [box.x0, box.x1]);
    const ticks = linearTicks(scale.ticks(Math.max(3, Math.floor((box.x1 - box.x0) / 38))));
    drawBottomAxis(svg, box, { scale, ticks, title: axisTitle('traffic', unit), grid: true }, theme);
    const pitch = (box.y1 - box.y0) / bars.length;
    const half = Math.min(0.62 * small, pitch * 0.36);
    bars.forEach((bar, index) => {
      const middle = box.y0 + (index + 0.5) * pitch;
      const size = options.share ? sumOf(bar) / 100 : unit.size;
      let end = 0;
      for (const row of rows.filter((candidate) => candidate.label === bar)) {
        const start = end;
        end += row.bytes / size;
        const fill = fills.of(styles.get(row.way)!);
        rect(svg, scale(start), middle - half, scale(end), middle + half, { fill, stroke: INK, 'stroke-width': 0.4 });
      }
      label(svg, box.x0 - 4, middle, clip(bar, labels, small), { size: small, anchor: 'end' });
    });
    line(svg, box.x0, box.y0, box.x0, box.y1, { stroke: INK, 'stroke-width': theme.axis_pt });
    drawLegend(svg, items, legendAt(items, box.x0, width, theme), fills, theme);
  },
  vegaLite: (_, options) => ({
    mark: 'bar',
    encoding: {
      y: { field: 'label', type: 'nominal', sort: null, title: null },
      x: {
        field: 'bytes',
        type: 'quantitative',
        aggregate: 'sum',
        title: 'Traffic (bytes)',
        ...(options.share ? { stack: 'normalize' } : {}),
      },
      color: { field: 'way', type: 'nominal' },
    },
  }),
});

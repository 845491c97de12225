import { scaleLinear } from 'd3-scale';
import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { axisRoom, drawBottomAxis, linearTicks } from '../marks/axis.ts';
import { Fills } from '../marks/fills.ts';
import { drawLegend, type LegendItem, legendAt, legendHeight } from '../marks/legend.ts';
import { label, line, rect } from '../marks/pen.ts';
import { clip, widest } from '../marks/text.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { words } from '../metrics.ts';
import { flag, renameOption } from '../options.ts';
import { INK, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  phase: v.optional(
    v.pipe(
      v.picklist(['all', 'each', 'prefill', 'decode', 'forward', 'backward', 'optimizer']),
      v.description(
        'Phase to show: one of them, `each` for a bar a phase, or `all` to add the phases up. Default: all.',
      ),
    ),
    'all',
  ),
  share: flag('Draw busy time as a share of the elapsed time instead of seconds. Default: false.', false),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type StreamTime = {
  readonly label: string;
  readonly study: string;
  readonly case: string;
  readonly phase: string;
  readonly stream: string;
  readonly busy_s: number;
  /** Elapsed time of the bar. */
  readonly elapsed_s: number | null;
};

const PITCH = 1.9;

const STREAMS = ['compute', 'weight_read', 'kv_read', 'kv_write', 'activation_read', 'activation_write', 'bookkeeping'];

const streamsOf = (rows: readonly StreamTime[]): string[] =>
  STREAMS.filter((stream) => rows.some((row) => row.stream === stream));

const barsOf = (rows: readonly StreamTime[]): string[] => [...new Set(rows.map((row) => row.label))];

function legend(rows: readonly StreamTime[]): LegendItem[] {
  const streams = streamsOf(rows);
  const styles = seriesStyles(streams);
  const items: LegendItem[] = streams.map((stream) => ({
    name: words(stream),
    style: styles.get(stream)!,
    swatch: 'fill',
  }));
  if (rows.some((row) => row.elapsed_s !== null)) {
    items.push({ name: 'elapsed', style: { color: INK, dash: '', marker: 'circle', hatch: 'none' }, swatch: 'line' });
  }
  return items;
}

function add(total: number | null, part: number | undefined): number | null {
  return part === undefined ? total : (total ?? 0) + part;
}

export const chart = defineChart<Options, StreamTime>({
  kind: 'breakdown',
  description:
    'Busy time of each stream, stacked, a bar a case; the line across a bar is the elapsed time. Streams overlap, so a bar may be longer than its line.',
  optionsSchema,
  rows(inputs, options) {
    return inputs.flatMap(({ result }) => {
      const { metrics, study, case: id } = result;
      const bars = new Map<string, { elapsed: number | null; streams: Map<string, number> }>();
      for (const [name, value] of Object.entries(metrics)) {
        const [, phase, stream] = /^time\.(\w+)\.(\w+)_s$/.exec(name) ?? [];
        if (phase === undefined || stream === undefined || value === 0) continue;
        if (options.phase !== 'all' && options.phase !== 'each' && options.phase !== phase) continue;
        const key = options.phase === 'all' ? 'all' : phase;
        const bar = bars.get(key) ?? { elapsed: null, streams: new Map<string, number>() };
        bar.streams.set(stream, (bar.streams.get(stream) ?? 0) + value);
        bar.elapsed = key === 'all' ? (metrics['time.total_s'] ?? null) : add(null, metrics[`time.${phase}_s`]);
        bars.set(key, bar);
      }
      const name =
        inputs.length > 1 && new Set(inputs.map((input) => input.result.study)).size > 1
          ? id === 'base'
            ? study
            : `${study} ${id}`
          : id;
      const shown = options.rename[id] ?? options.rename[study] ?? name;
      return [...bars].flatMap(([phase, bar]) =>
        STREAMS.flatMap((stream) => {
          const busy_s = bar.streams.get(stream);
          if (busy_s === undefined) return [];
          const text = options.phase === 'each' ? `${shown}, ${phase}` : shown;
          return [{ label: text, study, case: id, phase, stream, busy_s, elapsed_s: bar.elapsed }];
        }),
      );
    });
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
    const styles = seriesStyles(streamsOf(rows));
    const small = theme.small_pt;
    const of = (row: StreamTime): number => (options.share ? 100 / (row.elapsed_s ?? Number.POSITIVE_INFINITY) : 1);
    const sums = bars.map((bar) =>
      rows.filter((row) => row.label === bar).reduce((sum, row) => sum + row.busy_s * of(row), 0),
    );
    const largest = Math.max(...sums, ...rows.map((row) => (row.elapsed_s ?? 0) * of(row)));
    const unit = options.share ? { name: '% of the elapsed time', size: 1 } : axisUnit('s', largest);
    const labels = Math.min(widest(bars, small), width * 0.4);
    const box = {
      x0: labels + 6,
      x1: width - 1.3 * small,
      y0: legendHeight(items, width, theme) + 2,
      y1: height - axisRoom({ ticks: [], title: 'x' }, 'bottom', theme),
    };
    const scale = scaleLinear([0, (largest / unit.size) * 1.02], [box.x0, box.x1]);
    const ticks = linearTicks(scale.ticks(Math.max(3, Math.floor((box.x1 - box.x0) / 38))));
    drawBottomAxis(svg, box, { scale, ticks, title: axisTitle('busy time', unit), grid: true }, theme);
    const pitch = (box.y1 - box.y0) / bars.length;
    const half = Math.min(0.62 * small, pitch * 0.36);
    bars.forEach((bar, index) => {
      const middle = box.y0 + (index + 0.5) * pitch;
      let end = 0;
      for (const row of rows.filter((candidate) => candidate.label === bar)) {
        const start = end;
        end += (row.busy_s * of(row)) / unit.size;
        const fill = fills.of(styles.get(row.stream)!);
        rect(svg, scale(start), middle - half, scale(end), middle + half, { fill, stroke: INK, 'stroke-width': 0.4 });
      }
      const first = rows.find((row) => row.label === bar)!;
      if (first.elapsed_s !== null) {
        const at = scale((first.elapsed_s * of(first)) / unit.size);
        line(svg, at, middle - half - 2.2, at, middle + half + 2.2, { stroke: '#ffffff', 'stroke-width': 3 });
        line(svg, at, middle - half - 2.2, at, middle + half + 2.2, { stroke: INK, 'stroke-width': 1.4 });
      }
      label(svg, box.x0 - 4, middle, clip(bar, labels, small), { size: small, anchor: 'end' });
    });
    line(svg, box.x0, box.y0, box.x0, box.y1, { stroke: INK, 'stroke-width': theme.axis_pt });
    drawLegend(svg, items, legendAt(items, box.x0, width, theme), fills, theme);
  },
  vegaLite: () => ({
    mark: 'bar',
    encoding: {
      y: { field: 'label', type: 'nominal', sort: null, title: null },
      x: { field: 'busy_s', type: 'quantitative', aggregate: 'sum', title: 'Busy time (s)' },
      color: { field: 'stream', type: 'nominal' },
    },
  }),
});

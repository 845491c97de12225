import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import type { LegendItem } from '../marks/legend.ts';
import { drawStackedBars, stackedBarsHeight } from '../marks/stackedBars.ts';
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
  height: (rows, _, theme) => stackedBarsHeight(barsOf(rows).length, legend(rows), theme),
  draw(svg, rows, options, theme, canvas) {
    const styles = seriesStyles(streamsOf(rows));
    const of = (row: StreamTime): number => (options.share ? 100 / (row.elapsed_s ?? Number.POSITIVE_INFINITY) : 1);
    const bars = barsOf(rows).map((name) => rows.filter((row) => row.label === name));
    const sums = bars.map((own) => own.reduce((sum, row) => sum + row.busy_s * of(row), 0));
    const largest = Math.max(...sums, ...rows.map((row) => (row.elapsed_s ?? 0) * of(row)));
    const unit = options.share ? { name: '% of the elapsed time', size: 1 } : axisUnit('s', largest);
    drawStackedBars(
      svg,
      {
        bars: bars.map((own) => {
          const [first] = own as [StreamTime];
          return {
            name: first.label,
            parts: own.map((row) => ({ style: styles.get(row.stream)!, value: (row.busy_s * of(row)) / unit.size })),
            mark: first.elapsed_s === null ? null : (first.elapsed_s * of(first)) / unit.size,
          };
        }),
        legend: legend(rows),
        title: axisTitle('busy time', unit),
      },
      theme,
      canvas,
    );
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

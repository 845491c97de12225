import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import type { LegendItem } from '../marks/legend.ts';
import { drawStackedBars, stackedBarsHeight } from '../marks/stackedBars.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { flag, renameOption } from '../options.ts';
import { seriesStyles } from '../themes.ts';

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
  height: (rows, _, theme) => stackedBarsHeight(barsOf(rows).length, legend(rows), theme),
  draw(svg, rows, options, theme, canvas) {
    const styles = seriesStyles(waysOf(rows));
    const sumOf = (bar: string): number => rows.reduce((sum, row) => (row.label === bar ? sum + row.bytes : sum), 0);
    const bars = barsOf(rows);
    const largest = options.share ? 100 : Math.max(...bars.map(sumOf));
    const unit = options.share ? { name: '% of the bytes', size: 1 } : axisUnit('moved_bytes', largest);
    drawStackedBars(
      svg,
      {
        bars: bars.map((name) => {
          const size = options.share ? sumOf(name) / 100 : unit.size;
          const own = rows.filter(({ label }) => label === name);
          return {
            name,
            parts: own.map(({ way, bytes }) => ({ style: styles.get(way)!, value: bytes / size })),
            mark: null,
          };
        }),
        legend: legend(rows),
        title: axisTitle('traffic', unit),
      },
      theme,
      canvas,
    );
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

import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import type { LegendItem } from '../marks/legend.ts';
import { drawStackedBars, stackedBarsHeight } from '../marks/stackedBars.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { words } from '../metrics.ts';
import { renameOption } from '../options.ts';
import { INK, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  memory: v.optional(v.pipe(v.string(), v.description('Id of the memory. Default: gpu.')), 'gpu'),
  cases: v.optional(v.pipe(v.array(v.string()), v.description('Cases to show, in this order. Default: all that ran.'))),
  capacity: v.optional(
    v.pipe(v.boolean(), v.description('Mark what the memory has on each bar. Default: true.')),
    true,
  ),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Kind = {
  readonly label: string;
  readonly study: string;
  readonly case: string;
  readonly kind: string;
  readonly bytes: number;
  readonly capacity_bytes: number | null;
};

/** Kinds from the longest lived on the left to the shortest on the right. */
const ORDER = ['weight', 'optimizer', 'index', 'table', 'kv', 'gradient', 'activation', 'workspace'];
const kindsOf = (rows: readonly Kind[]): string[] => ORDER.filter((kind) => rows.some((row) => row.kind === kind));
const barsOf = (rows: readonly Kind[]): string[] => [...new Set(rows.map((row) => row.label))];

function legend(rows: readonly Kind[], capacity: boolean): LegendItem[] {
  const styles = seriesStyles(kindsOf(rows));
  const items: LegendItem[] = kindsOf(rows).map((kind) => ({
    name: words(kind),
    style: styles.get(kind)!,
    swatch: 'fill',
  }));
  if (!capacity || rows[0]?.capacity_bytes === null) return items;
  const mark = { color: INK, dash: '', marker: 'circle', hatch: 'none' } as const;
  return [...items, { name: 'capacity', style: mark, swatch: 'line' }];
}

export const chart = defineChart<Options, Kind>({
  kind: 'footprint',
  description:
    'Peak memory by kind of tensor, stacked, a bar a case: what a method, an optimizer or recomputation leaves of it.',
  optionsSchema,
  rows(inputs, options) {
    const order = (id: string): number => options.cases?.indexOf(id) ?? 0;
    return inputs
      .filter(({ result }) => options.cases === undefined || options.cases.includes(result.case))
      .sort((a, b) => order(a.result.case) - order(b.result.case))
      .flatMap(({ result: { metrics, study, case: id }, machine }) => {
        const facts = machine?.memories.find((memory) => memory.id === options.memory);
        const capacity_bytes = facts ? facts.capacity_bytes - facts.reserved_bytes : null;
        return ORDER.flatMap((kind): Kind[] => {
          const bytes = metrics[`memory.${options.memory}.${kind}.peak_bytes`];
          if (bytes === undefined || bytes === 0) return [];
          return [{ label: options.rename[id] ?? id, study, case: id, kind, bytes, capacity_bytes }];
        });
      });
  },
  height: (rows, { capacity }, theme) => stackedBarsHeight(barsOf(rows).length, legend(rows, capacity), theme),
  draw(svg, rows, { capacity, memory }, theme, canvas) {
    const styles = seriesStyles(kindsOf(rows));
    const limit = capacity ? (rows[0]!.capacity_bytes ?? 0) : 0;
    const bars = barsOf(rows).map((name) => rows.filter((row) => row.label === name));
    const largest = Math.max(limit, ...bars.map((parts) => parts.reduce((sum, { bytes }) => sum + bytes, 0)));
    const unit = axisUnit('bytes', largest);
    drawStackedBars(
      svg,
      {
        bars: bars.map((parts) => ({
          name: parts[0]!.label,
          parts: parts.map(({ kind, bytes }) => ({ style: styles.get(kind)!, value: bytes / unit.size })),
          mark: limit === 0 ? null : limit / unit.size,
        })),
        legend: legend(rows, capacity),
        title: axisTitle(`peak memory of ${words(memory)}`, unit),
      },
      theme,
      canvas,
    );
  },
  vegaLite: (_, { memory }) => ({
    mark: 'bar',
    encoding: {
      y: { field: 'label', type: 'nominal', sort: null, title: null },
      x: { field: 'bytes', type: 'quantitative', aggregate: 'sum', title: `Peak memory of ${memory} (bytes)` },
      color: { field: 'kind', type: 'nominal', sort: ORDER },
    },
  }),
});

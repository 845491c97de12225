import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { formatQuantity } from '../format.ts';
import { drawFrame } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { label, line, rect } from '../marks/pen.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { renameOption } from '../options.ts';
import { INK, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  by: v.optional(
    v.pipe(
      v.picklist(['block', 'layer']),
      v.description('One bar a `block` of the network, or a `layer`. Default: block.'),
    ),
    'block',
  ),
  cases: v.optional(
    v.pipe(v.array(v.string()), v.description('Cases side by side. Default: the first that has a layout.')),
  ),
  limit_bytes: v.optional(v.pipe(v.number(), v.description('The line across. Default: what the memory has.'))),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Bar = {
  readonly case: string;
  readonly block: string;
  readonly place: number;
  readonly bytes: number;
  readonly limit_bytes: number;
};

const distinct = (values: readonly string[]): string[] => [...new Set(values)];

export const chart = defineChart<Options, Bar>({
  kind: 'memory-profile',
  description: 'Peak memory of each block of a network, with the line of what the device has (MCUNetV2, figure 1).',
  optionsSchema,
  rows(inputs, options) {
    const known = inputs.filter(({ layout }) => layout !== undefined);
    const wanted = options.cases ?? known.slice(0, 1).map(({ result }) => result.case);
    return known
      .filter(({ result }) => wanted.includes(result.case))
      .flatMap(({ result, layout }): Bar[] => {
        const peaks = new Map<string, number>();
        for (const { name, block, bytes } of layout!.steps) {
          const key = options.by === 'layer' ? name : block;
          peaks.set(key, Math.max(peaks.get(key) ?? 0, bytes));
        }
        const limit_bytes = options.limit_bytes ?? layout!.capacity_bytes;
        return [...peaks].map(([block, bytes], place) => ({ case: result.case, block, place, bytes, limit_bytes }));
      });
  },
  draw(svg, rows, options, theme, canvas) {
    const cases = distinct(rows.map((row) => row.case));
    const blocks = distinct(rows.map((row) => row.block));
    const styles = seriesStyles(cases);
    const limit = rows[0]!.limit_bytes;
    const fullest = Math.max(limit, ...rows.map(({ bytes }) => bytes));
    const unit = axisUnit('bytes', fullest);
    const legend: LegendItem[] = cases.map((id) => {
      return { name: options.rename[id] ?? id, style: styles.get(id)!, swatch: 'fill' };
    });
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: { domain: [0, blocks.length - 1], title: options.by, categories: blocks },
        y: { domain: [0, (fullest * 1.12) / unit.size], title: axisTitle('peak memory', unit) },
        gridY: true,
        ...(cases.length > 1 && { legend }),
      },
      theme,
    );
    const width = 0.8 / cases.length;
    for (const row of rows) {
      const left = blocks.indexOf(row.block) - 0.4 + cases.indexOf(row.case) * width;
      const fill = frame.fills.of(styles.get(row.case)!);
      const [x0, x1] = [frame.x(left), frame.x(left + width)];
      rect(frame.plot, x0, frame.y(0), x1, frame.y(row.bytes / unit.size), { fill, stroke: INK, 'stroke-width': 0.3 });
    }
    const y = frame.y(limit / unit.size);
    line(svg, frame.box.x0, y, frame.box.x1, y, { stroke: INK, 'stroke-width': 0.8, 'stroke-dasharray': '4 2' });
    label(svg, frame.box.x1 - 2, y - theme.small_pt * 0.75, formatQuantity(limit, 'bytes'), {
      size: theme.small_pt,
      anchor: 'end',
      halo: true,
    });
  },
  vegaLite: (_rows, options) => ({
    layer: [
      {
        mark: 'bar',
        encoding: {
          x: { field: 'block', type: 'nominal', sort: null, title: options.by },
          xOffset: { field: 'case' },
          y: { field: 'bytes', type: 'quantitative', title: 'Peak memory (bytes)' },
          color: { field: 'case', type: 'nominal' },
        },
      },
      {
        mark: { type: 'rule', strokeDash: [4, 2] },
        encoding: { y: { field: 'limit_bytes', type: 'quantitative', aggregate: 'max' } },
      },
    ],
  }),
});

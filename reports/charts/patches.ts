import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { drawFrame } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { rect } from '../marks/pen.ts';
import { INK, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  case: v.optional(v.pipe(v.string(), v.description('Case to show. Default: the first that runs in patches.'))),
});
type Options = v.InferOutput<typeof optionsSchema>;

/** One patch: what it reads of the image, and the part of that which is its own. Pixels. */
type Patch = {
  readonly row: number;
  readonly column: number;
  readonly reads_x0: number;
  readonly reads_x1: number;
  readonly reads_y0: number;
  readonly reads_y1: number;
  readonly own_x0: number;
  readonly own_x1: number;
  readonly own_y0: number;
  readonly own_y1: number;
  readonly image_height: number;
  readonly image_width: number;
};

export const chart = defineChart<Options, Patch>({
  kind: 'patches',
  description: 'What each patch reads of the image: its own part and the halo it shares with its neighbours.',
  optionsSchema,
  rows(inputs, options) {
    const found = inputs.find(
      ({ result, layout }) => layout?.patches && (options.case === undefined || result.case === options.case),
    );
    const patches = found?.layout?.patches;
    if (!patches) return [];
    const { patches: side, image, reads, pitch, before } = patches;
    const along = (axis: 0 | 1, at: number) => ({
      reads: [at * pitch[axis] - before[axis], at * pitch[axis] - before[axis] + reads[axis]] as const,
      own: [at * pitch[axis], Math.min((at + 1) * pitch[axis], image[axis])] as const,
    });
    return Array.from({ length: side * side }, (_, i): Patch => {
      const [row, column] = [Math.floor(i / side), i % side];
      const [y, x] = [along(0, row), along(1, column)];
      return {
        row,
        column,
        reads_x0: x.reads[0],
        reads_x1: x.reads[1],
        reads_y0: y.reads[0],
        reads_y1: y.reads[1],
        own_x0: x.own[0],
        own_x1: x.own[1],
        own_y0: y.own[0],
        own_y1: y.own[1],
        image_height: image[0],
        image_width: image[1],
      };
    });
  },
  // As wide as high, so that pixels are square.
  height: (_rows, _options, theme) => theme.width_in * 72,
  draw(svg, rows, _options, theme, canvas) {
    const styles = seriesStyles(['own part', 'halo of one patch']);
    const [own, halo] = [styles.get('own part')!, styles.get('halo of one patch')!];
    const low = Math.min(...rows.map((row) => Math.min(row.reads_x0, row.reads_y0)));
    const high = Math.max(...rows.map((row) => Math.max(row.reads_x1, row.reads_y1)));
    const legend: LegendItem[] = [
      { name: 'own part', style: own, swatch: 'fill' },
      { name: 'halo of one patch', style: halo, swatch: 'fill' },
    ];
    const range = { domain: [low, high] as const };
    const frame = drawFrame(
      svg,
      { ...canvas, x: { ...range, title: 'Column (px)' }, y: { domain: [high, low], title: 'Row (px)' }, legend },
      theme,
    );
    const { y } = frame;
    const middle = Math.floor(Math.sqrt(rows.length) / 2);
    const shown = rows.find(({ row, column }) => row === middle && column === middle)!;
    const fillOf = (style: typeof own): string => frame.fills.of(style);
    rect(frame.plot, frame.x(shown.reads_x0), y(shown.reads_y0), frame.x(shown.reads_x1), y(shown.reads_y1), {
      fill: fillOf(halo),
      'fill-opacity': 0.6,
    });
    for (const row of rows) {
      const fill = row === shown ? fillOf(own) : 'none';
      rect(frame.plot, frame.x(row.own_x0), y(row.own_y0), frame.x(row.own_x1), y(row.own_y1), {
        fill,
        stroke: INK,
        'stroke-width': 0.4,
      });
      rect(frame.plot, frame.x(row.reads_x0), y(row.reads_y0), frame.x(row.reads_x1), y(row.reads_y1), {
        fill: 'none',
        stroke: INK,
        'stroke-width': 0.3,
        'stroke-dasharray': '2 2',
      });
    }
    const { image_width, image_height } = rows[0]!;
    rect(frame.plot, frame.x(0), y(0), frame.x(image_width), y(image_height), {
      fill: 'none',
      stroke: INK,
      'stroke-width': 1,
    });
  },
  vegaLite: () => ({
    mark: { type: 'rect', fillOpacity: 0.1, stroke: 'black' },
    encoding: {
      x: { field: 'reads_x0', type: 'quantitative', title: 'Column (px)' },
      x2: { field: 'reads_x1' },
      y: { field: 'reads_y0', type: 'quantitative', title: 'Row (px)' },
      y2: { field: 'reads_y1' },
    },
  }),
});

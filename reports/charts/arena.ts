import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { formatQuantity } from '../format.ts';
import { drawFrame } from '../marks/frame.ts';
import { label, line, rect } from '../marks/pen.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { plannedCaseOption } from '../options.ts';
import { INK, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  case: plannedCaseOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Placed = {
  readonly buffer: string;
  readonly first: number;
  readonly last: number;
  readonly offset_bytes: number;
  readonly bytes: number;
  readonly peak_bytes: number;
};

/** Width of a letter in parts of its size, on average. */
const LETTER = 0.55;

export const chart = defineChart<Options, Placed>({
  kind: 'arena',
  description: 'Where a static plan puts every buffer: addresses over the steps in which it is needed.',
  optionsSchema,
  rows(inputs, options) {
    const found = inputs.find(
      ({ result, layout }) =>
        layout?.buffers.some(({ offset_bytes }) => offset_bytes !== null) &&
        (options.case === undefined || result.case === options.case),
    );
    if (!found?.layout) return [];
    const { buffers, peak_bytes } = found.layout;
    return buffers.flatMap(({ name, offset_bytes, bytes, first, last }) =>
      offset_bytes === null ? [] : [{ buffer: name, first, last, offset_bytes, bytes, peak_bytes }],
    );
  },
  draw(svg, rows, _options, theme, canvas) {
    const peak = rows[0]!.peak_bytes;
    const unit = axisUnit('bytes', peak);
    const steps = Math.max(...rows.map(({ last }) => last)) + 1;
    const names = ['a', 'b', 'c', 'd', 'e'];
    const styles = seriesStyles(names);
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: { domain: [0, steps], title: 'Step' },
        y: { domain: [0, (peak * 1.08) / unit.size], title: axisTitle('address', unit) },
      },
      theme,
    );
    for (const [i, { buffer, first, last, offset_bytes, bytes }] of rows.entries()) {
      const [x0, x1] = [frame.x(first), frame.x(last + 1)];
      const [y0, y1] = [frame.y(offset_bytes / unit.size), frame.y((offset_bytes + bytes) / unit.size)];
      const fill = frame.fills.of(styles.get(names[i % names.length]!)!);
      rect(frame.plot, x0, y0, x1, y1, { fill, stroke: INK, 'stroke-width': 0.3, 'fill-opacity': 0.75 });
      const size = theme.small_pt * 0.85;
      if (x1 - x0 < LETTER * size * buffer.length || y0 - y1 < size) continue;
      label(frame.plot, (x0 + x1) / 2, (y0 + y1) / 2, buffer, {
        size,
        anchor: 'middle',
        halo: true,
      });
    }
    const y = frame.y(peak / unit.size);
    line(svg, frame.box.x0, y, frame.box.x1, y, { stroke: INK, 'stroke-width': 0.8, 'stroke-dasharray': '4 2' });
    label(svg, frame.box.x1 - 2, y + theme.small_pt * 0.75, `peak with scratch: ${formatQuantity(peak, 'bytes')}`, {
      size: theme.small_pt,
      anchor: 'end',
      halo: true,
    });
  },
  vegaLite: () => ({
    transform: [
      { calculate: 'datum.last + 1', as: 'end' },
      { calculate: 'datum.offset_bytes + datum.bytes', as: 'top' },
    ],
    mark: { type: 'rect', stroke: 'black' },
    encoding: {
      x: { field: 'first', type: 'quantitative', title: 'Step' },
      x2: { field: 'end' },
      y: { field: 'offset_bytes', type: 'quantitative', title: 'Address (bytes)' },
      y2: { field: 'top' },
      color: { field: 'buffer', type: 'nominal', legend: null },
    },
  }),
});

import * as v from 'valibot';
import type { Machine } from '../../sim/types/index.ts';
import { type ChartInput, defineChart, type OpPoint } from '../chart.ts';
import { formatQuantity } from '../format.ts';
import { marker } from '../marks/fills.ts';
import { drawFrame, type Frame, logDomain } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { label, line, type Pen } from '../marks/pen.ts';
import { measure } from '../marks/text.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { words } from '../metrics.ts';
import { flag } from '../options.ts';
import { INK, MUTED, seriesStyles, type Theme } from '../themes.ts';

const optionsSchema = v.strictObject({
  unit: v.optional(v.pipe(v.string(), v.description('Id of the compute unit. Default: the machine’s first.'))),
  dtype: v.optional(
    v.pipe(v.string(), v.description('Precision of the compute roof. Default: fp16, or the first the unit has.')),
  ),
  links: flag(
    'Draw a roof for every link that ends at the unit’s memory too, and a point a run on each. Default: true.',
    true,
  ),
  case: v.optional(v.pipe(v.string(), v.description('Case to show. Default: every case.'))),
});
type Options = v.InferOutput<typeof optionsSchema>;

type Mark = {
  /** `roof`: a bandwidth (or the compute peak, without an intensity); `point`: work done. */
  readonly mark: 'roof' | 'point';
  readonly name: string;
  readonly series: string;
  readonly flop_per_byte: number | null;
  readonly flop_per_s: number | null;
  readonly bytes_per_s: number | null;
};

/** The roofs of one unit: its peak, its memory's bandwidth and the links that feed it (Williams et al., CACM 2009). */
function roofs(machine: Machine, options: Options): Mark[] {
  const unit = machine.compute.find(({ id }) => options.unit === undefined || id === options.unit);
  if (!unit) return [];
  const peaks = unit.peak_flop_per_s as Readonly<Record<string, number>>;
  const dtype = options.dtype ?? (peaks['fp16'] === undefined ? Object.keys(peaks)[0] : 'fp16');
  const peak = dtype === undefined ? undefined : peaks[dtype];
  const memory = machine.memories.find(({ id }) => id === unit.memory);
  const marks: Mark[] = [];
  const roof = (name: string, flop_per_s: number | null, bytes_per_s: number | null): void => {
    marks.push({ mark: 'roof', name, series: 'roof', flop_per_byte: null, flop_per_s, bytes_per_s });
  };
  if (peak !== undefined) roof(`${unit.id} ${dtype}`, peak, null);
  const bandwidth = unit.memory_bytes_per_s ?? memory?.read_bytes_per_s ?? Number.POSITIVE_INFINITY;
  if (memory && Number.isFinite(bandwidth)) roof(memory.id, null, bandwidth);
  if (!options.links) return marks;
  for (const link of machine.links) {
    const inward = link.to === unit.memory ? link.forward : link.from === unit.memory ? link.backward : undefined;
    if (inward?.bytes_per_s !== undefined) roof(`${link.id} ${inward.name}`, null, inward.bytes_per_s);
  }
  return marks;
}

/** Kernels of one name and phase together. */
function kernelPoints(ops: readonly OpPoint[]): Mark[] {
  const sums = new Map<string, OpPoint>();
  for (const op of ops) {
    const key = `${op.phase} ${op.name}`;
    const sum = sums.get(key) ?? { ...op, flops: 0, bytes: 0, seconds: 0 };
    sums.set(key, {
      ...sum,
      flops: sum.flops + op.flops,
      bytes: sum.bytes + op.bytes,
      seconds: sum.seconds + op.seconds,
    });
  }
  return [...sums.values()].flatMap((sum) =>
    sum.flops > 0 && sum.bytes > 0 && sum.seconds > 0
      ? [
          {
            mark: 'point' as const,
            name: sum.name,
            series: sum.phase,
            flop_per_byte: sum.flops / sum.bytes,
            flop_per_s: sum.flops / sum.seconds,
            bytes_per_s: null,
          },
        ]
      : [],
  );
}

/** A whole run on the roof of each link: all its FLOPs over the bytes that crossed the link towards the unit. */
function runPoints({ result }: ChartInput, links: readonly Mark[]): Mark[] {
  const flops = result.metrics['compute.flops'];
  const seconds = result.metrics['time.total_s'];
  if (!flops || !seconds) return [];
  return links.flatMap(({ name }) => {
    const [link, direction] = name.split(' ');
    const bytes = result.metrics[`traffic.${link}.${direction}_bytes`];
    if (!bytes) return [];
    return [
      {
        mark: 'point' as const,
        name: result.case,
        series: `run over ${words(link!)}`,
        flop_per_byte: flops / bytes,
        flop_per_s: flops / seconds,
        bytes_per_s: null,
      },
    ];
  });
}

export const chart = defineChart<Options, Mark>({
  kind: 'roofline',
  description:
    'Work rate against FLOPs per byte: the roofs of a compute unit, its memory and its links, and how near the kernels and the run come to them.',
  optionsSchema,
  rows(inputs, options) {
    const chosen = inputs.filter(({ result }) => options.case === undefined || result.case === options.case);
    const machine = chosen.find((input) => input.machine)?.machine;
    if (!machine) return [];
    const lines = roofs(machine, options);
    const links = lines.filter(({ name, bytes_per_s }) => bytes_per_s !== null && name.includes(' '));
    return [...lines, ...chosen.flatMap((input) => [...kernelPoints(input.ops ?? []), ...runPoints(input, links)])];
  },
  draw(svg, rows, _, theme, canvas) {
    const points = rows.filter((row) => row.mark === 'point');
    const peak = rows.find((row) => row.mark === 'roof' && row.flop_per_s !== null);
    const slopes = rows.filter((row) => row.bytes_per_s !== null);
    const top = peak?.flop_per_s ?? Math.max(...points.map((row) => row.flop_per_s!));
    const unit = axisUnit('flop_per_s', top);
    const ridges = slopes.map((row) => top / row.bytes_per_s!);
    const xDomain = logDomain([
      ...points.map((row) => row.flop_per_byte!),
      ...ridges.map((ridge) => ridge * 2.5),
      Math.min(...ridges) / 30,
    ]);
    const floor = Math.min(
      ...points.map((row) => row.flop_per_s!),
      ...slopes.map((row) => row.bytes_per_s! * xDomain[0] * 3),
    );
    const yDomain = logDomain([(floor / unit.size) * 0.8, (top / unit.size) * 1.8]);
    const series = [...new Set(points.map((row) => row.series))];
    const styles = seriesStyles(series);
    const legend: LegendItem[] = series.map((name) => ({ name, style: styles.get(name)!, swatch: 'marker' }));
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: { domain: xDomain, title: 'Intensity (FLOP/B)', log: true },
        y: { domain: yDomain, title: axisTitle('performance', unit), log: true },
        legend,
      },
      theme,
    );
    const stroke = { stroke: INK, 'stroke-width': theme.line_pt };
    if (peak) {
      const from = Math.min(...ridges, xDomain[1]);
      const y = frame.y(top / unit.size);
      line(frame.plot, frame.x(from), y, frame.box.x1, y, stroke);
      label(
        svg,
        frame.box.x1 - 1,
        y - theme.small_pt * 0.78,
        `${words(peak.name)} ${formatQuantity(top, 'flop_per_s')}`,
        {
          size: theme.small_pt,
          anchor: 'end',
          halo: true,
        },
      );
    }
    for (const [index, row] of slopes.entries())
      drawSlope(svg, frame, row, { top, unit_size: unit.size, dashed: index > 0 }, theme);
    for (const row of points) {
      marker(
        frame.plot,
        styles.get(row.series)!,
        frame.x(row.flop_per_byte!),
        frame.y(row.flop_per_s! / unit.size),
        theme.marker_pt,
      );
    }
  },
  vegaLite: () => ({
    layer: [
      {
        transform: [{ filter: "datum.mark === 'point'" }],
        mark: { type: 'point', filled: true },
        encoding: {
          x: { field: 'flop_per_byte', type: 'quantitative', scale: { type: 'log' }, title: 'Intensity (FLOP/B)' },
          color: { field: 'series', type: 'nominal' },
        },
      },
      { transform: [{ filter: "datum.mark === 'roof' && datum.flop_per_s !== null" }], mark: 'rule' },
    ],
    encoding: {
      y: { field: 'flop_per_s', type: 'quantitative', scale: { type: 'log' }, title: 'Performance (FLOP/s)' },
    },
  }),
});

/** A bandwidth roof up to its ridge, its name along it. */
function drawSlope(
  svg: Pen,
  frame: Frame,
  row: Mark,
  roof: { readonly top: number; readonly unit_size: number; readonly dashed: boolean },
  theme: Theme,
): void {
  const rate = row.bytes_per_s!;
  const ridge = Math.min(roof.top / rate, frame.xDomain[1]);
  const start = Math.max(frame.xDomain[0], (frame.yDomain[0] * roof.unit_size) / rate);
  const [x1, y1] = [frame.x(start), frame.y((rate * start) / roof.unit_size)];
  const [x2, y2] = [frame.x(ridge), frame.y((rate * ridge) / roof.unit_size)];
  const stroke = line(frame.plot, x1, y1, x2, y2, { stroke: INK, 'stroke-width': theme.line_pt });
  if (roof.dashed) stroke.attr('stroke-dasharray', '4 2');
  const angle = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
  const text = `${words(row.name)} ${formatQuantity(rate, 'bytes_per_s')}`;
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (measure(text, theme.small_pt) > length - 4) return;
  const along = 0.5;
  const [dx, dy] = [(y2 - y1) / length, -(x2 - x1) / length];
  const off = theme.small_pt * 0.78;
  label(svg, x1 + (x2 - x1) * along + dx * off, y1 + (y2 - y1) * along + dy * off, text, {
    size: theme.small_pt,
    anchor: 'middle',
    rotate: Number(angle.toFixed(2)),
    fill: MUTED,
    halo: true,
  });
}

import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { drawFrame } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { label, path, polyline } from '../marks/pen.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { words } from '../metrics.ts';
import { flag, pointsOption } from '../options.ts';
import { INK, SERIES, type SeriesStyle } from '../themes.ts';
import { thinned } from '../thinned.ts';

const optionsSchema = v.strictObject({
  case: v.optional(v.pipe(v.string(), v.description('Case to show. Default: the first of the study.'))),
  share: flag('Draw the share of the reserved bytes in no block instead of bytes. Default: false.', false),
  points: pointsOption('events'),
});
type Options = v.InferOutput<typeof optionsSchema>;

type Held = {
  readonly event: number;
  readonly memory: string;
  readonly allocated_bytes: number;
  readonly reserved_bytes: number;
  /** 1 − allocated ÷ reserved. */
  readonly fragmentation: number;
};

const ALLOCATED = SERIES[0]!;
const RESERVED: SeriesStyle = { ...SERIES[1]!, dash: '' };

export const chart = defineChart<Options, Held>({
  kind: 'fragmentation',
  description:
    'What a caching allocator holds, from the first weights through two training steps: bytes in blocks, bytes reserved of the device, and the share of these in no block.',
  optionsSchema,
  rows(inputs, options) {
    const found = inputs.find(
      ({ result, timeline }) => timeline?.allocator && (options.case === undefined || result.case === options.case),
    );
    const curve = found?.timeline?.allocator;
    if (!curve) return [];
    const rows = curve.samples.map(
      ([allocated_bytes, reserved_bytes], event): Held => ({
        event,
        memory: curve.memory,
        allocated_bytes,
        reserved_bytes,
        fragmentation: reserved_bytes > 0 ? 1 - allocated_bytes / reserved_bytes : 0,
      }),
    );
    return thinned(rows.length, (at) => rows[at]!.allocated_bytes, options.points).map((at) => rows[at]!);
  },
  draw(svg, rows, { share }, theme, canvas) {
    const fullest = rows.reduce((a, b) => (b.allocated_bytes > a.allocated_bytes ? b : a));
    const top = rows.reduce((most, row) => Math.max(most, row.reserved_bytes), 0);
    const worst = rows.reduce((most, row) => Math.max(most, row.fragmentation), 0);
    const unit = axisUnit('bytes', top);
    const legend: LegendItem[] = [
      { name: 'in blocks', style: ALLOCATED, swatch: 'fill' },
      { name: 'reserved', style: RESERVED, swatch: 'line' },
    ];
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: { domain: [rows[0]!.event, rows.at(-1)!.event], title: 'allocations and releases' },
        y: share
          ? { domain: [0, Math.max(worst * 112, 1)], title: 'reserved, in no block (%)' }
          : { domain: [0, (top * 1.16) / unit.size], title: axisTitle(`held by ${words(rows[0]!.memory)}`, unit) },
        gridY: share,
        ...(!share && { legend }),
      },
      theme,
    );
    const curve = (height: (row: Held) => number) =>
      polyline(
        rows.map((row) => [frame.x(row.event), frame.y(height(row))] as const),
        true,
      );
    const area = (d: string): string => `${d}V${frame.y(0)}H${frame.x(rows[0]!.event)}Z`;
    const ink = { stroke: INK, 'stroke-width': 0.3 };
    if (share) {
      path(frame.plot, area(curve((row) => row.fragmentation * 100)), { fill: frame.fills.of(ALLOCATED), ...ink });
      return;
    }
    path(frame.plot, area(curve((row) => row.allocated_bytes / unit.size)), {
      fill: frame.fills.of(ALLOCATED),
      ...ink,
    });
    path(
      frame.plot,
      curve((row) => row.reserved_bytes / unit.size),
      { fill: 'none', stroke: RESERVED.color, 'stroke-width': 1.4 },
    );
    const text = `${(fullest.fragmentation * 100).toFixed(1)} % in no block at the fullest`;
    const y = frame.y(top / unit.size) - theme.small_pt * 0.8;
    label(svg, frame.box.x1 - 2, y, text, { size: theme.small_pt, anchor: 'end', halo: true });
  },
  vegaLite: (_rows, { share }) => ({
    mark: { type: 'line', interpolate: 'step-after' },
    ...(!share && { transform: [{ fold: ['allocated_bytes', 'reserved_bytes'], as: ['held', 'bytes'] }] }),
    encoding: {
      x: { field: 'event', type: 'quantitative', title: 'Allocations and releases' },
      y: share
        ? { field: 'fragmentation', type: 'quantitative', title: 'Share of the reserved bytes in no block' }
        : { field: 'bytes', type: 'quantitative', title: 'Bytes' },
      ...(!share && { color: { field: 'held', type: 'nominal' } }),
    },
  }),
});

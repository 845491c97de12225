import { scaleLinear } from 'd3-scale';
import * as v from 'valibot';
import type { Span } from '../../sim/types/index.ts';
import { defineChart } from '../chart.ts';
import { axisRoom, drawBottomAxis, linearTicks } from '../marks/axis.ts';
import { Fills } from '../marks/fills.ts';
import { drawLegend, type LegendItem, legendAt, legendHeight } from '../marks/legend.ts';
import { label, line, rect } from '../marks/pen.ts';
import { clip, measure, widest } from '../marks/text.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { words } from '../metrics.ts';
import { names } from '../options.ts';
import { GRID, INK, PAPER, seriesStyles } from '../themes.ts';

const optionsSchema = v.strictObject({
  from_s: v.optional(
    v.pipe(v.number(), v.minValue(0), v.description('Start of the stretch shown, in seconds. Default: 0.')),
    0,
  ),
  to_s: v.optional(
    v.pipe(
      v.number(),
      v.gtValue(0),
      v.description('End of the stretch shown, in seconds. Default: the end of the run.'),
    ),
  ),
  tracks: names('Tracks to show, by name or as `group name`. Default: every track with a span in the stretch.'),
  case: v.optional(v.pipe(v.string(), v.description('Case to show. Default: the first result with a timeline.'))),
  names: v.optional(
    v.pipe(v.boolean(), v.description('Write a span’s name in it where there is room. Default: true.')),
    true,
  ),
});
type Options = v.InferOutput<typeof optionsSchema>;

type Bar = {
  readonly track: string;
  readonly category: string;
  readonly name: string;
  readonly start_s: number;
  readonly end_s: number;
  /** Spans drawn as this bar: neighbours too narrow to see apart are drawn as one. */
  readonly spans: number;
};

const PITCH = 1.75;

/** Part of the stretch below which a span, or a gap between two, cannot be seen. */
const INVISIBLE = 1 / 1500;

const tracksOf = (rows: readonly Bar[]): string[] => [...new Set(rows.map((row) => row.track))];
const categoriesOf = (rows: readonly Bar[]): string[] => [...new Set(rows.map((row) => row.category))];

function legend(rows: readonly Bar[]): LegendItem[] {
  const styles = seriesStyles(categoriesOf(rows));
  return [...styles].map(([name, style]) => ({ name: words(name), style, swatch: 'fill' }));
}

/** The spans of one track as bars; neighbours of one category that cannot be seen apart become one. */
function merge(track: string, spans: readonly Span[], from_ns: number, to_ns: number): Bar[] {
  const close = (to_ns - from_ns) * INVISIBLE;
  const bars: { category: string; name: string; start: number; end: number; spans: number }[] = [];
  for (const span of [...spans].sort((a, b) => a.start_ns - b.start_ns)) {
    const [start, end] = [Math.max(span.start_ns, from_ns), Math.min(span.end_ns, to_ns)];
    const last = bars.at(-1);
    const narrow = end - start < 4 * close;
    if (last && narrow && last.category === span.category && start - last.end < close) {
      last.end = Math.max(last.end, end);
      last.spans++;
      last.name = '';
    } else bars.push({ category: span.category, name: span.name, start, end, spans: 1 });
  }
  return bars.map((bar) => ({
    track,
    category: bar.category,
    name: bar.name,
    start_s: bar.start / 1e9,
    end_s: bar.end / 1e9,
    spans: bar.spans,
  }));
}

/** Spans of one track that overlap stand in lanes above each other: the first lane that is free takes the next span. */
function lanesOf(bars: readonly Bar[]): { readonly lane: readonly number[]; readonly count: number } {
  const ends: number[] = [];
  const lane = bars.map((bar) => {
    const free = ends.findIndex((end) => end <= bar.start_s);
    const index = free === -1 ? ends.length : free;
    ends[index] = bar.end_s;
    return index;
  });
  return { lane, count: ends.length };
}

export const chart = defineChart<Options, Bar>({
  kind: 'timeline',
  description: 'What each resource does over time, a row a track, a colour a stream.',
  optionsSchema,
  rows(inputs, options) {
    const input = inputs.find(
      ({ result, timeline }) => timeline && (options.case === undefined || result.case === options.case),
    );
    if (!input?.timeline) return [];
    const { spans, tracks } = input.timeline;
    const from_ns = options.from_s * 1e9;
    const to_ns =
      options.to_s === undefined ? spans.reduce((end, span) => Math.max(end, span.end_ns), 0) : options.to_s * 1e9;
    return tracks.flatMap((track) => {
      const text = track.name.startsWith(track.group) ? track.name : `${track.group} ${track.name}`;
      if (options.tracks && !options.tracks.includes(text) && !options.tracks.includes(track.name)) return [];
      const own = spans.filter((span) => span.track === track.id && span.end_ns > from_ns && span.start_ns < to_ns);
      return merge(text, own, from_ns, to_ns);
    });
  },
  height: (rows, _, theme) =>
    tracksOf(rows).length * PITCH * theme.small_pt +
    axisRoom({ ticks: [], title: 'x' }, 'bottom', theme) +
    legendHeight(legend(rows), theme.width_in * 72, theme) +
    6,
  draw(svg, rows, options, theme, { width, height, id }) {
    const fills = new Fills(svg, id);
    const small = theme.small_pt;
    const tracks = tracksOf(rows);
    const items = legend(rows);
    const styles = seriesStyles(categoriesOf(rows));
    const end = options.to_s ?? Math.max(...rows.map((row) => row.end_s));
    const unit = axisUnit('s', end - options.from_s);
    const labels = Math.min(widest(tracks, small), width * 0.35);
    const box = {
      x0: labels + 6,
      x1: width - 1.3 * small,
      y0: legendHeight(items, width, theme) + 2,
      y1: height - axisRoom({ ticks: [], title: 'x' }, 'bottom', theme),
    };
    const scale = scaleLinear([options.from_s / unit.size, end / unit.size], [box.x0, box.x1]);
    const ticks = linearTicks(scale.ticks(Math.max(3, Math.floor((box.x1 - box.x0) / 36))));
    drawBottomAxis(svg, box, { scale, ticks, title: axisTitle('time', unit) }, theme);
    const pitch = (box.y1 - box.y0) / tracks.length;
    const half = Math.min(0.62 * small, pitch * 0.4);
    tracks.forEach((track, index) => {
      const middle = box.y0 + (index + 0.5) * pitch;
      line(svg, box.x0, middle, box.x1, middle, { stroke: GRID, 'stroke-width': 0.4 });
      label(svg, box.x0 - 4, middle, clip(track, labels, small), { size: small, anchor: 'end' });
      const own = rows.filter((row) => row.track === track);
      const { lane, count } = lanesOf(own);
      own.forEach((row, i) => {
        const [x0, x1] = [scale(row.start_s / unit.size), scale(row.end_s / unit.size)];
        const top = middle - half + (2 * half * lane[i]!) / count;
        const bottom = top + (2 * half) / count;
        const edge = x1 - x0 > 2 ? { stroke: INK, 'stroke-width': 0.3 } : {};
        rect(svg, x0, top, Math.max(x1, x0 + 0.15), bottom, { fill: fills.of(styles.get(row.category)!), ...edge });
        if (!options.names || count > 1 || row.name === '' || measure(row.name, small - 1) > x1 - x0 - 5) return;
        const [mid, room] = [(x0 + x1) / 2, measure(row.name, small - 1) / 2 + 1.5];
        rect(svg, mid - room, top + 1, mid + room, bottom - 1, { fill: PAPER });
        label(svg, mid, middle, row.name, { size: small - 1, anchor: 'middle' });
      });
    });
    line(svg, box.x0, box.y0, box.x0, box.y1, { stroke: INK, 'stroke-width': theme.axis_pt });
    drawLegend(svg, items, legendAt(items, box.x0, width, theme), fills, theme);
  },
  vegaLite: () => ({
    mark: 'bar',
    encoding: {
      y: { field: 'track', type: 'nominal', sort: null, title: null },
      x: { field: 'start_s', type: 'quantitative', title: 'Time (s)' },
      x2: { field: 'end_s' },
      color: { field: 'category', type: 'nominal' },
    },
  }),
});

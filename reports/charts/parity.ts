import { scaleLog } from 'd3-scale';
import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { type ClaimPoint, claimPoints, commonMetric, metricLabel } from '../claimPoints.ts';
import { quantile } from '../claims.ts';
import { axisRoom, drawBottomAxis, drawLeftAxis, logTicks } from '../marks/axis.ts';
import { Fills, marker } from '../marks/fills.ts';
import { logDomain } from '../marks/frame.ts';
import { drawLegend, type LegendItem } from '../marks/legend.ts';
import { type Box, label, line, path, polyline, rect } from '../marks/pen.ts';
import { clip, widest } from '../marks/text.ts';
import { axisUnit } from '../marks/units.ts';
import { describeMetric } from '../metrics.ts';
import { labelOption, metricOption, renameOption, usesOption } from '../options.ts';
import { INK, type SeriesStyle, seriesStyles, type Theme } from '../themes.ts';

const optionsSchema = v.strictObject({
  metric: metricOption(
    'The metric whose claims are shown, as docs/metrics.md names it. Default: the one most claims are about.',
  ),
  bands: v.optional(
    v.pipe(
      v.array(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
      v.maxLength(3),
      v.description('Half widths of the bands about the diagonal, as fractions, narrow first. Default: 0.1 and 0.25.'),
    ),
    [0.1, 0.25],
  ),
  series: v.optional(
    v.pipe(
      v.picklist(['system', 'study', 'case']),
      v.description('What shares a symbol: a system (the folder of the study), a study or a case. Default: system.'),
    ),
    'system',
  ),
  label: labelOption,
  rename: renameOption,
  uses: usesOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type ParityPoint = ClaimPoint & { readonly series: string };

const BANDS = ['#C9C9C9', '#E9E9E9', '#F4F4F4'] as const;

const plain: SeriesStyle = { color: INK, dash: '', marker: 'circle', hatch: 'none' };

const fitted = (row: ParityPoint): boolean => row.use === 'calibrate';

function legendItems(rows: readonly ParityPoint[], options: Options, theme: Theme): LegendItem[] {
  const series = [...new Set(rows.map((row) => row.series))];
  const styles = seriesStyles(series);
  const most = theme.width_in * 72 * 0.3;
  const items: LegendItem[] = series.map((name) => ({
    name: clip(name, most, theme.small_pt),
    style: styles.get(name)!,
    swatch: 'marker',
  }));
  if (rows.some(fitted)) items.push({ name: 'fitted', style: plain, swatch: 'hollow' });
  options.bands.forEach((band, index) => {
    items.push({ name: `±${Math.round(band * 100)} %`, style: { ...plain, color: BANDS[index]! }, swatch: 'fill' });
  });
  return items;
}

/** What the judged rows come to, in lines. */
function verdictLines(rows: readonly ParityPoint[]): string[] {
  const errors = rows.filter((row) => !fitted(row)).flatMap((row) => (row.error === null ? [] : [Math.abs(row.error)]));
  const median = quantile(errors, 0.5);
  if (median === null) return [];
  return [
    'not fitted:',
    `n = ${errors.length}`,
    `median ${(median * 100).toFixed(1)} %`,
    `max ${(Math.max(...errors) * 100).toFixed(1)} %`,
  ];
}

const sideRoom = (rows: readonly ParityPoint[], options: Options, theme: Theme): number =>
  Math.max(
    ...legendItems(rows, options, theme).map(
      (item) => (item.swatch === 'fill' ? 12 : 9) + widest([item.name], theme.small_pt),
    ),
    widest(verdictLines(rows), theme.small_pt),
  ) + 8;

/** Height of the legend above what the rows come to, which stand beside the plot. */
const sideHeight = (rows: readonly ParityPoint[], options: Options, theme: Theme): number =>
  legendItems(rows, options, theme).length * (theme.small_pt + 3) +
  verdictLines(rows).length * (theme.small_pt + 2) +
  theme.small_pt;

/** Side of the square plot: what the legend leaves of the width, at most 3.2 in. */
const sideOf = (width: number, rows: readonly ParityPoint[], options: Options, theme: Theme): number =>
  Math.min(230, width - 34 - sideRoom(rows, options, theme));

export const chart = defineChart<Options, ParityPoint>({
  kind: 'parity',
  description:
    'Simulated against published values on equal logarithmic axes, with bands of relative error about the diagonal, a symbol a system; hollow symbols were fitted on.',
  optionsSchema,
  rows(inputs, options) {
    const points = claimPoints(inputs, options).filter((point) => point.published > 0 && point.simulated > 0);
    const metric = options.metric ?? commonMetric(points);
    return points
      .filter((point) => point.metric === metric)
      .map((point) => {
        const id = { system: point.study.split('/')[0]!, study: point.study, case: point.case }[options.series];
        return { ...point, series: options.rename[id] ?? id };
      });
  },
  height: (rows, options, theme) =>
    Math.max(
      sideOf(theme.width_in * 72, rows, options, theme) + axisRoom({ ticks: [], title: 'x' }, 'bottom', theme) + 5,
      sideHeight(rows, options, theme) + 8,
    ),
  draw(svg, rows, options, theme, { width, height, id }) {
    const fills = new Fills(svg, id);
    const metric = describeMetric(rows[0]!.metric);
    const published = rows.map((row) => row.published);
    // Axes of many decades are labelled in the unit of their middle.
    const unit = axisUnit(metric?.unit, Math.sqrt(Math.min(...published) * Math.max(...published)));
    const values = rows.flatMap((row) => [row.published / unit.size, row.simulated / unit.size]);
    const domain = logDomain(values);
    const ticks = logTicks(domain);
    const name = unit.name === '' ? '' : ` (${unit.name})`;
    const left = axisRoom({ ticks, title: 'y' }, 'left', theme);
    const room = height - axisRoom({ ticks, title: 'x' }, 'bottom', theme) - 5;
    const side = Math.min(room, sideOf(width, rows, options, theme));
    const box: Box = { x0: left, x1: left + side, y0: 4, y1: 4 + side };
    const x = scaleLog(domain, [box.x0, box.x1]);
    const y = scaleLog(domain, [box.y1, box.y0]);
    const inside = fills.clip(box.x0, box.y0, box.x1, box.y1);
    const plot = svg.append('g').attr('clip-path', inside);
    const [low, high] = domain;
    for (const [index, band] of [...options.bands.entries()].reverse()) {
      const corners = [
        [low, low * (1 + band)],
        [high, high * (1 + band)],
        [high, high * (1 - band)],
        [low, low * (1 - band)],
      ] as const;
      path(plot, `${polyline(corners.map(([a, b]) => [x(a), y(b)] as const))}Z`, { fill: BANDS[index]! });
    }
    line(plot, x(low), y(low), x(high), y(high), { stroke: INK, 'stroke-width': 0.6 });
    const metricName = metricLabel(rows[0]!.metric);
    drawBottomAxis(svg, box, { scale: x, ticks, title: `Published ${metricName}${name}` }, theme);
    drawLeftAxis(svg, box, { scale: y, ticks, title: `Simulated ${metricName}${name}` }, theme);
    rect(svg, box.x0, box.y0, box.x1, box.y1, { fill: 'none', stroke: INK, 'stroke-width': theme.axis_pt });
    const styles = seriesStyles([...new Set(rows.map((row) => row.series))]);
    // Hollow ones last: solid neighbours would hide them.
    for (const row of [...rows].sort((a, b) => Number(fitted(a)) - Number(fitted(b)))) {
      marker(
        svg,
        styles.get(row.series)!,
        x(row.published / unit.size),
        y(row.simulated / unit.size),
        theme.marker_pt,
        fitted(row),
        'white',
      );
    }
    const items = legendItems(rows, options, theme);
    items.forEach((item, index) => {
      drawLegend(
        svg,
        [item],
        { x: box.x1 + 6, y: box.y0 + index * (theme.small_pt + 3), width: width - box.x1 },
        fills,
        theme,
      );
    });
    const lines = verdictLines(rows);
    // Lines below the plot's corner keep clear of its last tick.
    const foot = Math.max(box.y1, box.y0 + sideHeight(rows, options, theme));
    const start = box.x1 + (foot > box.y1 ? 6 + theme.small_pt : 6);
    lines.forEach((text, index) => {
      label(svg, start, foot - (lines.length - index - 0.5) * (theme.small_pt + 2), text, {
        size: theme.small_pt,
      });
    });
  },
  vegaLite(rows) {
    const title = describeMetric(rows[0]!.metric)?.label ?? rows[0]!.metric;
    return {
      mark: 'point',
      encoding: {
        x: { field: 'published', type: 'quantitative', scale: { type: 'log' }, title: `Published ${title}` },
        y: { field: 'simulated', type: 'quantitative', scale: { type: 'log' }, title: `Simulated ${title}` },
        shape: { field: 'series', type: 'nominal' },
        color: { field: 'series', type: 'nominal' },
      },
    };
  },
});

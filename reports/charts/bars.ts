import { scaleLinear } from 'd3-scale';
import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { type ClaimPoint, claimPoints, commonMetric, metricLabel } from '../claimPoints.ts';
import { formatError } from '../format.ts';
import { type Axis, axisRoom, drawBottomAxis, linearTicks } from '../marks/axis.ts';
import { Fills } from '../marks/fills.ts';
import { drawLegend, type LegendItem, legendAt, legendHeight } from '../marks/legend.ts';
import { label, line, rect } from '../marks/pen.ts';
import { clip, widest } from '../marks/text.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { describeMetric } from '../metrics.ts';
import { flag, labelOption, metricOption, renameOption, usesOption } from '../options.ts';
import { INK, MUTED, SERIES, type SeriesStyle, type Theme } from '../themes.ts';

const optionsSchema = v.strictObject({
  metric: metricOption(
    'The metric whose claims are shown, as docs/metrics.md names it. Default: the one most claims are about.',
  ),
  relative: flag(
    'Draw simulated ÷ published instead of both values, so that claims of any metric share one axis. Default: false.',
    false,
  ),
  label: labelOption,
  rename: renameOption,
  uses: usesOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

const PUBLISHED: SeriesStyle = { ...SERIES[0]!, color: '#BBBBBB', hatch: 'none' };
const SIMULATED: SeriesStyle = SERIES[0]!;
const FITTED: SeriesStyle = { ...SERIES[0]!, color: '#56B4E9', hatch: 'rising' };

/** Pitch of a group and thickness of a bar, in multiples of the small font. */
const PITCH = 2.5;
const PITCH_RELATIVE = 1.6;
const BAR = 0.9;

const fitted = (row: ClaimPoint): boolean => row.use === 'calibrate';

function legend(rows: readonly ClaimPoint[], options: Options): LegendItem[] {
  const items: LegendItem[] = [];
  if (!options.relative) items.push({ name: 'published', style: PUBLISHED, swatch: 'fill' });
  const name = options.relative ? 'simulated ÷ published' : 'simulated';
  if (rows.some((row) => !fitted(row))) items.push({ name, style: SIMULATED, swatch: 'fill' });
  if (rows.some(fitted)) items.push({ name: `${name} (fitted)`, style: FITTED, swatch: 'fill' });
  return items;
}

function valueAxis(rows: readonly ClaimPoint[], options: Options) {
  const metric = describeMetric(rows[0]?.metric ?? '');
  const largest = Math.max(
    0,
    ...rows.flatMap((row) => (options.relative ? [row.simulated / row.published, 1] : [row.published, row.simulated])),
  );
  const unit = axisUnit(options.relative ? 'ratio' : metric?.unit, largest);
  const title = options.relative ? 'Simulated ÷ published' : axisTitle(metricLabel(rows[0]?.metric ?? ''), unit);
  return { size: options.relative ? 1 : unit.size, largest, title };
}

const groupPitch = (options: Options, theme: Theme): number =>
  (options.relative ? PITCH_RELATIVE : PITCH) * theme.small_pt;

export const chart = defineChart<Options, ClaimPoint>({
  kind: 'bars',
  description:
    'Published beside simulated values as horizontal bars, one group a claim, with the signed error at its end. Claims that a number was fitted on are hatched.',
  optionsSchema,
  rows(inputs, options) {
    const points = claimPoints(inputs, options).filter((point) => point.published > 0 || !options.relative);
    if (options.relative && options.metric === undefined) return points;
    const metric = options.metric ?? commonMetric(points);
    return points.filter((point) => point.metric === metric);
  },
  height(rows, options, theme) {
    const axis = { ticks: [], title: 'x' };
    return (
      rows.length * groupPitch(options, theme) +
      axisRoom(axis, 'bottom', theme) +
      legendHeight(legend(rows, options), theme.width_in * 72, theme) +
      8
    );
  },
  draw(svg, rows, options, theme, { width, height, id }) {
    const fills = new Fills(svg, id);
    const small = theme.small_pt;
    const items = legend(rows, options);
    const value = valueAxis(rows, options);
    const errors = rows.map((row) => formatError(row.error).replace('-', '−').replace('%', ' %'));
    const labelWidth = Math.min(
      widest(
        rows.map((row) => row.label),
        small,
      ),
      width * 0.4,
    );
    const right = widest(errors, small) + 5;
    const box = {
      x0: labelWidth + 6,
      x1: width - right - 2,
      y0: legendHeight(items, width, theme) + 2,
      y1: height - axisRoom({ ticks: [], title: value.title }, 'bottom', theme),
    };
    const scale = scaleLinear([0, (value.largest / value.size) * 1.02 || 1], [box.x0, box.x1]);
    const ticks = linearTicks(scale.ticks(Math.max(3, Math.floor((box.x1 - box.x0) / 32))));
    const axis: Axis = { scale, ticks, title: value.title, grid: true };
    drawBottomAxis(svg, box, axis, theme);
    const pitch = (box.y1 - box.y0) / Math.max(1, rows.length);
    const thickness = Math.min(BAR * small, pitch * 0.42);
    const edge = { stroke: INK, 'stroke-width': 0.4 };
    rows.forEach((row, index) => {
      const middle = box.y0 + (index + 0.5) * pitch;
      const fill = fills.of(fitted(row) ? FITTED : SIMULATED);
      const simulated = options.relative ? row.simulated / row.published : row.simulated / value.size;
      const published = options.relative ? 1 : row.published / value.size;
      if (options.relative) {
        rect(svg, box.x0, middle - thickness / 2, scale(simulated), middle + thickness / 2, { fill, ...edge });
      } else {
        rect(svg, box.x0, middle - thickness, scale(published), middle, { fill: PUBLISHED.color, ...edge });
        rect(svg, box.x0, middle, scale(simulated), middle + thickness, { fill, ...edge });
      }
      label(svg, box.x0 - 4, middle, clip(row.label, labelWidth, small), { size: small, anchor: 'end' });
      const end = scale(Math.max(simulated, published));
      label(svg, end + 3, middle, errors[index]!, { size: small, fill: MUTED, halo: true });
    });
    if (options.relative)
      line(svg, scale(1), box.y0, scale(1), box.y1, { stroke: INK, 'stroke-width': 0.6, 'stroke-dasharray': '2 1.5' });
    line(svg, box.x0, box.y0, box.x0, box.y1, { stroke: INK, 'stroke-width': theme.axis_pt });
    drawLegend(svg, items, legendAt(items, box.x0, width, theme), fills, theme);
  },
  vegaLite(rows, options) {
    const value = valueAxis(rows, options);
    if (options.relative) {
      return {
        transform: [{ calculate: 'datum.simulated / datum.published', as: 'ratio' }],
        mark: 'bar',
        encoding: {
          y: { field: 'label', type: 'nominal', sort: null, title: null },
          x: { field: 'ratio', type: 'quantitative', title: value.title },
          color: { field: 'use', type: 'nominal' },
        },
      };
    }
    return {
      transform: [
        { fold: ['published', 'simulated'], as: ['series', 'value'] },
        { calculate: `datum.value / ${value.size}`, as: 'scaled' },
      ],
      mark: 'bar',
      encoding: {
        y: { field: 'label', type: 'nominal', sort: null, title: null },
        yOffset: { field: 'series' },
        x: { field: 'scaled', type: 'quantitative', title: value.title },
        color: { field: 'series', type: 'nominal', scale: { range: [PUBLISHED.color, SIMULATED.color] } },
        opacity: { field: 'use', type: 'nominal' },
      },
    };
  },
});

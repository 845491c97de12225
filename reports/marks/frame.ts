import { scaleLinear, scaleLog } from 'd3-scale';
import { INK, type Theme } from '../themes.ts';
import {
  type Axis,
  axisRoom,
  drawBottomAxis,
  drawLeftAxis,
  linearTicks,
  logTicks,
  type Tick,
  tickWidth,
} from './axis.ts';
import { Fills } from './fills.ts';
import { drawLegend, type LegendItem, legendAt, legendHeight } from './legend.ts';
import { type Box, line, type Pen } from './pen.ts';
import { widest } from './text.ts';

/** What an axis shows, in the numbers its labels say. */
export interface Range {
  readonly domain: readonly [number, number];
  readonly title: string;
  readonly log?: boolean;
  /** Labels of a categorical axis: category i stands at i. */
  readonly categories?: readonly string[];
  /** Round the ends of a linear axis outwards to ticks; false by default. */
  readonly nice?: boolean;
}

/** A plot with its axes and legend drawn, ready for marks. */
export interface Frame {
  readonly box: Box;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
  readonly fills: Fills;
  /** Marks drawn here are cut at the plot's edges. */
  readonly plot: Pen;
}

export interface FrameOptions {
  readonly width: number;
  readonly height: number;
  readonly id: string;
  readonly x: Range;
  readonly y: Range;
  readonly legend?: readonly LegendItem[];
  /** Room kept free right of the plot; by default enough for half a tick’s label. */
  readonly right?: number;
  readonly gridX?: boolean;
  readonly gridY?: boolean;
  readonly closed?: boolean;
}

/** Room between ticks' labels, in points. */
const X_TICK_PT = 34;
const Y_TICK_PT = 22;

interface Built {
  readonly domain: readonly [number, number];
  readonly ticks: readonly Tick[];
  scale(from: number, to: number): (value: number) => number;
}

function build(range: Range, length: number, tick_pt: number): Built {
  const [low, high] = range.domain;
  if (range.categories) {
    const domain = [-0.5, range.categories.length - 0.5] as const;
    const ticks = range.categories.map((text, value) => ({ value, text }));
    return { domain, ticks, scale: (from, to) => scaleLinear(domain, [from, to]) };
  }
  if (range.log) {
    return {
      domain: [low, high],
      ticks: logTicks([low, high]),
      scale: (from, to) => scaleLog([low, high], [from, to]),
    };
  }
  const count = Math.max(2, Math.round(length / tick_pt));
  const base = scaleLinear([low, high === low ? low + 1 : high], [0, 1]);
  if (range.nice) base.nice(count);
  const domain = base.domain() as [number, number];
  return { domain, ticks: linearTicks(base.ticks(count)), scale: (from, to) => scaleLinear(domain, [from, to]) };
}

/** How far the label of the last tick reaches beyond the end of an axis of this length. */
function overhang({ ticks, scale }: Built, length: number, size: number): number {
  const last = ticks.findLast(({ text }) => text !== '');
  if (last === undefined) return 0;
  return scale(0, length)(last.value) + tickWidth(last, size) / 2 - length + 1;
}

/** The frame of a chart with two axes: legend above, axes left and below, the plot in what remains. */
export function drawFrame(svg: Pen, options: FrameOptions, theme: Theme): Frame {
  const { width, height, id, legend = [] } = options;
  const least = options.right ?? 1.2 * theme.small_pt;
  const fills = new Fills(svg, id);
  const top = legendHeight(legend, width, theme) + (legend.length > 0 ? 2 : theme.small_pt / 2 + 1);
  const yRoom = height - top - 24;
  const y = build(options.y, yRoom, Y_TICK_PT);
  const left = axisRoom({ ticks: y.ticks, title: options.y.title }, 'left', theme);
  const x = build(options.x, width - left - least, X_TICK_PT);
  const right = options.x.categories ? least : Math.max(least, overhang(x, width - left - least, theme.small_pt));
  const names = options.x.categories ?? [];
  const slanted = widest(names, theme.small_pt) > (width - left - right) / names.length - 4;
  const bottom = axisRoom({ ticks: x.ticks, title: options.x.title, slanted }, 'bottom', theme);
  const box: Box = { x0: left, x1: width - right, y0: top, y1: height - bottom };
  const xScale = x.scale(box.x0, box.x1);
  const yScale = y.scale(box.y1, box.y0);
  const xAxis: Axis = {
    slanted,
    scale: xScale,
    ticks: x.ticks,
    title: options.x.title,
    grid: options.gridX ?? false,
  };
  const yAxis: Axis = { scale: yScale, ticks: y.ticks, title: options.y.title, grid: options.gridY ?? false };
  drawBottomAxis(svg, box, xAxis, theme);
  drawLeftAxis(svg, box, yAxis, theme);
  if (options.closed) {
    const edge = { stroke: INK, 'stroke-width': theme.axis_pt };
    line(svg, box.x0, box.y0, box.x1, box.y0, edge);
    line(svg, box.x1, box.y0, box.x1, box.y1, edge);
  }
  drawLegend(svg, legend, legendAt(legend, left, width, theme), fills, theme);
  const clip = fills.clip(box.x0, box.y0, box.x1, box.y1);
  const plot = svg.append('g').attr('class', 'marks').attr('clip-path', clip);
  return { box, x: xScale, y: yScale, xDomain: x.domain, yDomain: y.domain, fills, plot };
}

/** A logarithmic domain around positive values, its ends at 1, 2 or 5 times a power of ten. */
export function logDomain(values: readonly number[]): [number, number] {
  const positive = values.filter((value) => value > 0);
  const low = Math.min(...positive);
  const high = Math.max(...positive);
  return [roundDown(low / 1.05), roundUp(high * 1.05)];
}

const STEPS = [1, 2, 5, 10] as const;

function roundDown(value: number): number {
  const power = Math.floor(Math.log10(value));
  const digit = value / 10 ** power;
  return Number(`${[...STEPS].reverse().find((step) => step <= digit * (1 + 1e-9)) ?? 1}e${power}`);
}

function roundUp(value: number): number {
  const power = Math.floor(Math.log10(value));
  const digit = value / 10 ** power;
  return Number(`${STEPS.find((step) => step >= digit * (1 - 1e-9)) ?? 10}e${power}`);
}

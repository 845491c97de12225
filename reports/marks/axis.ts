import { GRID, INK, type Theme } from '../themes.ts';
import { type Box, label, line, type Pen } from './pen.ts';
import { measure } from './text.ts';

/** A tick: where it stands (in the scale's domain) and what it says; `''` for a minor one. */
export interface Tick {
  readonly value: number;
  readonly text: string;
  /** Superscript after the text. */
  readonly exponent?: string;
}

/** An axis, its scale already mapping the domain to points. */
export interface Axis {
  readonly scale: (value: number) => number;
  readonly ticks: readonly Tick[];
  readonly title: string;
  readonly grid?: boolean;
  /** Labels slant, for names too long to stand side by side; below the plot only. */
  readonly slanted?: boolean;
}

const TICK_PT = 2.5;
const GAP_PT = 2;

/** Angle of slanted labels, in radians. */
const SLANT = Math.PI / 5;

/** A number on an axis: no exponent, a true minus. */
export function tickText(value: number): string {
  return String(Number(value.toPrecision(6))).replace('-', '−');
}

/** Labelled ticks at round values of a linear scale, all with the same number of decimals (but for 0). */
export function linearTicks(values: readonly number[]): Tick[] {
  const decimals = Math.max(0, ...values.map((value) => (tickText(value).split('.')[1] ?? '').length));
  return values.map((value) => ({ value, text: value === 0 ? '0' : value.toFixed(decimals).replace('-', '−') }));
}

/**
 * Ticks of a logarithmic axis: every decade labelled (as a power of ten beyond 0.001 and 1000), 2 and 5 too when the
 * axis spans less than 1.7 decades, the other multiples bare.
 */
export function logTicks([low, high]: readonly [number, number]): Tick[] {
  const ticks: Tick[] = [];
  const decades = Math.log10(high / low);
  const labelled = decades < 0.8 ? [1, 2, 3, 5, 7] : decades < 1.7 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / 7));
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (let digit = 1; digit < 10; digit++) {
      const value = Number(`${digit}e${power}`);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      if (!labelled.includes(digit) || (digit === 1 && power % every !== 0)) ticks.push({ value, text: '' });
      else if (power > 3 || power < -3) {
        const text = digit === 1 ? '10' : `${digit}×10`;
        ticks.push({ value, text, exponent: String(power).replace('-', '−') });
      } else ticks.push({ value, text: tickText(value) });
    }
  }
  return ticks;
}

/** Width of a tick's label. */
export const tickWidth = (tick: Tick, size: number): number =>
  measure(tick.text, size) + measure(tick.exponent ?? '', 0.72 * size);

/** Room that the axis needs outside the plot: left of it for a vertical axis, below it for a horizontal one. */
export function axisRoom(
  axis: Pick<Axis, 'ticks' | 'title' | 'slanted'>,
  side: 'left' | 'bottom',
  theme: Theme,
): number {
  const title = axis.title === '' ? 0 : theme.font_pt + GAP_PT;
  const widest = Math.max(0, ...axis.ticks.map((tick) => tickWidth(tick, theme.small_pt)));
  const below = axis.slanted ? widest * Math.sin(SLANT) + theme.small_pt * 0.8 : theme.small_pt;
  const texts = side === 'left' ? widest : below;
  return TICK_PT + GAP_PT + texts + title + 1;
}

/** The axis below the plot, its grid lines behind. */
export function drawBottomAxis(pen: Pen, box: Box, axis: Axis, theme: Theme): void {
  const group = pen.append('g').attr('class', 'x-axis');
  let free = Number.NEGATIVE_INFINITY;
  for (const tick of axis.ticks) {
    const x = axis.scale(tick.value);
    if (axis.grid && tick.text !== '' && x > box.x0 + 0.5)
      line(group, x, box.y0, x, box.y1, { stroke: GRID, 'stroke-width': 0.4 });
    const length = tick.text === '' ? TICK_PT * 0.6 : TICK_PT;
    line(group, x, box.y1, x, box.y1 + length, { stroke: INK, 'stroke-width': theme.axis_pt });
    const half = tickWidth(tick, theme.small_pt) / 2;
    if (axis.slanted) {
      const at = box.y1 + TICK_PT + GAP_PT + theme.small_pt * 0.3;
      label(group, x + 2, at, tick.text, { size: theme.small_pt, anchor: 'end', rotate: (-SLANT * 180) / Math.PI });
      continue;
    }
    if (tick.text === '' || x - half < free) continue;
    free = x + half + 3;
    label(group, x, box.y1 + TICK_PT + GAP_PT + theme.small_pt / 2, tick.text, {
      size: theme.small_pt,
      anchor: 'middle',
      ...(tick.exponent === undefined ? {} : { exponent: tick.exponent }),
    });
  }
  line(group, box.x0, box.y1, box.x1, box.y1, { stroke: INK, 'stroke-width': theme.axis_pt });
  if (axis.title === '') return;
  const y = box.y1 + axisRoom(axis, 'bottom', theme) - 1 - theme.font_pt / 2;
  label(group, (box.x0 + box.x1) / 2, y, axis.title, { size: theme.font_pt, anchor: 'middle' });
}

/** The axis left of the plot, its grid lines behind. */
export function drawLeftAxis(pen: Pen, box: Box, axis: Axis, theme: Theme): void {
  const group = pen.append('g').attr('class', 'y-axis');
  for (const tick of axis.ticks) {
    const y = axis.scale(tick.value);
    if (axis.grid && tick.text !== '' && y < box.y1 - 0.5)
      line(group, box.x0, y, box.x1, y, { stroke: GRID, 'stroke-width': 0.4 });
    const length = tick.text === '' ? TICK_PT * 0.6 : TICK_PT;
    line(group, box.x0 - length, y, box.x0, y, { stroke: INK, 'stroke-width': theme.axis_pt });
    if (tick.text === '') continue;
    label(group, box.x0 - TICK_PT - GAP_PT, y, tick.text, {
      size: theme.small_pt,
      anchor: 'end',
      ...(tick.exponent === undefined ? {} : { exponent: tick.exponent }),
    });
  }
  line(group, box.x0, box.y0, box.x0, box.y1, { stroke: INK, 'stroke-width': theme.axis_pt });
  if (axis.title === '') return;
  const x = box.x0 - axisRoom(axis, 'left', theme) + theme.font_pt / 2 + 1;
  label(group, x, (box.y0 + box.y1) / 2, axis.title, { size: theme.font_pt, anchor: 'middle', rotate: -90 });
}

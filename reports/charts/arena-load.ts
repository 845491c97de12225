import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { formatQuantity } from '../format.ts';
import { drawFrame } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { label, line, path, polyline } from '../marks/pen.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { plannedCaseOption } from '../options.ts';
import { INK, SERIES, type SeriesStyle } from '../themes.ts';

const optionsSchema = v.strictObject({
  case: plannedCaseOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

type Filled = {
  readonly step: number;
  /** From address 0 to the highest in use. */
  readonly occupied_bytes: number;
  /** Bytes that buffers hold at the step; those that share their addresses count once. */
  readonly load_bytes: number;
  /** Most load of any step: no plan with the same sharing takes less. */
  readonly bound_bytes: number;
  /** What the plan takes, beside the scratch of kernels. */
  readonly plan_bytes: number;
  readonly capacity_bytes: number;
};

/** A capacity of more than so many times the plan is said, not drawn. */
const FAR = 1.6;

const STYLES: Readonly<Record<'load' | 'occupied' | 'bound' | 'capacity', SeriesStyle>> = {
  load: SERIES[0]!,
  occupied: { ...SERIES[1]!, dash: '' },
  bound: { ...SERIES[0]!, color: INK, dash: '4 2' },
  capacity: { ...SERIES[0]!, color: INK, dash: '' },
};

export const chart = defineChart<Options, Filled>({
  kind: 'arena-load',
  description:
    'How a static plan fills its memory: bytes in use and up to the highest address in use, step by step, with the bound that no plan goes below and the capacity. Buffers that share their addresses count once; the scratch of kernels is taken off the capacity.',
  optionsSchema,
  rows(inputs, options) {
    const found = inputs.find(
      ({ result, layout }) =>
        layout?.buffers.some(({ offset_bytes }) => offset_bytes !== null) &&
        (options.case === undefined || result.case === options.case),
    );
    if (!found?.layout) return [];
    const { buffers, capacity_bytes, scratch_bytes } = found.layout;
    const placed = buffers
      .flatMap(({ offset_bytes: at, ...buffer }) => (at === null ? [] : [{ ...buffer, at }]))
      .sort((a, b) => a.at - b.at);
    const steps = Math.max(...placed.map(({ last }) => last)) + 1;
    const filled = Array.from({ length: steps }, (_, step) => {
      let [load, top] = [0, 0];
      for (const { at, bytes, first, last } of placed) {
        if (step < first || step > last || at + bytes <= top) continue;
        load += at + bytes - Math.max(at, top);
        top = at + bytes;
      }
      return { load, top };
    });
    const bound_bytes = filled.reduce((most, { load }) => Math.max(most, load), 0);
    const plan_bytes = filled.reduce((most, { top }) => Math.max(most, top), 0);
    return filled.map(({ load, top }, step) => ({
      step,
      occupied_bytes: top,
      load_bytes: load,
      bound_bytes,
      plan_bytes,
      capacity_bytes: capacity_bytes - scratch_bytes,
    }));
  },
  draw(svg, rows, _options, theme, canvas) {
    const { bound_bytes, plan_bytes, capacity_bytes } = rows[0]!;
    const near = capacity_bytes <= FAR * plan_bytes;
    const top = near ? Math.max(capacity_bytes, plan_bytes) : plan_bytes;
    const unit = axisUnit('bytes', top);
    const legend: LegendItem[] = [
      { name: 'in use', style: STYLES.load, swatch: 'fill' },
      { name: 'highest address', style: STYLES.occupied, swatch: 'line' },
      { name: 'bound', style: STYLES.bound, swatch: 'line' },
      ...(near ? [{ name: 'capacity', style: STYLES.capacity, swatch: 'line' as const }] : []),
    ];
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: { domain: [0, rows.length], title: 'step' },
        y: { domain: [0, (top * 1.16) / unit.size], title: axisTitle('memory', unit) },
        legend,
      },
      theme,
    );
    const curve = (key: 'load_bytes' | 'occupied_bytes') =>
      [...rows, { ...rows.at(-1)!, step: rows.length }].map(
        (row) => [frame.x(row.step), frame.y(row[key] / unit.size)] as const,
      );
    const floor = frame.y(0);
    path(frame.plot, `${polyline(curve('load_bytes'), true)}V${floor}H${frame.x(0)}Z`, {
      fill: frame.fills.of(STYLES.load),
      stroke: INK,
      'stroke-width': 0.3,
    });
    path(frame.plot, polyline(curve('occupied_bytes'), true), {
      fill: 'none',
      stroke: STYLES.occupied.color,
      'stroke-width': 1.4,
    });
    const across = (bytes: number, style: SeriesStyle): number => {
      const y = frame.y(bytes / unit.size);
      const dash = style.dash === '' ? {} : { 'stroke-dasharray': style.dash };
      line(svg, frame.box.x0, y, frame.box.x1, y, { stroke: style.color, 'stroke-width': 0.8, ...dash });
      return y;
    };
    across(bound_bytes, STYLES.bound);
    if (near) across(capacity_bytes, STYLES.capacity);
    const over = bound_bytes > 0 ? plan_bytes / bound_bytes - 1 : 0;
    const says = over > 0 ? `${(over * 100).toFixed(1)} % above the bound` : 'at the bound';
    const text = `${formatQuantity(plan_bytes, 'bytes')}, ${says}${near ? '' : `, of ${formatQuantity(capacity_bytes, 'bytes')}`}`;
    const y = frame.y(Math.max(plan_bytes, bound_bytes) / unit.size) - theme.small_pt * 0.75;
    label(svg, frame.box.x1 - 2, y, text, { size: theme.small_pt, anchor: 'end', halo: true });
  },
  vegaLite: () => ({
    layer: [
      {
        mark: { type: 'area', interpolate: 'step-after' },
        encoding: {
          x: { field: 'step', type: 'quantitative' },
          y: { field: 'load_bytes', type: 'quantitative', title: 'Memory (bytes)' },
        },
      },
      ...['occupied_bytes', 'bound_bytes', 'capacity_bytes'].map((field) => ({
        mark: { type: 'line', interpolate: 'step-after' },
        encoding: { x: { field: 'step', type: 'quantitative' }, y: { field, type: 'quantitative' } },
      })),
    ],
  }),
});

import { scaleLinear } from 'd3-scale';
import * as v from 'valibot';
import { defineChart } from '../chart.ts';
import { axisRoom, drawBottomAxis, linearTicks } from '../marks/axis.ts';
import { label, rect } from '../marks/pen.ts';
import { clip, measure, widest } from '../marks/text.ts';
import { flag, renameOption } from '../options.ts';
import { INK } from '../themes.ts';

const optionsSchema = v.strictObject({
  log: flag('Shade by the logarithm of the tokens. Default: false.', false),
  rename: renameOption,
});
type Options = v.InferOutput<typeof optionsSchema>;

/** What one layer's cache holds. */
type Cell = {
  readonly label: string;
  readonly study: string;
  readonly case: string;
  readonly layer: number;
  readonly tokens: number;
};

const PITCH = 1.9;
/** Steps of the key beside the title of the axis. */
const KEY_STEPS = 24;
const KEY_PT = 60;

const labelsOf = (rows: readonly Cell[]): string[] => [...new Set(rows.map((row) => row.label))];

/** From paper to dark blue, its lightness falling evenly so that it reads in grey too. */
function shade(share: number): string {
  const mix = (light: number, dark: number): number => Math.round(light + (dark - light) * share);
  return `rgb(${mix(247, 8)},${mix(251, 48)},${mix(255, 107)})`;
}

export const chart = defineChart<Options, Cell>({
  kind: 'layer-budgets',
  description: 'Tokens that the cache of each layer holds in the last step, a row a policy; the darker the more.',
  optionsSchema,
  rows(inputs, options) {
    return inputs.flatMap(({ result: { study, case: id }, kv_layers = [] }) =>
      kv_layers.map((tokens, layer) => ({ label: options.rename[id] ?? id, study, case: id, layer, tokens })),
    );
  },
  height: (rows, _, theme) =>
    labelsOf(rows).length * PITCH * theme.small_pt +
    axisRoom({ ticks: [], title: 'x' }, 'bottom', theme) +
    keyHeight(theme),
  draw(svg, rows, options, theme, { width, height }) {
    const labels = labelsOf(rows);
    const small = theme.small_pt;
    const layers = Math.max(...rows.map((row) => row.layer)) + 1;
    const most = Math.max(...rows.map((row) => row.tokens));
    const least = options.log ? Math.max(1, Math.min(...rows.map((row) => row.tokens))) : 0;
    const placeOf = (tokens: number): number => {
      if (most <= least) return 1;
      return options.log ? Math.log(Math.max(least, tokens) / least) / Math.log(most / least) : tokens / most;
    };
    const left = Math.min(widest(labels, small), width * 0.4);
    const box = {
      x0: left + 6,
      x1: width - 4,
      y0: keyHeight(theme),
      y1: height - axisRoom({ ticks: [], title: 'x' }, 'bottom', theme),
    };
    const scale = scaleLinear([-0.5, layers - 0.5], [box.x0, box.x1]);
    drawKey(svg, box, [least, most], options.log, small);
    const pitch = (box.y1 - box.y0) / labels.length;
    labels.forEach((name, index) => {
      const y = box.y0 + index * pitch;
      label(svg, box.x0 - 4, y + pitch / 2 + small / 6, clip(name, left, small), {
        size: small,
        anchor: 'end',
        fill: INK,
      });
      for (const row of rows) {
        if (row.label !== name) continue;
        const fill = shade(placeOf(row.tokens));
        rect(svg, scale(row.layer - 0.5), y + 1, Math.min(box.x1, scale(row.layer + 0.5) + 0.2), y + pitch - 1, {
          fill,
        });
      }
      rect(svg, box.x0, y + 1, box.x1, y + pitch - 1, { fill: 'none', stroke: INK, 'stroke-width': theme.axis_pt });
    });
    const ticks = linearTicks(
      scale.ticks(Math.max(3, Math.floor((box.x1 - box.x0) / 30))).filter((t) => t >= 0 && t < layers),
    );
    drawBottomAxis(svg, box, { scale, ticks, title: 'Layer' }, theme);
  },
  vegaLite: () => ({
    mark: 'rect',
    encoding: {
      x: { field: 'layer', type: 'ordinal', title: 'Layer' },
      y: { field: 'label', type: 'nominal', sort: null, title: null },
      color: { field: 'tokens', type: 'quantitative', title: 'tokens held', scale: { scheme: 'blues' } },
    },
  }),
});

const keyHeight = ({ small_pt }: { readonly small_pt: number }): number => 2 * small_pt;

/** What the shades mean: a ramp from the least to the most. */
function drawKey(
  svg: Parameters<typeof rect>[0],
  box: { readonly x0: number },
  [least, most]: readonly [number, number],
  log: boolean,
  size: number,
): void {
  const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });
  let x = box.x0;
  const text = (words: string): void => {
    label(svg, x, 0.9 * size, words, { size, fill: INK });
    x += measure(words, size) + 4;
  };
  text(log ? 'tokens held (logarithmic)' : 'tokens held');
  text(number(least));
  const step = KEY_PT / KEY_STEPS;
  for (let i = 0; i < KEY_STEPS; i++) {
    rect(svg, x + i * step, 0.2 * size, x + (i + 1) * step + 0.2, 1.1 * size, { fill: shade(i / (KEY_STEPS - 1)) });
  }
  rect(svg, x, 0.2 * size, x + KEY_PT, 1.1 * size, { fill: 'none', stroke: INK, 'stroke-width': 0.4 });
  x += KEY_PT + 4;
  text(number(most));
}

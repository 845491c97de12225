import type * as v from 'valibot';
import { dataSource, InputError, validate } from '../input/index.ts';
import type { ChartDefinition, ChartInput, Row, VegaLite } from './chart.ts';
import { label, type Pen } from './marks/pen.ts';
import { wrapText } from './marks/text.ts';
import { type Theme, themeOf } from './themes.ts';

/** A figure as a study file asks for it: its chart, its name, and the chart's own options beside them. */
export interface FigureSpec {
  readonly kind: string;
  /** Name of its files. Default: the kind. */
  readonly name?: string;
  /** A theme of themes.ts. Default: `ieee`. */
  readonly theme?: string;
  /** Shown above the chart where the theme has titles, and always as the title of the SVG. Default: the name, not shown. */
  readonly title?: string;
  /** Height in inches. Default: what the chart needs, else the theme's. */
  readonly height_in?: number;
  readonly [option: string]: unknown;
}

/** A figure ready to be drawn; all its numbers are in `rows`. */
export interface Figure {
  readonly name: string;
  readonly kind: string;
  readonly title: string;
  readonly description: string;
  readonly theme: Theme;
  /** Points. */
  readonly width: number;
  readonly height: number;
  readonly rows: readonly Row[];
  readonly vegaLite: VegaLite;
  draw(svg: Pen): void;
}

/** Any chart, its options and rows unknown to the caller. */
export type AnyChart = ChartDefinition<never, never>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;
const TALLEST_IN = 40;

/**
 * The figure of a chart on these results.
 * @throws InputError for a bad option, an unknown theme, a name that is no file name, or results that have none of the
 * numbers the chart shows.
 */
export function prepareFigure(chart: AnyChart, spec: FigureSpec, inputs: readonly ChartInput[]): Figure {
  const { kind, name = kind, theme: themeId = 'ieee', title, height_in, ...rest } = spec;
  if (!NAME.test(name))
    throw bad(
      name,
      `the figure name ${JSON.stringify(name)} is no file name`,
      'letters, digits, dots, dashes and underscores',
    );
  if (height_in !== undefined && !(height_in > 0 && height_in <= TALLEST_IN)) {
    throw bad(name, `height_in of figure ${name} is ${height_in}`, `inches between 0 and ${TALLEST_IN}`);
  }
  const theme = themeOf(themeId);
  const options = validate(
    chart.optionsSchema as v.GenericSchema<unknown, never>,
    dataSource(rest, `figure ${name}`),
  ) as never;
  const rows: readonly never[] = chart.rows(inputs, options);
  if (rows.length === 0) throw bad(name, `the results have no numbers for the chart ${chart.kind}`);
  const size = theme.font_pt * 1.1;
  const lines = theme.title && title !== undefined ? wrapText(title, theme.width_in * 72, size) : [];
  const band = lines.length === 0 ? 0 : lines.length * size * 1.25 + theme.font_pt * 0.6;
  const body =
    height_in === undefined ? (chart.height?.(rows, options, theme) ?? theme.height_in * 72) : height_in * 72 - band;
  const width = theme.width_in * 72;
  const canvas = { width, height: body, id: name.replaceAll(/[^A-Za-z0-9_-]/g, '-') };
  return {
    name,
    kind: chart.kind,
    title: title ?? name,
    description: chart.description,
    theme,
    width,
    height: body + band,
    rows,
    vegaLite: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      title: title ?? name,
      description: chart.description,
      ...chart.vegaLite(rows, options),
      data: { values: rows },
    },
    draw(svg) {
      for (const [index, text] of lines.entries()) label(svg, 0, (index + 0.6) * size * 1.25, text, { size });
      const inner = band > 0 ? svg.append('g').attr('transform', `translate(0,${band})`) : svg;
      chart.draw(inner, rows, options, theme, canvas);
    },
  };
}

const bad = (name: string, problem: string, expected?: string): InputError =>
  new InputError({ code: 'bad_value', problem, expected, place: { file: `figure ${name}` } });

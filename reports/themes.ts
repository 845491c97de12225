import { unknownName } from '../input/errors.ts';

/**
 * How figures look on a given medium. Everything is in its final size: a figure is never scaled after it is drawn, so
 * an 8 pt label is 8 pt on the page.
 * @module
 */

export interface Theme {
  readonly id: string;
  readonly description: string;
  readonly width_in: number;
  /** Height of a chart that needs no other. */
  readonly height_in: number;
  /** Axis titles and legends. */
  readonly font_pt: number;
  /** Tick labels and annotations. */
  readonly small_pt: number;
  readonly axis_pt: number;
  readonly line_pt: number;
  /** Side of a marker. */
  readonly marker_pt: number;
  /** Pixels per inch of the PNG. */
  readonly png_dpi: number;
  /** Papers say it in the caption; a page shows it above the chart. */
  readonly title: boolean;
}

/** Column 3.3 in, as SciencePlots' `ieee` style has it. */
const COLUMN = {
  height_in: 2.1,
  font_pt: 8,
  small_pt: 7,
  axis_pt: 0.5,
  line_pt: 1,
  marker_pt: 4.5,
  png_dpi: 600,
  title: false,
} as const;
const WIDE = { ...COLUMN, width_in: 7, height_in: 2.4, png_dpi: 300 } as const;

export const THEMES: readonly Theme[] = [
  { id: 'ieee', description: 'One column of an IEEE paper, 3.3 in.', width_in: 3.3, ...COLUMN },
  { id: 'acm', description: 'One column of an ACM paper, 3.33 in.', width_in: 3.33, ...COLUMN },
  { id: 'ieee-wide', description: 'Both columns of an IEEE paper, 7 in.', ...WIDE },
  { id: 'acm-wide', description: 'Both columns of an ACM paper, 7 in.', ...WIDE },
  {
    id: 'web',
    description: 'A web page, 7.5 in (720 px), with the title above.',
    width_in: 7.5,
    height_in: 4,
    font_pt: 10,
    small_pt: 9,
    axis_pt: 0.75,
    line_pt: 1.5,
    marker_pt: 6,
    png_dpi: 192,
    title: true,
  },
];

/** @throws InputError for a name that is no theme. */
export function themeOf(id: string): Theme {
  const theme = THEMES.find((candidate) => candidate.id === id);
  if (!theme) {
    throw unknownName(
      'theme',
      id,
      THEMES.map((candidate) => candidate.id),
    );
  }
  return theme;
}

/** Text in every theme; the bundled font has the widths of Arial and Helvetica, which a reader's machine may put in its place. */
export const FONT_FAMILY = 'Liberation Sans, Arial, Helvetica, sans-serif';

export const INK = '#000000';
export const MUTED = '#555555';
export const GRID = '#dddddd';
export const PAPER = '#ffffff';

/** The look of a series; each part alone tells it from the others, so that it survives a greyscale print. */
export interface SeriesStyle {
  readonly color: string;
  readonly dash: string;
  readonly marker: MarkerName;
  readonly hatch: HatchName;
}

export type MarkerName = 'circle' | 'square' | 'triangle' | 'diamond' | 'down' | 'cross' | 'plus' | 'bar';
export type HatchName = 'none' | 'rising' | 'falling' | 'crossed' | 'dots' | 'horizontal' | 'vertical' | 'grid';

const style = (color: string, dash: string, marker: MarkerName, hatch: HatchName): SeriesStyle => ({
  color,
  dash,
  marker,
  hatch,
});

/** Okabe and Ito, "Color Universal Design" (2008), ordered so that neighbours differ in lightness; grey in place of yellow, too pale on paper. */
export const SERIES: readonly SeriesStyle[] = [
  style('#0072B2', '', 'circle', 'none'),
  style('#E69F00', '4 1.5', 'square', 'rising'),
  style('#009E73', '1.2 1.5', 'triangle', 'crossed'),
  style('#D55E00', '5 1.5 1.2 1.5', 'diamond', 'falling'),
  style('#56B4E9', '7 2', 'down', 'dots'),
  style('#CC79A7', '2.5 1.2', 'cross', 'vertical'),
  style('#777777', '5 1.5 1.2 1.5 1.2 1.5', 'plus', 'horizontal'),
  style('#000000', '1 3', 'bar', 'grid'),
];

/** Streams and tensor kinds look the same in every figure. */
const FIXED: Readonly<Record<string, number>> = {
  compute: 0,
  weight_read: 1,
  kv_read: 2,
  kv_write: 3,
  activation_read: 4,
  activation_write: 5,
  bookkeeping: 6,
  weight: 1,
  kv: 2,
  activation: 4,
  gradient: 3,
  optimizer: 5,
  index: 0,
  table: 7,
  workspace: 6,
};

/**
 * A style for each name: the fixed one of a stream or kind, else the first that no other name has taken. Where there are
 * more names than styles, colours come again with the dash, marker and hatch of another.
 */
export function seriesStyles(names: readonly string[]): ReadonlyMap<string, SeriesStyle> {
  const taken = new Set(names.flatMap((name) => (FIXED[name] === undefined ? [] : [FIXED[name]])));
  const free = SERIES.map((_, index) => index).filter((index) => !taken.has(index));
  const order = free.length > 0 ? free : SERIES.map((_, index) => index);
  let next = 0;
  const pick = (): SeriesStyle => {
    const [round, at] = [Math.floor(next / order.length), order[next % order.length]!];
    next += 1;
    const own = SERIES[at]!;
    return round === 0 ? own : { ...SERIES[(at + SHIFT * round) % SERIES.length]!, color: own.color };
  };
  return new Map(names.map((name) => [name, FIXED[name] === undefined ? pick() : SERIES[FIXED[name]]!]));
}

/** Odd, so that eight rounds pair each colour with every marker. */
const SHIFT = 3;

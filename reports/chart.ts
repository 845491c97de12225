import type { GenericSchema } from 'valibot';
import type { Machine, MemoryLayout, StudyResult, Timeline } from '../sim/types/index.ts';
import type { Pen } from './marks/pen.ts';
import type { Theme } from './themes.ts';

/** One kernel's work and time, for charts that show kernels one by one. */
export interface OpPoint {
  readonly name: string;
  readonly phase: string;
  readonly flops: number;
  /** Bytes of the unit's memory it streams. */
  readonly bytes: number;
  readonly seconds: number;
}

/** What a chart may read: a result, and the parts of its run that are not in the result itself. */
export interface ChartInput {
  readonly result: StudyResult;
  readonly timeline?: Timeline;
  /** How the plan of the run laid tensors out. */
  readonly layout?: MemoryLayout;
  /** Tokens that each layer's cache holds in the end, under a KV policy. */
  readonly kv_layers?: readonly number[];
  readonly machine?: Machine;
  readonly ops?: readonly OpPoint[];
}

/** A tidy row: the figure's CSV and the data of its Vega-Lite spec. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** Where a chart draws: the whole figure, in points, and a prefix for the ids it defines. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly id: string;
}

export type VegaLite = Readonly<Record<string, unknown>>;

/**
 * A kind of chart: one file in `charts/` that exports it as `chart`. Its functions are pure and know no `node:` module,
 * so they run in a browser too.
 */
export interface ChartDefinition<Options = never, R extends Row = Row> {
  /** The file's name. */
  readonly kind: string;
  readonly description: string;
  readonly optionsSchema: GenericSchema<unknown, Options>;
  /** The numbers the figure shows. Empty when the results have none. */
  rows(inputs: readonly ChartInput[], options: Options): readonly R[];
  /** Height in points, where it follows from the data; the theme's otherwise. */
  height?(rows: readonly R[], options: Options, theme: Theme): number;
  draw(svg: Pen, rows: readonly R[], options: Options, theme: Theme, canvas: Canvas): void;
  /** The same figure as a Vega-Lite specification, without its data. */
  vegaLite(rows: readonly R[], options: Options): VegaLite;
}

/** Ties the types of a chart's parts together. */
export function defineChart<Options, R extends Row>(chart: ChartDefinition<Options, R>): ChartDefinition<Options, R> {
  return chart;
}

import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unknownName, writeCsv } from '../input/index.ts';
import type { Timeline } from '../sim/types/index.ts';
import type { ChartInput } from './chart.ts';
import { type AnyChart, type Figure, type FigureSpec, prepareFigure } from './figure.ts';
import { stableJson } from './json.ts';
import { perfettoChunks } from './perfetto.ts';

/** Every file of this folder is a kind of chart: TypeScript in the source tree, JavaScript where it is built. */
const CHARTS = new URL('charts/', import.meta.url);

async function chartFiles(): Promise<Map<string, string>> {
  const names = (await readdir(CHARTS)).sort();
  return new Map(names.flatMap((name) => (/^[a-z-]+\.[jt]s$/.test(name) ? [[name.slice(0, -3), name]] : [])));
}

/** The kinds of charts, in alphabetical order. */
export async function listChartKinds(): Promise<string[]> {
  return [...(await chartFiles()).keys()];
}

/**
 * The chart of a kind, loaded when first asked for.
 * @throws InputError for an unknown kind, with the nearest name.
 */
export async function loadChart(kind: string): Promise<AnyChart> {
  const files = await chartFiles();
  const file = files.get(kind);
  if (file === undefined) throw unknownName('figure kind', kind, [...files.keys()]);
  const module = (await import(/* @vite-ignore */ new URL(file, CHARTS).href)) as { readonly chart: AnyChart };
  return module.chart;
}

/** Every chart with what it shows, for `list figures`. */
export async function listCharts(): Promise<{ readonly id: string; readonly description: string }[]> {
  const charts = await Promise.all((await listChartKinds()).map(loadChart));
  return charts.map((chart) => ({ id: chart.kind, description: chart.description }));
}

/** The figure a study file asks for, on these results. @throws InputError as `loadChart` and `prepareFigure`. */
export async function figureOf(spec: FigureSpec, inputs: readonly ChartInput[]): Promise<Figure> {
  return prepareFigure(await loadChart(spec.kind), spec, inputs);
}

/** Writes `NAME.svg`, `NAME.pdf`, `NAME.png`, `NAME.csv` and `NAME.vl.json` into a folder (made if need be); returns their paths. */
export async function writeFigure(folder: string, name: string, figure: Figure): Promise<string[]> {
  const { renderSvg } = await import('./render.ts');
  const { renderPdf } = await import('./pdf.ts');
  const { renderPng } = await import('./png.ts');
  await mkdir(folder, { recursive: true });
  const svg = await renderSvg(figure);
  const files: [string, string | Uint8Array][] = [
    ['svg', svg],
    ['pdf', await renderPdf(svg, figure)],
    ['png', await renderPng(svg, figure.theme.width_in, figure.theme.png_dpi)],
    ['csv', writeCsv(figure.rows)],
    ['vl.json', stableJson(figure.vegaLite)],
  ];
  return Promise.all(
    files.map(async ([extension, data]) => {
      const path = join(folder, `${name}.${extension}`);
      await writeFile(path, data);
      return path;
    }),
  );
}

/** Writes a timeline as a trace that ui.perfetto.dev opens, piece by piece. */
export async function writeTrace(path: string, timeline: Timeline): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'w');
  try {
    for (const chunk of perfettoChunks(timeline)) await file.write(chunk);
  } finally {
    await file.close();
  }
}

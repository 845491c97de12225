import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chartOptions, figuresMarkdown } from '../../../reports/figuresMarkdown.ts';
import { figureOf, listChartKinds, loadChart, writeFigure } from '../../../reports/files.ts';
import { measure } from '../../../reports/marks/text.ts';
import { renderSvg } from '../../../reports/render.ts';
import { THEMES } from '../../../reports/themes.ts';
import { result } from './fixtures.ts';
import { SPECS } from './specs.ts';

/** Level text of one piece: its size, place and words. */
const TEXT =
  /<text font-size="(?<size>[\d.]+)"[^>]*?(?: text-anchor="(?<anchor>\w+)")? x="(?<x>[-\d.]+)" y="(?<y>[-\d.]+)"[^>]*>(?<content>[^<]+)</g;

const named = SPECS.map(({ spec, inputs }) => ({ name: spec.name ?? spec.kind, spec, inputs }));

describe('every figure', () => {
  it.each(named)('$name looks as it did', async ({ name, spec, inputs }) => {
    const svg = await renderSvg(await figureOf(spec, inputs));
    expect(svg).toBe(await renderSvg(await figureOf(spec, inputs)));
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    await expect(svg).toMatchFileSnapshot(`${name}.svg`);
  });

  it.each(named)('$name keeps its text inside the page', async ({ spec, inputs }) => {
    for (const { id } of THEMES) {
      const figure = await figureOf({ ...spec, theme: id }, inputs);
      const svg = await renderSvg(figure);
      const texts = [...svg.matchAll(TEXT)].map((match) => match.groups!);
      expect(texts.length).toBeGreaterThan(5);
      for (const { size, anchor, x, y, content } of texts) {
        const width = measure(content!, Number(size));
        const left = Number(x) - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
        expect(left, content).toBeGreaterThanOrEqual(-0.5);
        expect(left + width, content).toBeLessThanOrEqual(figure.width + 0.5);
        expect(Number(y), content).toBeLessThanOrEqual(figure.height);
      }
    }
  });
});

describe('every kind of chart', async () => {
  const kinds = await listChartKinds();

  it.each(kinds)('%s is drawn by a figure here', (kind) => {
    expect(SPECS.map(({ spec }) => spec.kind)).toContain(kind);
  });

  it.each(kinds)('%s is described, by its file name', async (kind) => {
    const chart = await loadChart(kind);
    expect(chart.kind).toBe(kind);
    expect(chart.description).toMatch(/^[A-Z].*\.$/);
  });

  it.each(kinds)('%s refuses an option it does not have, and results without its numbers', async (kind) => {
    const { spec, inputs } = SPECS.find((candidate) => candidate.spec.kind === kind)!;
    await expect(figureOf({ ...spec, colour: 'red' }, inputs)).rejects.toThrow('unknown key "colour"');
    const empty = result({ metrics: {}, claims: [], resolved: {} });
    await expect(figureOf(spec, [{ result: empty }])).rejects.toThrow('have no numbers for');
  });
});

it('names the nearest kind and theme', async () => {
  await expect(figureOf({ kind: 'bar' }, [])).rejects.toThrow('did you mean "bars"?');
  await expect(figureOf({ kind: 'bars', theme: 'iee' }, [])).rejects.toThrow('did you mean "ieee"?');
  await expect(figureOf({ kind: 'bars', name: '../x' }, [])).rejects.toThrow('no file name');
});

it('writes the picture three times, its numbers and its specification', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'figure-'));
  try {
    const { spec, inputs } = SPECS[0]!;
    const paths = await writeFigure(join(folder, 'deep'), 'f', await figureOf(spec, inputs));
    expect(paths.map((path) => path.slice(folder.length + 1))).toEqual(
      ['svg', 'pdf', 'png', 'csv', 'vl.json'].map((end) => join('deep', `f.${end}`)),
    );
    const pdf = await readFile(paths[1]!);
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.toString('latin1')).toMatch(/\/MediaBox \[0 0 237\.6 /);
    const png = await readFile(paths[2]!);
    // 3.3 in at 600 pixels an inch, in the header chunk.
    expect(png.readUInt32BE(16)).toBe(1980);
    expect((await readFile(paths[3]!, 'utf8')).split('\n')[0]).toBe(
      'label,study,case,claim,metric,published,simulated,error,use',
    );
    const spec2 = JSON.parse(await readFile(paths[4]!, 'utf8')) as { data: { values: unknown[] } };
    expect(spec2.data.values).toHaveLength(3);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('is the gallery that docs/figures.md shows', async () => {
  const charts = await Promise.all((await listChartKinds()).map(loadChart));
  for (const chart of charts) {
    for (const { name, description } of chartOptions(chart)) {
      expect(description, `${chart.kind}.${name}`).toMatch(/(Default: .+|Required)\.$/s);
    }
  }
  await expect(figuresMarkdown(charts)).toMatchFileSnapshot('../../../docs/figures.md');
});

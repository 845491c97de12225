import { expect, it } from 'vitest';
import { SPECS } from '../tests/golden/figures/specs.ts';
import { figureOf } from './files.ts';
import { haloFirst, renderPdf } from './pdf.ts';
import { renderSvg } from './render.ts';

const page = async (index: number): Promise<string> => {
  const { spec, inputs } = SPECS[index]!;
  const figure = await figureOf(spec, inputs);
  return Buffer.from(await renderPdf(await renderSvg(figure), figure)).toString('latin1');
};

it('gives equal figures equal bytes', async () => {
  expect(await page(0)).toBe(await page(0));
});

it('is one page in points with the bundled font inside, and knows no date', async () => {
  const pdf = await page(0);
  expect(pdf.match(/\/Type \/Page\b(?!s)/g)).toHaveLength(1);
  expect(pdf).toMatch(/\/MediaBox \[0 0 237\.6 [\d.]+\]/);
  expect(pdf).toMatch(/\/FontFile2 /);
  expect(pdf).toMatch(/\/BaseFont \/[A-Z]+\+LiberationSans/);
  // The only date is the epoch.
  expect(pdf.match(/D:\d+/g)).toEqual(['D:19700101000000']);
});

it('draws every white edge below its text, in every figure', async () => {
  let edges = 0;
  for (const { spec, inputs } of SPECS) {
    const svg = await renderSvg(await figureOf(spec, inputs));
    edges += svg.split('paint-order').length - 1;
    const drawn = haloFirst(svg);
    expect(drawn).not.toContain('paint-order');
    expect(drawn.split('<text').length - svg.split('<text').length).toBe(svg.split('paint-order').length - 1);
  }
  expect(edges).toBeGreaterThan(0);
});

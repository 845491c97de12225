import { join } from 'node:path';
import { packageFolder } from '../input/packageFiles.ts';

/** Liberation Sans (SIL Open Font License 1.1, fonts/OFL.txt): the only font a PNG uses, so that it is the same everywhere. */
const FONT = 'reports/fonts/LiberationSans-Regular.ttf';

/** The SVG as a PNG of `dpi` pixels per inch; `width_in` is the width of the SVG. */
export async function renderPng(svg: string, width_in: number, dpi: number): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const image = new Resvg(svg, {
    fitTo: { mode: 'width', value: Math.round(width_in * dpi) },
    font: { loadSystemFonts: false, fontFiles: [join(packageFolder(), FONT)], defaultFontFamily: 'Liberation Sans' },
  });
  return image.render().asPng();
}

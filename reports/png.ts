import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Liberation Sans (SIL Open Font License 1.1, fonts/OFL.txt): the only font a PNG uses, so that it is the same everywhere. */
const FONT = 'reports/fonts/LiberationSans-Regular.ttf';

/** The font beside this module's sources; the compiled module stands one folder deeper than they do. */
function fontFile(): string {
  const places = ['../', '../../'].map((up) => fileURLToPath(new URL(up + FONT, import.meta.url)));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`the font ${FONT} is missing from the package`);
  return found;
}

/** The SVG as a PNG of `dpi` pixels per inch; `width_in` is the width of the SVG. */
export async function renderPng(svg: string, width_in: number, dpi: number): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const image = new Resvg(svg, {
    fitTo: { mode: 'width', value: Math.round(width_in * dpi) },
    font: { loadSystemFonts: false, fontFiles: [fontFile()], defaultFontFamily: 'Liberation Sans' },
  });
  return image.render().asPng();
}

import { fontFile } from './fontFile.ts';

/** The SVG as a PNG of `dpi` pixels per inch; `width_in` is the width of the SVG. */
export async function renderPng(svg: string, width_in: number, dpi: number): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const image = new Resvg(svg, {
    fitTo: { mode: 'width', value: Math.round(width_in * dpi) },
    font: { loadSystemFonts: false, fontFiles: [fontFile()], defaultFontFamily: 'Liberation Sans' },
  });
  return image.render().asPng();
}

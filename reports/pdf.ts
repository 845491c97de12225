import type { Figure } from './figure.ts';
import { fontFile } from './fontFile.ts';

/**
 * The SVG of a figure as a PDF page of the figure's size: shapes stay shapes and text stays text, in the embedded font.
 * Equal figures give equal bytes.
 */
export async function renderPdf(svg: string, figure: Figure): Promise<Uint8Array> {
  const { default: Document } = await import('pdfkit');
  const { default: draw } = await import('svg-to-pdfkit');
  const font = fontFile();
  const { width, height } = figure;
  const page = new Document({
    size: [width, height],
    margin: 0,
    font,
    info: { Title: figure.title, Subject: figure.description, CreationDate: new Date(0) },
  });
  const chunks: Uint8Array[] = [];
  const written = new Promise<void>((resolve, reject) => {
    page.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    page.on('end', resolve);
    page.on('error', reject);
  });
  draw(page, pointSized(haloFirst(svg)), 0, 0, { assumePt: true, fontCallback: () => font });
  page.end();
  await written;
  return Buffer.concat(chunks);
}

/** The drawing in user units, which are points here, without its size in inches. */
const pointSized = (svg: string): string => svg.replace(/^<svg([^>]*?) width="[^"]*" height="[^"]*"/, '<svg$1');

/** PDF has no order of painting within one text: its white edge becomes a text of its own below it. */
export const haloFirst = (svg: string): string =>
  svg.replace(
    /<text([^>]*?) fill="([^"]*)"( stroke="[^"]*" stroke-width="[^"]*") paint-order="stroke"([^>]*)>(.*?)<\/text>/gs,
    '<text$1 fill="none"$3$4>$5</text><text$1 fill="$2"$4>$5</text>',
  );

import type { Figure } from './figure.ts';
import { FONT_FAMILY, PAPER } from './themes.ts';

/**
 * The figure as an SVG document, its size in inches and its user unit a point. Equal figures give equal bytes. This is
 * the one place that gives charts a document outside a browser.
 */
export async function renderSvg(figure: Figure): Promise<string> {
  const { D3Node } = await import('d3-node');
  const page = new D3Node();
  const [width, height] = [round(figure.width), round(figure.height)];
  const svg = page.createSVG(null, null, {
    width: `${round(width / 72)}in`,
    height: `${round(height / 72)}in`,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'font-family': FONT_FAMILY,
  });
  svg.append('title').text(figure.title);
  svg.append('desc').text(figure.description);
  svg.append('rect').attr('width', width).attr('height', height).attr('fill', PAPER);
  figure.draw(svg);
  return tidy(page.svgString());
}

const round = (value: number): number => Number(value.toFixed(3));

/** One element a line, empty elements closed in place; text keeps its spaces. */
function tidy(svg: string): string {
  const closed = svg.replace(/<(\w+)((?: [\w:-]+="[^"]*")*)><\/\1>/g, '<$1$2/>');
  return `${closed.replace(/>(?=<(?!\/?tspan|\/text))/g, '>\n')}\n`;
}

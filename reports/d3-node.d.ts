declare module 'd3-node' {
  import type { Pen } from './marks/pen.ts';

  /** A d3 selection inside a document of its own. */
  export class D3Node {
    constructor(options?: { readonly styles?: string });
    createSVG(width: number | null, height: number | null, attributes: Readonly<Record<string, string | number>>): Pen;
    /** The SVG as text. */
    svgString(): string;
  }
}

import * as v from 'valibot';
import type { AnyChart } from './figure.ts';
import { markdownTable } from './table.ts';
import { THEMES } from './themes.ts';

/** The part of a valibot schema that documentation reads. */
interface Described {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Described>>;
  readonly wrapped?: Described;
}

/** Options of a chart with their descriptions, in the order of its schema. */
export function chartOptions(chart: AnyChart): { readonly name: string; readonly description: string }[] {
  const { entries = {} } = chart.optionsSchema as unknown as Described;
  return Object.entries(entries).map(([name, entry]) => {
    const schema = (entry.type === 'optional' ? entry.wrapped : entry) as unknown as v.GenericSchema;
    return { name, description: v.getDescription(schema) ?? '' };
  });
}

const OPENING = `# Figures

A study lists its figures, and \`plot\` draws them; \`list figures\` names the kinds.

\`\`\`yaml
figures:
  - { kind: bars, name: throughput, theme: ieee, rename: { fg-30b-512: "OPT-30B, 512" } }
  - { kind: parity, theme: acm-wide }
\`\`\`

Each figure is written five times: \`NAME.svg\`, \`NAME.pdf\` for LaTeX, with its text as text and the font inside,
\`NAME.png\`, \`NAME.csv\` with the numbers it shows, and \`NAME.vl.json\`, a Vega-Lite specification with the same numbers
inside. The same results give the same bytes: the only
font is the bundled one, and nothing depends on the clock or the machine.

Figures come in their final size and are not to be scaled in the paper: an 8 pt label is 8 pt on the page. Colours are
those of Okabe and Ito, which people with any kind of colour vision tell apart; every series has its own dash, symbol or
hatch as well, so a greyscale print loses nothing. A stream and a kind of tensor look the same in every figure. Legends
stand outside the data.

## What every figure takes
`;

const COMMON = [
  ['`kind`', 'Kind of figure. Required.'],
  ['`name`', 'Name of its files. Default: the kind.'],
  ['`theme`', 'Medium it is made for, from the table below. Default: `ieee`.'],
  [
    '`title`',
    'Title of the SVG, shown above the chart in the `web` theme; papers say it in the caption. Default: the name, not shown.',
  ],
  ['`height_in`', 'Height in inches. Default: what the chart needs.'],
];

const OPTION_COLUMNS = [{ head: 'option' }, { head: 'meaning' }];

const CLOSING = `## Adding a kind

A kind is one file, \`reports/charts/KIND.ts\`, that exports \`chart\`; nothing else changes. It has five parts:

- \`optionsSchema\`: a valibot schema of its options. Each is described in a full sentence with its default and unit; this page
  and the error messages are made from it.
- \`rows(inputs, options)\`: the numbers, one tidy row a mark. They become the CSV; draw nothing that is not in them. No rows
  means the results have nothing to show, and the user is told so.
- \`height(rows, options, theme)\`: only where the height follows from the data.
- \`draw(svg, rows, options, theme, canvas)\`: builds the picture with \`svg.append\`. Lengths are points. \`marks/\` has axes, a
  legend, markers, hatches and text widths; \`drawFrame\` gives a whole plot with two axes.
- \`vegaLite(rows, options)\`: the same picture as a Vega-Lite specification.

\`\`\`ts
export const chart = defineChart<Options, Point>({
  kind: 'latency',
  description: 'Time per output token over the length of the prompt.',
  optionsSchema,
  rows: (inputs) => inputs.flatMap(({ result }) => pointsOf(result)),
  draw(svg, rows, _, theme, canvas) {
    const x: Range = { domain: [0, 4096], title: 'Prompt (tokens)' };
    const y: Range = { domain: [0, 80], title: 'Time per token (ms)' };
    const frame = drawFrame(svg, { ...canvas, x, y }, theme);
    for (const row of rows) {
      marker(frame.plot, SERIES[0]!, frame.x(row.prompt), frame.y(row.time_s * 1000), theme.marker_pt);
    }
  },
  vegaLite: () => ({ mark: 'point', encoding: { x: { field: 'prompt' }, y: { field: 'time_s' } } }),
});
\`\`\`

A chart is pure: it reads results and never runs anything, and it imports no \`node:\` module, so that it draws in a browser
as well. Then add a figure of the kind to \`tests/golden/figures/specs.ts\`: the suite asks for one, keeps its picture, checks
that no label leaves the page in any theme, and that the kind refuses unknown options and empty results. Look at the PNG in
the \`ieee\` theme, in colour and in grey, before you commit it.
`;

/** The text of docs/figures.md; the pictures are those the tests keep. */
export function figuresMarkdown(charts: readonly AnyChart[]): string {
  const themes = markdownTable(
    ['theme', 'medium', 'text', 'PNG, pixels an inch'].map((head) => ({ head })),
    THEMES.map((theme) => [
      `\`${theme.id}\``,
      theme.description,
      `${theme.font_pt}/${theme.small_pt} pt`,
      theme.png_dpi,
    ]),
  );
  const kinds = charts.map((chart) => {
    const options = chartOptions(chart).map(({ name, description }) => [`\`${name}\``, description]);
    return [
      `## ${chart.kind}`,
      `![${chart.kind}](../tests/golden/figures/${chart.kind}.svg)`,
      chart.description,
      markdownTable(OPTION_COLUMNS, options),
    ].join('\n\n');
  });
  const parts = [
    OPENING.trimEnd(),
    markdownTable(OPTION_COLUMNS, COMMON),
    '## Themes',
    themes,
    ...kinds,
    CLOSING.trimEnd(),
  ];
  return `${parts.join('\n\n')}\n`;
}

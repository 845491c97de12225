import type { Dimension } from '../input/dimensions.ts';
import { formatQuantity } from '../input/formatQuantity.ts';
import { bar, paint } from '../reports/ansi.ts';
import { formatError } from '../reports/format.ts';
import { runSections } from '../reports/summary.ts';
import { textTable } from '../reports/table.ts';
import type { Machine, StudyResult } from '../sim/types/index.ts';
import type { Sensitivity } from '../studies/sensitivity.ts';

export interface ExplainTextOptions {
  readonly machine: Machine;
  /** How much better every number was made. */
  readonly by: number;
  readonly color: boolean;
  readonly width: number;
}

const BAR_CELLS = 16;
/** Numbers shown; a share of the run below this is not worth a line. */
const MOST = 12;
const LEAST_SHARE = 0.005;

/** Where the time went, what binds, and what more of each resource buys. Ends with a newline. */
export function explainText(result: StudyResult, rows: readonly Sensitivity[], options: ExplainTextOptions): string {
  const { machine, color, width, by } = options;
  const ink = paint(color);
  const telling = rows.filter(({ share }) => share >= LEAST_SHARE).slice(0, MOST);
  const percent = `${Number((by * 100).toPrecision(3))} %`;
  const table = textTable(
    [
      { head: `better by ${percent}` },
      { head: 'from', align: 'right' },
      { head: 'to', align: 'right' },
      { head: 'time', align: 'right' },
      { head: 'share of the run that follows it' },
    ],
    telling.map(({ path, before, after, change, share }) => [
      path.join('.'),
      valueText(path, before),
      valueText(path, after),
      formatError(change),
      `${bar(Math.min(1, share), BAR_CELLS)} ${Math.round(share * 100)}%`,
    ]),
  );
  const rest = rows.length - telling.length;
  const others = rest === 0 ? '' : `\n${ink.dim(`${rest} other numbers of the machine hardly matter here.`)}`;
  const bought = telling.length === 0 ? `No number of the machine matters here.` : `${table}${others}`;
  return `${runSections(result, ['title', 'head', 'time', 'resources'], { machine, color, width })}\n${ink.bold('What more of each resource buys')}\n${bought}\n`;
}

/** A number of a machine file in its unit, from the ending of its name; a curve by its length. */
function valueText(path: Sensitivity['path'], value: Sensitivity['before']): string {
  if (typeof value !== 'number') return `${value.length} points`;
  const names = path.map(String);
  const dimension = ENDINGS.find(([ending]) => names.slice(-2).some((name) => name.endsWith(ending)))?.[1];
  if (dimension === undefined) return String(Number(value.toPrecision(3)));
  return `${formatQuantity(value, dimension)}${dimension === 'count' ? '/s' : ''}`;
}

/** Longer endings before shorter ones. */
const ENDINGS: readonly (readonly [string, Dimension])[] = [
  ['_bytes_per_s', 'bytes_per_s'],
  ['_flop_per_s', 'flop_per_s'],
  ['_hz', 'hz'],
  ['_per_s', 'count'],
  ['_bytes', 'bytes'],
  ['_s', 's'],
];

import { padEnd, padStart, textWidth } from './format.ts';

export { writeCsv } from '../input/csvWrite.ts';

/** A column: its head and how its cells stand. Numbers stand right. */
export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
}

export type Cell = string | number | boolean | null | undefined;

const cellText = (cell: Cell): string => (cell === null || cell === undefined ? '' : String(cell));

/** Aligned text, two spaces between columns, no trailing spaces, a head row when any head has letters. No final newline. */
export function textTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const body = rows.map((row) => columns.map((_, i) => cellText(row[i])));
  const heads = columns.map((column) => column.head);
  const lines = heads.some((head) => head !== '') ? [heads, ...body] : body;
  const widths = columns.map((_, i) => Math.max(0, ...lines.map((line) => textWidth(line[i]!))));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (columns[i]!.align === 'right' ? padStart(cell, widths[i]!) : padEnd(cell, widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const escapePipe = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A GitHub table, its columns aligned in the source too. No final newline. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const heads = columns.map((column) => escapePipe(column.head));
  const body = rows.map((row) => columns.map((_, i) => escapePipe(cellText(row[i]))));
  const widths = columns.map((_, i) => Math.max(3, ...[heads, ...body].map((line) => textWidth(line[i]!))));
  const rules = columns.map(({ align }, i) =>
    align === 'right' ? `${'-'.repeat(widths[i]! - 1)}:` : '-'.repeat(widths[i]!),
  );
  const pad = (cell: string, i: number): string =>
    (columns[i]!.align === 'right' ? padStart : padEnd)(cell, widths[i]!);
  return [heads, rules, ...body].map((cells) => `| ${cells.map(pad).join(' | ')} |`).join('\n');
}

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

/** A GitHub table. No final newline. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map((column) => escapePipe(column.head))),
    `|${columns.map((column) => (column.align === 'right' ? '---:' : '---')).join('|')}|`,
    ...rows.map((row) => line(columns.map((_, i) => escapePipe(cellText(row[i]))))),
  ].join('\n');
}

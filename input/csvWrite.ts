/** What a cell may hold; null and undefined are written as an empty cell. */
export type CsvValue = string | number | boolean | null | undefined;

/**
 * The table as CSV text: a header, then one line a row, each ended by LF. `columns` gives the order; without it the
 * columns are the keys of all rows in the order they first appear. Numbers are written so that they read back exactly.
 * @throws RangeError on a number that is not finite.
 */
export function writeCsv(rows: readonly Readonly<Record<string, CsvValue>>[], columns?: readonly string[]): string {
  const names = columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [names.map(quoteCell), ...rows.map((row) => names.map((name) => quoteCell(cellText(row[name], name))))];
  return lines.map((cells) => `${cells.length === 1 && cells[0] === '' ? '""' : cells.join(',')}\n`).join('');
}

function cellText(value: CsvValue, column: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`${column} is ${value}`);
  return String(value);
}

function quoteCell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

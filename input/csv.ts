import { type CsvCells, type CsvHeader, CsvRow, cellPlace, missingColumn } from './csvRow.ts';
import { scanRecord } from './csvScan.ts';
import { InputError, oneOf, quote } from './errors.ts';
import { nearestName } from './nearest.ts';
import { isForbiddenKey } from './path.ts';

export { CsvRow, type NumberLimits } from './csvRow.ts';
export { type CsvValue, writeCsv } from './csvWrite.ts';

export interface CsvOptions {
  /** The name of the file, for messages. */
  readonly file: string;
  /** Columns that must be there. */
  readonly required: readonly string[];
  /** Columns that may be there. */
  readonly optional?: readonly string[];
  /** Whether columns beyond those are let through; unless it is true they are errors. */
  readonly extra?: boolean;
}

/**
 * Reads a table with a header, piece by piece: `push` gives the rows that are complete, `end` the rest. Cells are
 * separated by commas, may be quoted with `"` (doubled inside), lines end in LF or CRLF, blank lines are skipped.
 * Every method throws an InputError at `file:line:column` on a fault.
 */
export class CsvReader {
  readonly #options: CsvOptions;
  #header: CsvHeader | undefined;
  #pending = '';
  #line = 1;
  #begun = false;

  constructor(options: CsvOptions) {
    this.#options = options;
  }

  push(text: string): CsvRow[] {
    let chunk = text;
    if (!this.#begun && chunk !== '') {
      this.#begun = true;
      if (chunk.startsWith('\uFEFF')) chunk = chunk.slice(1);
    }
    return this.#read(this.#pending + chunk, false);
  }

  end(): CsvRow[] {
    const rows = this.#read(this.#pending, true);
    const { file } = this.#options;
    if (!this.#header) throw new InputError({ code: 'empty', problem: 'the table is empty', place: { file } });
    return rows;
  }

  #read(text: string, final: boolean): CsvRow[] {
    const rows: CsvRow[] = [];
    let at = 0;
    while (at < text.length) {
      const record = scanRecord(text, at, this.#line, final, this.#options.file);
      if (!record) break;
      at = record.next;
      this.#line = record.nextLine;
      if (record.blank) continue;
      if (this.#header) rows.push(this.#row(this.#header, record.cells));
      else this.#header = readHeader(record.cells, this.#options);
    }
    this.#pending = text.slice(at);
    return rows;
  }

  #row(header: CsvHeader, cells: CsvCells): CsvRow {
    const found = cells.texts.length;
    if (found === header.names.length) return new CsvRow(header, cells);
    throw new InputError({
      code: 'csv_syntax',
      problem: `the row has ${found} cell${found === 1 ? '' : 's'}`,
      found: String(found),
      expected: `${header.names.length}, as in the header`,
      place: cellPlace(header.file, cells, Math.min(found, header.names.length + 1) - 1),
    });
  }
}

function readHeader(cells: CsvCells, { file, required, optional = [], extra = false }: CsvOptions): CsvHeader {
  const names = cells.texts.map((text) => text.trim());
  const known = [...required, ...optional];
  const index = new Map<string, number>();
  for (const [i, name] of names.entries()) {
    const place = cellPlace(file, cells, i);
    if (name === '') throw new InputError({ code: 'csv_syntax', problem: 'a column has no name', place });
    if (isForbiddenKey(name)) {
      throw new InputError({ code: 'forbidden_key', problem: `the column ${quote(name)} is not allowed`, place });
    }
    if (index.has(name)) {
      throw new InputError({ code: 'duplicate_key', problem: `the column ${quote(name)} is given twice`, place });
    }
    if (!extra && !known.includes(name)) {
      const free = known.filter((column) => !names.includes(column));
      throw new InputError({
        code: 'unknown_key',
        problem: `unknown column ${quote(name)}`,
        found: name,
        expected: oneOf(known),
        nearest: nearestName(name, free),
        place,
      });
    }
    index.set(name, i);
  }
  const missing = required.find((column) => !index.has(column));
  if (missing !== undefined) throw missingColumn(missing, names, cellPlace(file, cells, 0));
  return { file, names, index };
}

/** All rows of a text. */
export function readCsv(text: string, options: CsvOptions): CsvRow[] {
  const reader = new CsvReader(options);
  const rows = reader.push(text);
  for (const row of reader.end()) rows.push(row);
  return rows;
}

/** The rows of a text that comes in pieces, as they are complete. */
export function* streamCsv(chunks: Iterable<string>, options: CsvOptions): Generator<CsvRow> {
  const reader = new CsvReader(options);
  for (const chunk of chunks) yield* reader.push(chunk);
  yield* reader.end();
}

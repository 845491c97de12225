import type { Dimension } from './dimensions.ts';
import { InputError, type InputIssue, oneOf, type Place, quote } from './errors.ts';
import { nearestName } from './nearest.ts';
import { parseQuantity } from './units.ts';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The header of a table: which column stands where. */
export interface CsvHeader {
  readonly file: string;
  readonly names: readonly string[];
  readonly index: ReadonlyMap<string, number>;
}

/** The cells of one record. */
export interface CsvCells {
  readonly texts: readonly string[];
  /** Where each cell begins, counted from 1; absent where they are the pieces of one line, as they stand there. */
  readonly columns?: readonly number[];
  /** The line of each cell, present only where a quoted cell holds line ends. */
  readonly lines?: readonly number[];
  readonly line: number;
}

export function cellPlace(file: string, cells: CsvCells, index: number): Place {
  return { file, line: cells.lines?.[index] ?? cells.line, column: columnOf(cells, index) };
}

function columnOf({ texts, columns }: CsvCells, index: number): number {
  if (columns) return columns[index] ?? 1;
  if (index < 0 || index >= texts.length) return 1;
  return texts.slice(0, index).reduce((column, text) => column + text.length + 1, 1);
}

/** Digits whose number is below 2^53 whatever they are. */
const SAFE_DIGITS = 15;

/** The value of one to fifteen digits and nothing else, or -1. */
function plainInteger(text: string): number {
  const { length } = text;
  if (length === 0 || length > SAFE_DIGITS) return -1;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

export interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
}

/** One row with its columns by name. Every method throws an InputError with the place of the cell. */
export class CsvRow {
  readonly #header: CsvHeader;
  readonly #cells: CsvCells;

  constructor(header: CsvHeader, cells: CsvCells) {
    this.#header = header;
    this.#cells = cells;
  }

  /** The line the row begins on, from 1. */
  get line(): number {
    return this.#cells.line;
  }

  /** Whether the table has the column and this row fills it. */
  has(column: string): boolean {
    const index = this.#header.index.get(column);
    return index !== undefined && this.#cells.texts[index]!.trim() !== '';
  }

  /** The cell as it is written; it may be empty. */
  text(column: string): string {
    const index = this.#header.index.get(column);
    if (index === undefined) {
      const { file, names } = this.#header;
      throw missingColumn(column, names, { file, line: 1 });
    }
    return this.#cells.texts[index]!;
  }

  /** A decimal number. */
  number(column: string, { min, max }: NumberLimits = {}): number {
    const text = this.text(column).trim();
    const value = Number(text);
    if (!NUMBER.test(text) || !Number.isFinite(value)) throw this.error(column, 'a number');
    if (min !== undefined && value < min) throw this.error(column, `at least ${min}`, 'out_of_range');
    if (max !== undefined && value > max) throw this.error(column, `at most ${max}`, 'out_of_range');
    return value;
  }

  /** A whole number that a double holds exactly. */
  integer(column: string, limits: NumberLimits = {}): number {
    const plain = plainInteger(this.text(column));
    if (plain >= 0 && limits.min === undefined && limits.max === undefined) return plain;
    const value = this.number(column, limits);
    if (!Number.isSafeInteger(value)) throw this.error(column, 'a whole number below 2^53');
    return value;
  }

  /** A quantity with or without its unit, in the unit of the dimension's field. */
  quantity(column: string, dimension: Dimension): number {
    const text = this.text(column);
    try {
      return parseQuantity(text, dimension);
    } catch (error) {
      throw error instanceof InputError ? error.at(this.place(column)) : error;
    }
  }

  /** One of the given words. */
  word<const W extends string>(column: string, words: readonly W[]): W {
    const text = this.text(column).trim();
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw this.error(column, oneOf(words), 'unknown_name', nearestName(text, words));
  }

  place(column: string): Place {
    return cellPlace(this.#header.file, this.#cells, this.#header.index.get(column) ?? 0);
  }

  /** The row as an object of texts, every column of the table in order. */
  record(): Record<string, string> {
    return Object.fromEntries(this.#header.names.map((name, i) => [name, this.#cells.texts[i]!]));
  }

  /** The error that this cell is not what it should be. */
  error(column: string, expected: string, code: InputIssue['code'] = 'bad_value', nearest?: string): InputError {
    const found = this.text(column);
    const problem = found.trim() === '' ? `${column} is empty` : `${column} is ${quote(found)}`;
    return new InputError({ code, problem, found, expected, nearest, place: this.place(column) });
  }
}

export function missingColumn(column: string, names: readonly string[], place: Place): InputError {
  const problem = `the column ${quote(column)} is missing`;
  const stray = nearestName(column, names);
  const found = stray === undefined ? oneOf(names).replace(/^one of /, '') : quote(stray);
  return new InputError({ code: 'missing_key', problem: `${problem} (found ${found})`, found: column, place });
}

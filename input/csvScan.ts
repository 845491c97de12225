import type { CsvCells } from './csvRow.ts';
import { InputError } from './errors.ts';

const COMMA = 44;
const QUOTE = 34;
const LF = 10;
const CR = 13;

/** Longest record, so that an unclosed quote is found early. */
const MAX_RECORD_CHARS = 1024 * 1024;

export interface CsvRecord {
  readonly cells: CsvCells;
  readonly blank: boolean;
  /** Offset and line of the record after this one. */
  readonly next: number;
  readonly nextLine: number;
}

/**
 * The record that begins at `start` of `text`, on line `line` of `file`; undefined when the text ends before it does
 * and more may come (`final` says that nothing more comes).
 * @throws InputError on a stray or unclosed quote, a carriage return alone, or a record of more than 2^20 characters.
 */
export function scanRecord(
  text: string,
  start: number,
  line: number,
  final: boolean,
  file: string,
): CsvRecord | undefined {
  return plainRecord(text, start, line, final) ?? quotedRecord(text, start, line, final, file);
}

/** A whole record on one line without quotes, as nearly all are; undefined for any other. */
function plainRecord(text: string, start: number, line: number, final: boolean): CsvRecord | undefined {
  const lf = text.indexOf('\n', start);
  if (lf < 0 && !final) return undefined;
  const end = lf < 0 ? text.length : lf;
  const row = text.slice(start, lf > start && text.charCodeAt(lf - 1) === CR ? lf - 1 : end);
  if (row.includes('"') || row.includes('\r')) return undefined;
  const texts = row.split(',');
  const blank = texts.length === 1 && row.trim() === '';
  return { cells: { texts, line }, blank, next: lf < 0 ? end : lf + 1, nextLine: lf < 0 ? line : line + 1 };
}

function quotedRecord(text: string, start: number, line: number, final: boolean, file: string): CsvRecord | undefined {
  const texts: string[] = [];
  const columns: number[] = [];
  const lines: number[] = [];
  let lineNow = line;
  let lineStart = start;
  let at = start;
  const fail = (problem: string, offset: number, expected?: string): InputError => {
    const place = { file, line: lineNow, column: offset - lineStart + 1 };
    return new InputError({ code: 'csv_syntax', problem, expected, place });
  };
  const more = (): undefined => {
    if (at - start > MAX_RECORD_CHARS || text.length - start > MAX_RECORD_CHARS) {
      throw fail('the record is too long', start, `at most ${MAX_RECORD_CHARS} characters`);
    }
    return undefined;
  };
  for (;;) {
    columns.push(at - lineStart + 1);
    lines.push(lineNow);
    const begin = at;
    if (text.charCodeAt(at) === QUOTE) {
      const close = closingQuote(text, at);
      if (close < 0 || (close + 1 === text.length && !final)) {
        if (final) throw fail('a quoted cell is not closed', begin);
        return more();
      }
      const inner = text.slice(begin + 1, close);
      texts.push(inner.includes('"') ? inner.replaceAll('""', '"') : inner);
      for (let end = inner.indexOf('\n'); end >= 0; end = inner.indexOf('\n', end + 1)) {
        lineNow++;
        lineStart = begin + 2 + end;
      }
      at = close + 1;
    } else {
      at = endOfPlainCell(text, at);
      if (text.charCodeAt(at) === QUOTE) throw fail('a quote stands inside a cell', at, 'the whole cell in quotes');
      texts.push(text.slice(begin, at));
    }
    if (at >= text.length) {
      if (!final) return more();
      break;
    }
    const code = text.charCodeAt(at);
    if (code === COMMA) {
      at++;
      continue;
    }
    if (code === CR && at + 1 >= text.length && !final) return more();
    if (code === CR && text.charCodeAt(at + 1) !== LF) throw fail('a carriage return stands alone', at, 'LF or CRLF');
    if (code !== CR && code !== LF) throw fail('text follows a closing quote', at, 'a comma or the end of the line');
    at += code === CR ? 2 : 1;
    lineNow++;
    break;
  }
  const blank = texts.length === 1 && texts[0]!.trim() === '' && text.charCodeAt(start) !== QUOTE;
  const oneLine = lines.at(-1) === line;
  const cells: CsvCells = oneLine ? { texts, columns, line } : { texts, columns, lines, line };
  return { cells, blank, next: at, nextLine: lineNow };
}

/** The offset of the quote that closes the cell opened at `open`, or -1. */
function closingQuote(text: string, open: number): number {
  let at = text.indexOf('"', open + 1);
  while (at >= 0 && text.charCodeAt(at + 1) === QUOTE) at = text.indexOf('"', at + 2);
  return at;
}

function endOfPlainCell(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === LF || code === CR || code === QUOTE) return at;
  }
  return text.length;
}

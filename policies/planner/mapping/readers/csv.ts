import { CsvReader, type CsvRow, InputError, type Place, quote } from '../../../../input/index.ts';
import type { Gap, MapBuffer } from '../problem.ts';
import type { ReadProblem } from './read.ts';

/** Other names that tools give the columns; `end` and `last_time_used` mean the last time still in use. */
const ALIASES: Readonly<Record<string, string>> = {
  buffer: 'id',
  buffer_id: 'id',
  start: 'lower',
  begin: 'lower',
  first_time_used: 'lower',
  end: 'upper',
  last_time_used: 'upper',
  offline_offset: 'offset',
  group: 'colocation',
};
/** Names of the last column of a life that include that time. */
const CLOSED = ['end', 'last_time_used'];

/** Characters read at a time, so that the rows of a long table are not all held. */
const CHUNK = 1 << 16;

const REQUIRED = ['lower', 'upper', 'size'];
const OPTIONAL = ['id', 'alignment', 'offset', 'gaps', 'colocation', 'hint'];

/**
 * Buffers from CSV: minimalloc's columns `id,lower,upper,size` and, where present, `alignment`, `offset` (fixed), `gaps`
 * (`4-6 8-9@0:64`, the second with the bytes it still uses), `colocation`, `hint` (not used); or TFLite Micro's
 * `size,first_time_used,last_time_used,offline_offset`, where -1 is no offset and rows are numbered from 0.
 * @param closed whether the upper time is still in use; by default the name of the column says so
 * @yields the number of buffers so far, every some thousand rows
 */
export function* readCsvProblem(
  text: string,
  file: string,
  closed: boolean | undefined,
): Generator<number, ReadProblem, void> {
  const cut = text.indexOf('\n') < 0 ? text.length : text.indexOf('\n');
  const names = text
    .slice(0, cut)
    .replace(/^\uFEFF/, '')
    .replace(/\r$/, '')
    .split(',')
    .map((name) => name.trim());
  const header = names.map((name) => ALIASES[name] ?? name);
  if (!header.some((name) => REQUIRED.includes(name))) {
    const found = text.slice(0, Math.min(cut, 60)).trim();
    const problem = `the first line ${quote(found)} names no column`;
    const expected = 'a header such as id,lower,upper,size';
    throw new InputError({ code: 'csv_syntax', problem, found, expected, place: { file, line: 1 } });
  }
  const doubled = header.find((name, i) => header.indexOf(name) !== i);
  if (doubled !== undefined && !names.includes(doubled)) {
    const problem = `two columns mean ${quote(doubled)}`;
    throw new InputError({ code: 'duplicate_key', problem, place: { file, line: 1 } });
  }
  const inclusive = closed ?? names.some((name) => CLOSED.includes(name));
  const tflm = names.includes('offline_offset');
  const plain = !header.some((name) => OPTIONAL.includes(name) && name !== 'id' && name !== 'hint');
  const reader = new CsvReader({ file, required: REQUIRED, optional: OPTIONAL });
  const buffers: MapBuffer[] = [];
  const lines: number[] = [];
  const take = (rows: readonly CsvRow[]): void => {
    for (const row of rows) {
      buffers.push(readRow(row, buffers.length, inclusive ? 1 : 0, tflm, plain));
      lines.push(row.line);
    }
  };
  take(reader.push(header.join(',')));
  for (let at = cut; at < text.length; at += CHUNK) {
    take(reader.push(text.slice(at, at + CHUNK)));
    yield buffers.length;
  }
  take(reader.end());
  if (buffers.length === 0) throw new InputError({ code: 'empty', problem: 'there are no buffers', place: { file } });
  const placeOf = (i: number): Place => ({ file, line: lines[i]! });
  return { buffers, placeOf, columns: names, closed: inclusive };
}

function readRow(row: CsvRow, index: number, add: number, tflm: boolean, plain: boolean): MapBuffer {
  const id = row.has('id') ? row.text('id').trim() : String(index);
  const lower = row.integer('lower');
  const buffer = { id, lower, upper: row.integer('upper') + add, size_bytes: row.integer('size') };
  if (plain) return buffer;
  const alignment = row.has('alignment') ? { alignment_bytes: row.integer('alignment') } : {};
  const at = row.has('offset') ? row.integer('offset') : undefined;
  const fixed = at === undefined || (tflm && at === -1) ? {} : { fixed_offset_bytes: at };
  const gaps = row.has('gaps') ? { gaps: readGaps(row, add) } : {};
  const colocation = row.has('colocation') ? { colocation: row.text('colocation').trim() } : {};
  return { ...buffer, ...alignment, ...fixed, ...gaps, ...colocation };
}

const GAP = /^(-?\d+)-(-?\d+)(?:@(\d+):(\d+))?$/;

function readGaps(row: CsvRow, add: number): Gap[] {
  const words = row.text('gaps').split(/\s+/).filter(Boolean);
  return words.map((word) => {
    const parts = GAP.exec(word);
    if (!parts) throw row.error('gaps', 'gaps such as 4-6 or 8-9@0:64, with spaces between');
    const [, lower, upper, from, to] = parts.map(Number) as [number, number, number, number, number];
    const gap = { lower, upper: upper + add };
    return parts[3] === undefined ? gap : { ...gap, window: { from_bytes: from, to_bytes: to } };
  });
}

/** The same table with an `offset` column that holds the plan. */
export function writeCsvPlan(text: string, offsets: ArrayLike<number>): string {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const header = lines[0]!.split(',').map((name) => name.trim());
  const column = header.findIndex((name) => name === 'offset' || name === 'offline_offset');
  const out: string[] = [];
  let row = -1;
  for (const line of lines) {
    if (line.trim() === '') continue;
    const value = row < 0 ? 'offset' : String(offsets[row]!);
    row++;
    if (column < 0) out.push(`${line},${value}`);
    else if (row === 0) out.push(line);
    else {
      const cells = line.split(',');
      cells[column] = value;
      out.push(cells.join(','));
    }
  }
  return `${out.join('\n')}\n`;
}

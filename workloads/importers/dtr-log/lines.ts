import { InputError } from '../../../input/index.ts';

/** One instruction of a log with its place, for messages. */
export interface LogLine {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly line: number;
  /** Characters before the line. */
  readonly offset: number;
}

export type LogError = (problem: string, at: LogLine | null, expected?: string) => InputError;

export const logError =
  (file: string): LogError =>
  (problem, at, expected) =>
    new InputError({
      code: 'bad_value',
      problem: at === null ? problem : `${problem} (offset ${at.offset})`,
      ...(expected !== undefined && { expected }),
      place: at === null ? { file } : { file, line: at.line, column: 1 },
    });

/** The lines of a JSON Lines text; empty ones are skipped. */
export function* logLines(text: string, error: LogError): Generator<LogLine> {
  let offset = 0;
  let line = 0;
  while (offset < text.length) {
    let end = text.indexOf('\n', offset);
    if (end < 0) end = text.length;
    line += 1;
    const at = { fields: {}, line, offset };
    const content = text.slice(offset, end).trim();
    offset = end + 1;
    if (content === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch {
      throw error('this line is no JSON', at, 'one object a line; the file may be cut off');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw error('this line is no JSON object', at, 'an object with INSTRUCTION');
    }
    yield { ...at, fields: value as Record<string, unknown> };
  }
}

/** Typed fields of a line. */
export class Fields {
  private readonly line: LogLine;
  private readonly error: LogError;

  constructor(at: LogLine, error: LogError) {
    this.line = at;
    this.error = error;
  }

  text(key: string): string {
    const value = this.line.fields[key];
    if (typeof value === 'string') return value;
    throw this.error(`${key} is no text`, this.line, 'a name in quotes');
  }

  /** A whole number, which logs write in quotes. */
  whole(key: string, least = 0): number {
    const value = this.line.fields[key];
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
    throw this.error(`${key} is no whole number`, this.line, `at least ${least}`);
  }

  list(key: string): readonly string[] {
    const value = this.line.fields[key];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
    throw this.error(`${key} is no list of names`, this.line, 'a list');
  }

  /** Indices, in quotes or not. */
  at(key: string): readonly number[] {
    const value = this.line.fields[key];
    const numbers = Array.isArray(value) ? value.map(Number) : null;
    if (numbers?.every((n) => Number.isSafeInteger(n) && n >= 0)) return numbers;
    throw this.error(`${key} is no list of argument numbers`, this.line, 'a list');
  }
}

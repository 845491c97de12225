import { nearestName } from './nearest.ts';

/** What kind of mistake an input holds; stable, for programs that read errors. */
export type InputCode =
  | 'unknown_key'
  | 'missing_key'
  | 'unknown_name'
  | 'wrong_type'
  | 'bad_value'
  | 'bad_quantity'
  | 'bad_unit'
  | 'out_of_range'
  | 'bad_path'
  | 'yaml_syntax'
  | 'duplicate_key'
  | 'forbidden_key'
  | 'bad_number'
  | 'too_deep'
  | 'too_big'
  | 'many_documents'
  | 'empty'
  | 'csv_syntax'
  | 'file_missing'
  | 'file_unreadable'
  | 'not_text';

/** Where something stands. `line` and `column` count from 1 and are absent where the source has no lines. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One mistake: `problem` is a clause without a full stop that says what was found; `expected` what would be right. */
export interface InputIssue {
  readonly code: InputCode;
  readonly problem: string;
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
  readonly nearest?: string | undefined;
  readonly place?: Place | undefined;
}

/**
 * Bad input: a file, a flag or a quantity that a person can correct (exit code 2). Carries one issue or more; the
 * fields of the first are repeated on the error itself.
 */
export class InputError extends Error {
  readonly code: InputCode;
  readonly place: Place | undefined;
  readonly found: string | undefined;
  readonly expected: string | undefined;
  readonly nearest: string | undefined;
  readonly issues: readonly [InputIssue, ...InputIssue[]];

  constructor(first: InputIssue, ...more: readonly InputIssue[]) {
    super([first, ...more].map(formatIssue).join('\n'));
    this.name = 'InputError';
    this.code = first.code;
    this.place = first.place;
    this.found = first.found;
    this.expected = first.expected;
    this.nearest = first.nearest;
    this.issues = [first, ...more];
  }

  /** The same error, every issue without a place of its own now standing at `place`. */
  at(place: Place): InputError {
    const [first, ...more] = this.issues;
    const placed = (issue: InputIssue): InputIssue => ({ ...issue, place: issue.place ?? place });
    return new InputError(placed(first), ...more.map(placed));
  }
}

/** `file:line:column`, as far as it is known. */
export function formatPlace(place: Place): string {
  if (place.line === undefined) return place.file;
  return place.column === undefined ? `${place.file}:${place.line}` : `${place.file}:${place.line}:${place.column}`;
}

/** One line: place, problem, what was expected, the nearest valid name. */
export function formatIssue(issue: InputIssue): string {
  const place = issue.place ? `${formatPlace(issue.place)}: ` : '';
  const expected = issue.expected ? `; expected ${issue.expected}` : '';
  const hint = issue.nearest !== undefined && issue.expected !== quote(issue.nearest);
  const nearest = hint ? `; did you mean ${quote(issue.nearest!)}?` : '';
  return `${place}${issue.problem}${expected}${nearest}`;
}

/** Issues printed before the rest is only counted. */
const ISSUES_SHOWN = 20;

/** The error as people read it: one line an issue, the first twenty in full. */
export function formatInputError(error: InputError): string {
  const lines = error.issues.slice(0, ISSUES_SHOWN).map(formatIssue);
  const rest = error.issues.length - lines.length;
  if (rest > 0) lines.push(`… and ${rest} more`);
  return lines.join('\n');
}

/** Text in double quotes, cut to a readable length, control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

/** A value as a message names it: `"text"`, `12`, `true`, `nothing`, `a list`, `a map`. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : String(value);
}

/** Names listed in one message before the rest is only counted. */
const NAMES_SHOWN = 16;

/** `one of a, b, c`, long lists cut with their length. */
export function oneOf(names: readonly string[]): string {
  if (names.length === 0) return 'nothing (there is no valid name)';
  if (names.length === 1) return quote(names[0]!);
  if (names.length <= NAMES_SHOWN) return `one of ${names.join(', ')}`;
  return `one of ${names.slice(0, NAMES_SHOWN).join(', ')}, … (${names.length} in all)`;
}

/**
 * The error for a name outside a known set: `unknown machine "t4-gpc"; expected one of …; did you mean "t4-gcp"?`.
 * `what` is the noun.
 */
export function unknownName(
  what: string,
  found: string,
  names: readonly string[],
  place?: Place,
  nearest = nearestName(found, names),
): InputError {
  return new InputError({
    code: 'unknown_name',
    problem: `unknown ${what} ${quote(found)}`,
    found,
    expected: oneOf(names),
    nearest,
    place,
  });
}

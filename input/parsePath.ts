import { InputError, quote } from './errors.ts';
import { isForbiddenKey, type Path } from './path.ts';

const MAX_SEGMENTS = 64;
const NAME = /[^.[\]"'=\s]+/y;
const INDEX = /\[(\d{1,9})\]/y;
const QUOTED = /\[("(?:[^"\\]|\\.)*")\]/y;

/**
 * Reads a path such as `policy.placement.weights[0]` or `models["opt-1.3b"].layers`. With `until`, it may end before
 * that character, whose offset is `end`; `from` names the option in messages.
 * @throws InputError on an empty path, an empty name, an unfinished bracket, or a key that is not allowed.
 */
export function parsePath(text: string, from?: string, until?: string): { readonly path: Path; readonly end: number } {
  const path: (string | number)[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const fail = (problem: string): InputError =>
    new InputError({
      code: 'bad_path',
      problem: `${problem} in the path ${quote(text)}`,
      found: text.slice(0, 100),
      expected: 'names joined by dots, such as policy.placement.weights[0]',
      place: from === undefined ? undefined : { file: from },
    });
  while (at < text.length && text[at] !== until) {
    if (path.length > 0 && text[at] === '.') at++;
    else if (path.length > 0 && text[at] !== '[') throw fail(`${quote(text[at]!)} is out of place`);
    const found = match(INDEX) ?? match(QUOTED) ?? match(NAME);
    if (!found) throw fail('a name is missing');
    const segment = segmentOf(found);
    if (segment === undefined) throw fail('a quoted name is malformed');
    if (isForbiddenKey(String(segment))) throw fail(`the key ${quote(String(segment))} is not allowed`);
    path.push(segment);
    at += found[0].length;
    if (path.length > MAX_SEGMENTS) throw fail('there are too many names');
  }
  if (path.length === 0) throw fail('a name is missing');
  return { path, end: at };
}

function segmentOf([whole, inner]: RegExpExecArray): string | number | undefined {
  if (inner === undefined) return whole;
  if (!inner.startsWith('"')) return Number(inner);
  try {
    return JSON.parse(inner) as string;
  } catch {
    return undefined;
  }
}

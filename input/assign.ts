import { describeValue, InputError, oneOf, type Place, quote } from './errors.ts';
import { nearestName } from './nearest.ts';
import { parsePath } from './parsePath.ts';
import { formatPath, getPath, isForbiddenKey, isMap, type Path } from './path.ts';
import { parseYaml, type YamlSource } from './yaml.ts';

/** A value for a path, as `--set path=value` or a case's `set` gives it. `from` names it in messages. */
export interface Assignment {
  readonly path: Path;
  readonly value: unknown;
  readonly from: string;
}

export interface SetOptions {
  /** Whether keys that do not exist yet are added; unless it is true they are errors. */
  readonly create?: boolean;
}

/**
 * Reads `a.b[0].c=VALUE`, where VALUE is YAML (`policy.kv={preset: h2o, ratio: 0.2}`). `flag` names the option.
 * @throws InputError on a missing `=`, a bad path or bad YAML.
 */
export function parseAssignment(text: string, flag = '--set'): Assignment {
  const { path, rest, from } = splitAssignment(text, flag);
  return { path, value: plainWord(rest) ?? parseYaml(rest, from, { root: 'any' }).value, from };
}

/** What most values are, a word or a whole number, read without the parser; undefined for all that YAML may read otherwise. */
function plainWord(text: string): string | number | undefined {
  if (/^(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  return /^[a-z][a-z0-9-]*$/.test(text) && !/^(true|false|null)$/.test(text) ? text : undefined;
}

/** Reads `path=a,b,c`: the values are YAML between commas (`workload.batch=1,2,4`, `k=[1,2],[3,4]` is two lists). */
export function parseVariation(text: string, flag = '--vary'): { readonly path: Path; readonly values: unknown[] } {
  const { path, rest, from } = splitAssignment(text, flag);
  const { value } = parseYaml(`[${rest}]`, from, { root: 'any' });
  if (!Array.isArray(value) || value.length === 0) {
    throw new InputError({ code: 'bad_value', problem: `${from} has no values`, expected: 'values between commas' });
  }
  return { path, values: value };
}

function splitAssignment(text: string, flag: string): { path: Path; rest: string; from: string } {
  const { path, end } = parsePath(text, flag, '=');
  const from = `${flag} ${formatPath(path)}`;
  const rest = text.slice(end + 1);
  if (rest.trim() !== '') return { path, rest, from };
  const problem = text[end] === '=' ? 'there is nothing after the =' : `${quote(text)} has no =`;
  const expected = `a value, as in ${formatPath(path)}=VALUE`;
  throw new InputError({ code: 'bad_value', problem, expected, place: { file: from } });
}

/**
 * `data` with `value` at `path`; `data` itself does not change. Elements of a list are addressed by index or, where
 * they are maps with an `id`, by that.
 * @throws InputError where the path leads nowhere, with the nearest key.
 */
export function setPath(data: unknown, path: string | Path, value: unknown, options: SetOptions = {}): unknown {
  const segments = typeof path === 'string' ? parsePath(path).path : path;
  return put(data, resolvePath(data, segments, options), 0, value);
}

/**
 * The path with list elements by index and map keys as text, every step checked against `data`. With `create`, keys
 * beyond what exists are taken as they are.
 */
function resolvePath(data: unknown, path: Path, { create = false }: SetOptions): (string | number)[] {
  const resolved: (string | number)[] = [];
  let here = data;
  for (const segment of path) {
    if (isForbiddenKey(String(segment))) {
      throw badPath(`the key ${quote(String(segment))} is not allowed`, {});
    }
    if (Array.isArray(here)) resolved.push(indexIn(here, segment, resolved, create));
    else if (isMap(here)) resolved.push(keyIn(here, String(segment), resolved, create));
    else if (create && (here === undefined || here === null)) resolved.push(segment === 0 ? 0 : String(segment));
    else {
      const problem = `${formatPath(resolved) || 'the document'} is ${describeValue(here)}`;
      throw badPath(problem, { expected: `a map or a list that holds ${quote(String(segment))}` });
    }
    here = getPath(here, resolved.slice(-1));
  }
  return resolved;
}

const badPath = (problem: string, more: { found?: string; expected?: string; nearest?: string | undefined }) =>
  new InputError({ code: 'bad_path', problem, ...more });

const inside = (path: Path): string => (path.length > 0 ? ` in ${formatPath(path)}` : '');

function keyIn(map: Readonly<Record<string, unknown>>, key: string, way: Path, create: boolean): string {
  if (create || Object.hasOwn(map, key)) return key;
  const keys = Object.keys(map);
  const problem = `there is no ${quote(key)}${inside(way)}`;
  throw badPath(problem, { found: key, expected: oneOf(keys), nearest: nearestName(key, keys) });
}

function indexIn(list: readonly unknown[], segment: string | number, way: Path, create: boolean): number {
  const index = /^\d{1,9}$/.test(String(segment)) ? Number(segment) : undefined;
  if (index !== undefined && index < list.length + (create ? 1 : 0)) return index;
  const ids = list.map(idOf);
  const found = ids.indexOf(String(segment));
  if (found >= 0 && segment !== '') return found;
  const named = ids.filter((id) => id !== '');
  const bounds = list.length > 0 ? `an index from 0 to ${list.length - 1}` : 'no index, for the list is empty';
  throw badPath(`there is no element ${quote(String(segment))}${inside(way)}`, {
    found: String(segment),
    expected: named.length > 0 ? `${oneOf(named)}, or ${bounds}` : bounds,
    nearest: nearestName(String(segment), named),
  });
}

function idOf(item: unknown): string {
  const id = getPath(item, ['id']);
  return typeof id === 'string' || typeof id === 'number' ? String(id) : '';
}

function put(here: unknown, path: Path, step: number, value: unknown): unknown {
  const segment = path[step];
  if (segment === undefined) return value;
  if (typeof segment === 'number') {
    const list: unknown[] = Array.isArray(here) ? [...here] : [];
    list[segment] = put(list[segment], path, step + 1, value);
    return list;
  }
  const map = isMap(here) ? here : {};
  const old = Object.hasOwn(map, segment) ? map[segment] : undefined;
  return { ...map, [segment]: put(old, path, step + 1, value) };
}

/**
 * The source with all assignments applied in order. What an assignment brought in is placed at that assignment, so
 * `validate` blames the flag and not the file.
 */
export function applyAssignments(
  source: YamlSource,
  assignments: readonly Assignment[],
  options: SetOptions = { create: true },
): YamlSource {
  let value = source.value;
  const applied: { readonly path: Path; readonly place: Place }[] = [];
  for (const assignment of assignments) {
    const place: Place = { file: assignment.from };
    try {
      const path = resolvePath(value, assignment.path, options);
      value = put(value, path, 0, assignment.value);
      applied.unshift({ path, place });
    } catch (error) {
      throw error instanceof InputError ? error.at(place) : error;
    }
  }
  return {
    file: source.file,
    value,
    place(path, part) {
      const isNew = getPath(source.value, path) === undefined;
      const cause = applied.find((a) => startsWith(path, a.path) || (isNew && startsWith(a.path, path)));
      return cause ? cause.place : source.place(path, part);
    },
  };
}

function startsWith(path: Path, head: Path): boolean {
  return path.length >= head.length && head.every((segment, i) => String(segment) === String(path[i]));
}

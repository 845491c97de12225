import * as v from 'valibot';
import { describeValue, type InputIssue, oneOf, quote } from './errors.ts';
import { nearestName } from './nearest.ts';
import { formatPath, getPath, isMap, type Path } from './path.ts';
import {
  alternatives,
  describeSchema,
  dimensionOf,
  keysOf,
  kindsOf,
  literalsOf,
  nodesAt,
  type SchemaNode,
  unionOptions,
  unwrap,
} from './schemaNode.ts';

/** An issue that knows its path; the place comes from the source. */
export interface PathIssue extends InputIssue {
  readonly path: Path;
  readonly part: 'key' | 'value';
}

type Issue = v.BaseIssue<unknown>;

/** A step into a message: what is validated, against what, and where it stands in its file. */
interface Scope {
  readonly root: SchemaNode;
  readonly value: unknown;
  readonly base: Path;
}

/** Turns what valibot found wrong with `value` into our issues, each mistake once; `base` is put before every path. */
export function explainIssues(issues: readonly Issue[], root: SchemaNode, value: unknown, base: Path): PathIssue[] {
  const scope = { root, value, base };
  const explained = issues.flatMap((issue) => explain(issue, scope));
  const wanted = new Set(explained.filter((i) => i.code === 'unknown_key').map((i) => keyId(i.path, i.nearest)));
  const seen = new Set<string>();
  return explained.filter((issue) => {
    // A misspelt key that was required is one mistake, not two.
    if (issue.code === 'missing_key' && wanted.has(keyId([...issue.path, ''], issue.found))) return false;
    const id = `${formatPath(issue.path)} ${issue.problem}`;
    return !seen.has(id) && seen.add(id);
  });
}

const keyId = (path: Path, key: string | undefined): string => `${formatPath(path.slice(0, -1))} ${key ?? ''}`;

function explain(issue: Issue, scope: Scope): PathIssue[] {
  const path = (issue.path ?? []).map((item) => item.key as string | number);
  const last = issue.path?.at(-1);
  const nodes = nodesAt(scope.root, scope.value, path);
  if (last?.origin === 'key' && issue.kind === 'schema' && issue.type.endsWith('object')) {
    const parent = path.slice(0, -1);
    if (!isMap(getPath(scope.value, parent))) return [wrongType(scope, parent)];
    return issue.expected === 'never' ? unknownKeys(scope, parent) : [missingKey(scope, parent, String(path.at(-1)))];
  }
  if (last?.origin === 'key') return [invalidKey(issue, scope, path)];
  if (issue.type === 'quantity') return [{ ...(issue.requirement as InputIssue), ...named(issue, scope, path) }];
  const parent = path.slice(0, -1);
  if (issue.type === 'variant' && nodes.every((node) => unwrap(node).type !== 'variant')) {
    const owner = getPath(scope.value, parent);
    if (isMap(owner)) return [unknownKind(scope, parent, String(path.at(-1)), issue.input)];
  }
  if (issue.type === 'union') return closestOption(issue, scope, path, nodes);
  if (issue.kind === 'schema') return [wrongType(scope, path)];
  return [failedCheck(issue, scope, path)];
}

const at = (scope: Scope, path: Path, part: 'key' | 'value') => ({ path: [...scope.base, ...path], part });

/** ` in policy.placement`, or nothing at the root. */
function inside(scope: Scope, path: Path): string {
  const text = formatPath([...scope.base, ...path]);
  return text === '' ? '' : ` in ${text}`;
}

/** A quantity's own message with the field's name before it. */
function named(issue: Issue, scope: Scope, path: Path): Pick<PathIssue, 'problem' | 'path' | 'part'> {
  const { problem } = issue.requirement as InputIssue;
  const name = formatPath([...scope.base, ...path]);
  return { ...at(scope, path, 'value'), problem: name ? `${name}: ${problem}` : problem };
}

function unknownKeys(scope: Scope, parent: Path): PathIssue[] {
  const map = getPath(scope.value, parent) as Record<string, unknown>;
  const nodes = nodesAt(scope.root, scope.value, parent).flatMap((node) => alternatives(node, map));
  const valid = keysOf(nodes);
  const unused = valid.filter((key) => !Object.hasOwn(map, key));
  return Object.keys(map)
    .filter((key) => !valid.includes(key))
    .map((key) => ({
      ...at(scope, [...parent, key], 'key'),
      code: 'unknown_key',
      problem: `unknown key ${quote(key)}${inside(scope, parent)}`,
      found: key,
      expected: oneOf(valid),
      nearest: nearestName(key, unused),
    }));
}

/** A key of a record that its schema for keys refuses. */
function invalidKey(issue: Issue, scope: Scope, path: Path): PathIssue {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const record = nodesAt(scope.root, scope.value, parent)
    .flatMap((node) => alternatives(node, getPath(scope.value, parent)))
    .find((node) => node.type === 'record');
  const words = literalsOf(record?.key as SchemaNode | undefined).map(String);
  return {
    ...at(scope, path, 'key'),
    code: 'unknown_key',
    problem: `the key ${quote(key)}${inside(scope, parent)} is not valid`,
    found: key,
    expected:
      words.length > 0 ? oneOf(words) : (REQUIREMENTS[issue.type]?.(String(issue.requirement)) ?? issue.message),
    nearest: nearestName(key, words),
  };
}

function missingKey(scope: Scope, parent: Path, key: string): PathIssue {
  const node = nodesAt(scope.root, scope.value, [...parent, key])[0];
  const problem = `the key ${quote(key)} is missing${inside(scope, parent)}`;
  const expected = node ? describeSchema(node) : undefined;
  return { ...at(scope, parent, 'value'), code: 'missing_key', problem, found: key, expected };
}

function unknownKind(scope: Scope, parent: Path, key: string, found: unknown): PathIssue {
  const owner = getPath(scope.value, parent);
  const nodes = nodesAt(scope.root, scope.value, parent).flatMap((node) => alternatives(node, owner));
  const kinds = kindsOf(nodes, key);
  const expected = oneOf(kinds);
  if (found === undefined) {
    const stray = nearestName(key, Object.keys(owner as object));
    const problem = `the key ${quote(key)} is missing${inside(scope, parent)}`;
    if (stray === undefined) return { ...at(scope, parent, 'value'), code: 'missing_key', problem, expected };
    const unknown = `unknown key ${quote(stray)}${inside(scope, parent)}`;
    return { ...at(scope, [...parent, stray], 'key'), code: 'unknown_key', problem: unknown, expected: quote(key) };
  }
  return {
    ...at(scope, [...parent, key], 'value'),
    code: typeof found === 'string' ? 'unknown_name' : 'wrong_type',
    problem: `unknown ${key} ${describeValue(found)}${inside(scope, parent)}`,
    found: describeValue(found),
    expected,
    nearest: typeof found === 'string' ? nearestName(found, kinds) : undefined,
  };
}

/** A value of the wrong sort, or text that is none of the allowed words. */
function wrongType(scope: Scope, path: Path): PathIssue {
  const value = getPath(scope.value, path);
  const nodes = nodesAt(scope.root, scope.value, path);
  const words = nodes.flatMap(literalsOf).filter((literal) => typeof literal === 'string');
  const name = formatPath([...scope.base, ...path]) || 'the document';
  return {
    ...at(scope, path, 'value'),
    code: typeof value === 'string' && words.length > 0 ? 'unknown_name' : 'wrong_type',
    problem: `${name} is ${describeValue(value)}`,
    found: describeValue(value),
    expected: [...new Set(nodes.map(describeSchema))].join(', or '),
    nearest: typeof value === 'string' ? nearestName(value, words) : undefined,
  };
}

/** Explains a failed union by the one option whose shape the value has; without one, says what all options expect. */
function closestOption(issue: Issue, scope: Scope, path: Path, nodes: readonly SchemaNode[]): PathIssue[] {
  if (nodes.some((node) => dimensionOf(node) !== undefined)) return [wrongType(scope, path)];
  const tried = nodes
    .flatMap((node) => unionOptions(node, issue.input))
    .map((node) => ({ node, issues: v.safeParse(node as unknown as v.GenericSchema, issue.input).issues ?? [] }))
    .filter(({ issues }) => issues.length > 0 && !issues.some((i) => i.kind === 'schema' && i.path === undefined))
    .filter(({ node }) => !Array.isArray(issue.input) || node.entries === undefined)
    .sort((a, b) => a.issues.length - b.issues.length);
  const best = tried[0];
  if (!best) return [wrongType(scope, path)];
  return explainIssues(best.issues, best.node, issue.input, [...scope.base, ...path]);
}

/** What the checks of a pipe require, said as a clause. */
const REQUIREMENTS: Readonly<Record<string, (limit: string) => string>> = {
  integer: () => 'a whole number',
  safe_integer: () => 'a whole number',
  finite: () => 'a finite number',
  min_value: (limit) => `at least ${limit}`,
  max_value: (limit) => `at most ${limit}`,
  gt_value: (limit) => `more than ${limit}`,
  lt_value: (limit) => `less than ${limit}`,
  multiple_of: (limit) => `a multiple of ${limit}`,
  non_empty: () => 'something that is not empty',
  min_length: (limit) => `a length of at least ${limit}`,
  max_length: (limit) => `a length of at most ${limit}`,
  length: (limit) => `a length of ${limit}`,
  min_entries: (limit) => `at least ${limit} keys`,
  max_entries: (limit) => `at most ${limit} keys`,
  regex: (limit) => `text of the form ${limit}`,
};

function failedCheck(issue: Issue, scope: Scope, path: Path): PathIssue {
  const name = formatPath([...scope.base, ...path]) || 'the document';
  const custom = issue.message.startsWith('Invalid ') ? undefined : issue.message;
  const bound = /_value$/.test(issue.type);
  const base = { ...at(scope, path, 'value'), code: bound ? ('out_of_range' as const) : ('bad_value' as const) };
  if (custom !== undefined) return { ...base, problem: `${name}: ${custom}`, found: describeValue(issue.input) };
  const expected = REQUIREMENTS[issue.type]?.(String(issue.requirement)) ?? issue.expected ?? undefined;
  return { ...base, problem: `${name} is ${describeValue(issue.input)}`, found: describeValue(issue.input), expected };
}

import type { InputIssue, Place } from '../input/errors.ts';
import { nearestName } from '../input/nearest.ts';
import { formatPath, isMap, type Path } from '../input/path.ts';

/**
 * The rule that every number of a machine file carries a source, and how to list the numbers.
 * @module
 */

/** Keys that say where numbers come from, and so are no fields themselves. */
const PROVENANCE: ReadonlySet<string> = new Set(['source', 'fitted_on', 'illustrative', 'variants', 'id', 'title']);

type PlaceOf = (path: Path, part?: 'key' | 'value') => Place;

/** A number of a machine file, or a curve of numbers, and what is known about it. */
export interface NumericField {
  readonly path: Path;
  readonly value: number | readonly (readonly number[])[];
  /** Undefined where neither its map nor an enclosing one gives a source. */
  readonly source: string | undefined;
  /** Claims the value was fitted on; empty where it was not fitted. */
  readonly fitted_on: readonly string[];
  /** No source gives the value. */
  readonly illustrative: boolean;
}

const isField = (value: unknown): value is NumericField['value'] => typeof value === 'number' || Array.isArray(value);

/** Every number and curve of validated machine data, in the order of the file. */
export function numericFields(data: unknown): NumericField[] {
  return fieldsOf(data, [], undefined);
}

function fieldsOf(map: unknown, path: Path, inherited: string | undefined): NumericField[] {
  if (!isMap(map)) return [];
  const { source, fitted_on, illustrative } = map;
  const rest = typeof source === 'string' ? source : isMap(source) ? (source['default'] ?? inherited) : inherited;
  return Object.entries(map).flatMap(([key, value]): NumericField[] => {
    if (PROVENANCE.has(key)) return [];
    const own = isMap(source) && Object.hasOwn(source, key) ? source[key] : rest;
    const text = typeof own === 'string' ? own : undefined;
    if (!isField(value)) return fieldsOf(value, [...path, key], text);
    const claims = isMap(fitted_on) && Object.hasOwn(fitted_on, key) ? (fitted_on[key] as string[]) : [];
    const open = Array.isArray(illustrative) && illustrative.includes(key);
    return [{ path: [...path, key], value, source: text, fitted_on: claims, illustrative: open }];
  });
}

/** Numbers without a source, and sources, fits or marks of fields that are not there. */
export function sourceIssues(data: unknown, placeOf: PlaceOf): InputIssue[] {
  const unsourced = numericFields(data)
    .filter((field) => field.source === undefined)
    .map(
      ({ path }): InputIssue => ({
        code: 'missing_key',
        problem: `${formatPath(path)} has no source`,
        expected: 'a "source" in its map or in one around it',
        place: placeOf(path, 'key'),
      }),
    );
  return [...unsourced, ...strayIssues(data, [], placeOf)];
}

function strayIssues(map: unknown, path: Path, placeOf: PlaceOf): InputIssue[] {
  if (!isMap(map)) return [];
  const fields = Object.keys(map).filter((key) => !PROVENANCE.has(key));
  const stray = (where: string, names: readonly string[]): InputIssue[] =>
    names
      .filter((name) => !fields.includes(name))
      .map((name) => ({
        code: 'unknown_name',
        problem: `${formatPath([...path, where])} names the field ${JSON.stringify(name)}, which is not there`,
        found: name,
        expected: `one of ${fields.join(', ')}`,
        nearest: nearestName(name, fields),
        place: placeOf([...path, where, name], 'key'),
      }));
  const { source, fitted_on, illustrative } = map;
  return [
    ...stray('source', isMap(source) ? Object.keys(source).filter((key) => key !== 'default') : []),
    ...stray('fitted_on', isMap(fitted_on) ? Object.keys(fitted_on) : []),
    ...stray('illustrative', Array.isArray(illustrative) ? (illustrative as string[]) : []),
    ...Object.entries(map).flatMap(([key, value]) =>
      PROVENANCE.has(key) ? [] : strayIssues(value, [...path, key], placeOf),
    ),
  ];
}

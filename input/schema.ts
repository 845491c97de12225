import * as v from 'valibot';
import { DIMENSIONS, type Dimension } from './dimensions.ts';
import { InputError, type InputIssue, type Place } from './errors.ts';
import { explainIssues } from './issues.ts';
import { getPath, type Path } from './path.ts';
import { schemaNode } from './schemaNode.ts';
import { parseQuantity } from './units.ts';
import type { YamlSource } from './yaml.ts';

/** A schema that reads a quantity as people write it and gives its number in the unit of the field. */
export type QuantitySchema = v.GenericSchema<string | number, number>;

export interface QuantityOptions {
  /** What the field means, for messages, editors and documentation. */
  readonly description: string;
  /** Least value, in the unit of the field; 0 unless said otherwise. */
  readonly min?: number;
  readonly exclusiveMin?: number;
  readonly max?: number;
}

/** The pipe action of a quantity; `toJsonSchema` reads its limits. */
export interface QuantityAction extends v.BaseTransformation<string | number, number, v.BaseIssue<unknown>> {
  readonly type: 'quantity';
  readonly dimension: Dimension;
  readonly limits: Omit<QuantityOptions, 'description'>;
}

/**
 * A field that holds a quantity: accepts plain numbers in the unit of its name and text such as `16 GiB`, and gives
 * the number. Negative values are refused unless `min` allows them.
 */
export function quantity(dimension: Dimension, options: QuantityOptions): QuantitySchema {
  const { description, ...limits } = options;
  const { examples, plain } = DIMENSIONS[dimension];
  return v.pipe(
    v.union([v.number(), v.string()]),
    v.description(`${description.replace(/\.$/, '')} (a plain number is in ${plain}).`),
    v.examples([...examples]),
    quantityAction(dimension, limits),
  );
}

function quantityAction(dimension: Dimension, limits: QuantityAction['limits']): QuantityAction {
  const allowNegative = (limits.min ?? limits.exclusiveMin ?? 0) < 0;
  return {
    kind: 'transformation',
    type: 'quantity',
    reference: quantityAction as QuantityAction['reference'],
    async: false,
    dimension,
    limits,
    '~run'(dataset, config) {
      const input = dataset.value;
      try {
        const value = parseQuantity(input, dimension, { allowNegative });
        checkLimits(value, input, dimension, limits);
        return { typed: true, value };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        return { typed: false, value: input, issues: [quantityIssue(input, error, config)] };
      }
    },
  };
}

function checkLimits(
  value: number,
  input: string | number,
  dimension: Dimension,
  { min, exclusiveMin, max }: QuantityAction['limits'],
): void {
  let expected: string | undefined;
  if (min !== undefined && value < min) expected = `at least ${min}`;
  else if (exclusiveMin !== undefined && value <= exclusiveMin) expected = `more than ${exclusiveMin}`;
  else if (max !== undefined && value > max) expected = `at most ${max}`;
  if (expected === undefined) return;
  const unit = DIMENSIONS[dimension].plain;
  throw new InputError({
    code: 'out_of_range',
    problem: `${typeof input === 'string' ? JSON.stringify(input) : input} is out of range`,
    found: String(input),
    expected: dimension === 'fraction' || dimension === 'count' ? expected : `${expected} ${unit}`,
  });
}

function quantityIssue(
  input: string | number,
  error: InputError,
  config: v.Config<v.BaseIssue<unknown>>,
): v.BaseIssue<unknown> {
  const detail: InputIssue = error.issues[0];
  return {
    kind: 'transformation',
    type: 'quantity',
    input,
    expected: detail.expected ?? null,
    received: JSON.stringify(input),
    message: error.message,
    requirement: detail,
    lang: config.lang,
    abortEarly: config.abortEarly,
    abortPipeEarly: config.abortPipeEarly,
  };
}

/**
 * The value of `source` (or what stands at `at` in it) as the schema outputs it.
 * @throws InputError with every mistake at its `file:line:column`: unknown keys with the nearest valid one, missing
 * keys, wrong types, names outside their set, quantities that cannot be read.
 */
export function validate<const S extends v.GenericSchema>(
  schema: S,
  source: YamlSource,
  at: Path = [],
): v.InferOutput<S> {
  const value = getPath(source.value, at);
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [first, ...more] = explainIssues(result.issues, schemaNode(schema), value, at).map(
    ({ path, part, ...issue }): InputIssue => ({ ...issue, place: source.place(path, part) }),
  );
  throw new InputError(first ?? { code: 'bad_value', problem: result.issues[0].message }, ...more);
}

/** Plain data as a source, for values that come from code: places are its name alone. */
export function dataSource(value: unknown, name: string): YamlSource {
  const place: Place = { file: name };
  return { file: name, value, place: () => place };
}

import * as v from 'valibot';
import { type QuantityOptions, type QuantitySchema, quantity } from '../input/schema.ts';
import type { Dimension } from '../input/units.ts';

/**
 * The kinds of field that machine files are made of.
 * @module
 */

/** What every map of a machine file may say about where its numbers come from. */
export const provenance = {
  source: v.exactOptional(
    v.pipe(
      v.union([v.pipe(v.string(), v.nonEmpty()), v.record(v.string(), v.pipe(v.string(), v.nonEmpty()))]),
      v.description(
        'Where the numbers of this map come from: one text for all of them, or a map from field to text whose ' +
          '`default` covers the rest. Maps inside inherit it.',
      ),
    ),
  ),
  fitted_on: v.exactOptional(
    v.pipe(
      v.record(v.string(), v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.minLength(1))),
      v.description('Fields whose value was fitted, each with the ids of the claims it was fitted on.'),
    ),
  ),
  illustrative: v.exactOptional(
    v.pipe(
      v.array(v.pipe(v.string(), v.nonEmpty())),
      v.description('Fields that no source gives; reports that use them say so.'),
    ),
  ),
};

export const text = (description: string) => v.pipe(v.string(), v.nonEmpty(), v.description(description));
export const memoryId = (description: string) => text(`${description} (an id of this file's \`memories\`)`);

/** A quantity above zero: a rate, a capacity, a power. */
export const positive = (
  dimension: Dimension,
  description: string,
  more: Partial<QuantityOptions> = {},
): QuantitySchema => quantity(dimension, { description, exclusiveMin: 0, ...more });
export const rate = (description: string) => v.exactOptional(positive('bytes_per_s', description));
export const time = (description: string) => v.exactOptional(quantity('s', { description }));
export const fraction = (description: string) => positive('fraction', description, { max: 1 });

/** A curve as a list of [size, value], sizes ascending. */
export function curve(x: QuantitySchema, y: QuantitySchema, description: string) {
  return v.pipe(v.array(v.tuple([x, y])), v.minLength(1), v.description(description));
}

/** A fraction, or a curve of it by size. */
export const fractionBy = (size: QuantitySchema, of: string, description: string) =>
  v.pipe(
    v.union([fraction(of), curve(size, fraction(of), `${of}, by size.`)]),
    v.description(`${description} One number, or a list of [size, fraction] that is linear in log(size).`),
  );

export const energy = v.pipe(
  v.strictObject({
    low_j_per_byte: positive('j_per_byte', 'Lowest published energy of moving a byte'),
    high_j_per_byte: positive('j_per_byte', 'Highest published energy of moving a byte'),
    ...provenance,
  }),
  v.description('Energy of an access as a range, since sources differ.'),
);

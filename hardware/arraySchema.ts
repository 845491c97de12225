import * as v from 'valibot';
import { quantity } from '../input/schema.ts';
import { positive, provenance } from './schemaParts.ts';

const joules = (description: string) => quantity('j', { description });

/** A spatial array: processing elements that a dataflow is mapped onto cycle by cycle. */
export const arraySchema = v.strictObject({
  rows: v.exactOptional(positive('count', 'Rows of processing elements. Absent: one row of lanes')),
  columns: positive('count', 'Columns of processing elements'),
  clock_hz: positive('hz', 'Clock'),
  energy: v.exactOptional(
    v.pipe(
      v.strictObject({
        multiply_add_j: joules('Energy of a multiply-add'),
        add_j: joules('Energy of an addition'),
        exponent_j: joules('Energy of an exponential unit'),
        divide_j: joules('Energy of a division'),
        one_pass_buffer_j: joules('Energy of the on-chip accesses of one score where scores stay in the array'),
        row_wise_buffer_j: joules('Energy of the on-chip accesses of one score where rows of scores are buffered'),
        ...provenance,
      }),
      v.description('Energy of its operations and of the on-chip accesses around them.'),
    ),
  ),
  ...provenance,
});

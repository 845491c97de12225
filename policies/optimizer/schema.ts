import * as v from 'valibot';

type Bits = 0 | 4 | 8 | 16 | 32;
const bits = (description: string, otherwise: Bits) =>
  v.optional(
    v.pipe(v.picklist([0, 4, 8, 16, 32] as Bits[]), v.description(`${description} Default ${otherwise}.`)),
    otherwise,
  );

const zero = {
  zero: v.optional(
    v.pipe(
      v.picklist([0, 1, 2, 3]),
      v.description(
        'ZeRO stage: the copies of the model share optimizer state (1), gradients too (2), weights too (3).',
      ),
    ),
    0,
  ),
  offload: v.optional(
    v.pipe(
      v.picklist(['none', 'optimizer', 'optimizer-and-weights']),
      v.description('What lives in host memory and is updated there.'),
    ),
    'none',
  ),
  gradient_bits: bits('Bits of one summed gradient.', 32),
  reduce_bits: v.optional(
    v.pipe(v.picklist([16, 32]), v.description('Bits of one gradient on the wire. Default: `gradient_bits`.')),
  ),
  weight_bits: bits('Bits of one weight as computed with.', 16),
  master_bits: bits('Bits of the master copy of a weight; 0 = none.', 32),
  per_layer: v.optional(
    v.pipe(v.boolean(), v.description('The update follows each layer at once, so one layer of gradients lives.')),
    false,
  ),
};

export const adamSchema = v.strictObject({
  kind: v.literal('adam'),
  ...zero,
  moment_bits: bits('Bits of one element of each of the two moments.', 32),
});

export const adam8Schema = v.strictObject({
  kind: v.literal('adam-8bit'),
  ...zero,
  block: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.description('Elements that share one fp32 scale. Default 2048.')),
    2048,
  ),
});

export const sgdSchema = v.strictObject({ kind: v.literal('sgd'), ...zero });

export const optimizerSchema = v.variant('kind', [adamSchema, adam8Schema, sgdSchema]);
export type OptimizerFields = v.InferOutput<typeof optimizerSchema>;

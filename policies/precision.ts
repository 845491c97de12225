import * as v from 'valibot';
import { InputError } from '../input/index.ts';
import type { Precision } from '../sim/types/index.ts';

const bits = (what: string) =>
  v.optional(
    v.pipe(
      v.number(),
      v.minValue(1),
      v.maxValue(32),
      v.description(`Stored bits of one element of ${what}. Default 16.`),
    ),
    16,
  );

/** The `precision` part: bits of what is stored and moved. */
export const precisionSchema = v.strictObject({
  weight_bits: bits('the weights'),
  kv_bits: bits('the KV cache'),
  activation_bits: bits('the hidden states between layers'),
  group_size: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.description('Elements that share one scale and minimum below 16 bits. Default 64.'),
    ),
    64,
  ),
  group_overhead_bits: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.description('Bits of scale and minimum of one group. Default 32 (two fp16 numbers).'),
    ),
    32,
  ),
  weight_kernels: v.exactOptional(
    v.pipe(
      v.picklist(['fused', 'expanded']),
      v.description(
        'How products read weights below 16 bits: as stored, widened inside the kernel (`fused`), or from a copy made before each use (`expanded`). Default: what the runtime of the placement does; `resident` and `hot-cold` are fused, the others expand.',
      ),
    ),
  ),
});

/** Placements whose runtimes read weights as they are stored; the others copy them out first (FlexGen, ZeRO-Inference). */
const FUSED: ReadonlySet<string> = new Set(['resident', 'hot-cold']);

/**
 * The precision of a policy under a placement, or the model's own 16 bits where it says nothing.
 * @throws InputError for fused kernels under a placement whose runtime has none.
 */
export function precisionOf(part: v.InferOutput<typeof precisionSchema> | undefined, placement: string): Precision {
  const precision = part ?? v.parse(precisionSchema, {});
  const own = FUSED.has(placement) ? 'fused' : 'expanded';
  if (precision.weight_kernels === 'fused' && own !== 'fused') {
    throw new InputError({
      code: 'bad_value',
      problem: `the runtime of placement ${placement} expands weights before each use`,
      found: 'weight_kernels: fused',
      expected: `weight_kernels: expanded, or placement ${[...FUSED].join(' or ')}`,
    });
  }
  return { ...precision, weight_kernels: precision.weight_kernels ?? own };
}

import * as v from 'valibot';
import { InputError } from '../../input/index.ts';
import type { Training } from '../../sim/types/index.ts';
import { ADAPTER, BASE, METHOD_KINDS, METHODS, type Method, PROJECTION } from './methods.ts';

const BITS = [0, 2, 3, 4, 8, 16, 32] as const;
const bits = (description: string) =>
  v.optional(v.pipe(v.picklist(BITS), v.description(`${description} Default: the kind's.`)));
const count = (description: string, least = 1) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.description(description)));
const flag = (description: string) => v.optional(v.pipe(v.boolean(), v.description(description)));
const share = (description: string, most: number) =>
  v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(most), v.description(description)));

const projectionSchema = v.strictObject({
  rank: count(`Rank to which gradients are projected. Default ${PROJECTION.rank}.`),
  projector_bits: bits('Bits of one element of a projector.'),
  history: count('Past projected gradients that are kept for a natural-gradient step.', 0),
});

const adapterSchema = v.strictObject({
  form: v.optional(
    v.pipe(
      v.picklist(['low-rank', 'bottleneck']),
      v.description(
        '`low-rank`: beside a matrix (LoRA); `bottleneck`: after a product, down and up again. Default `low-rank`.',
      ),
    ),
  ),
  rank: count(`Rank of an adapter, or width of a bottleneck. Default ${ADAPTER.rank}.`),
  targets: v.optional(
    v.pipe(
      v.array(v.string()),
      v.description(
        'Matrices with an adapter: query, key, value, projection, gate, up, down, router, head; products with a bottleneck: projection, cross_projection, down. None: `norms`, `biases` or a `prompt` alone.',
      ),
    ),
  ),
  norms: flag('Norms train too. Default false.'),
  biases: flag('Every product and norm gets a bias that trains (BitFit, where the model has none). Default false.'),
  prompt: count('Tokens that train in front of each sequence; `workload.seq` counts them. Default 0.', 0),
  dropout: flag('The adapter input passes a dropout, whose mask and output are kept.'),
  own_input: flag(
    'Without dropout, each adapter keeps a copy of its input, cast for its fp32 weights (PEFT). Default false.',
  ),
});

const baseSchema = v.strictObject({
  bits: share('Bits of one stored element of a frozen matrix. Default: the kind’s, else 16.', 32),
  block: count('Elements that share one scale; 0 = none.', 0),
  scale_bits: share(`Bits of one scale. Default ${BASE.scale_bits}.`, 32),
  scale_block: count('Scales that share a scale of 32 bits (double quantisation); 0 = none.', 0),
  extra_bits: share('Further bits an element, such as a codebook spread over its matrix.', 16),
  expanded_copies: v.optional(
    v.pipe(v.picklist([1, 2]), v.description('16-bit copies of a matrix that stand while a product reads it.')),
  ),
  keeps_input: flag('A product with expanded weights keeps its input although they are frozen (bitsandbytes to 0.43).'),
  head: flag('The vocabulary projection is stored in these bits too.'),
  embedding: flag('The token table is stored in these bits too.'),
});

const clusteringSchema = v.strictObject({
  bits: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(1),
    v.maxValue(8),
    v.description('Bits of a centroid: 2^bits of them.'),
  ),
  unique: v.optional(
    v.pipe(v.boolean(), v.description('A row for each distinct 16-bit value and an index a weight. Default true.')),
    true,
  ),
  shards: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.description('Ranks that share the indices. Default 1.')),
    1,
  ),
  copies: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.description('Times the same map is saved. Default 1.')),
    1,
  ),
});

export const optimizerSchema = v.strictObject({
  kind: v.pipe(v.picklist(METHOD_KINDS), v.description('The method; its numbers are defaults of the other fields.')),
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
  gradient_bits: bits('Bits of one summed gradient.'),
  reduce_bits: v.optional(
    v.pipe(v.picklist([16, 32]), v.description('Bits of one gradient on the wire. Default: `gradient_bits`.')),
  ),
  weight_bits: bits('Bits of one trained weight as computed with.'),
  master_bits: bits('Bits of the master copy of a weight; 0 = none.'),
  moment_bits: bits('Bits of one element of each moment.'),
  block: count('Elements of a moment that share one fp32 scale; 0 = none.', 0),
  release_gradients: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'The update frees gradients and backward makes them again, so that forward runs without them (`zero_grad(set_to_none=True)`, PyTorch’s default since 2.0). Default false.',
      ),
    ),
  ),
  per_layer: v.optional(
    v.pipe(v.boolean(), v.description('The update follows each layer at once, so one layer of gradients lives.')),
    false,
  ),
  projection: v.optional(v.pipe(projectionSchema, v.description('Gradients of matrices are projected to a rank.'))),
  adapter: v.optional(v.pipe(adapterSchema, v.description('Low-rank matrices are trained beside frozen ones.'))),
  base: v.optional(v.pipe(baseSchema, v.description('How frozen matrices are stored.'))),
  clustering: v.optional(
    v.pipe(clusteringSchema, v.description('Weights of layers are trained toward shared centroids (eDKM).')),
  ),
  trained_layers: count('Layers at the end that train; those before them run forward only and keep nothing.'),
});
export type OptimizerFields = v.InferOutput<typeof optimizerSchema>;

/**
 * Refuses fields that would have no effect beside each other, or on a step whose ops have no matrices.
 * @throws InputError
 */
export function checkMethod(fields: OptimizerFields, method: Method, training: Training): void {
  const refuse = (field: string, problem: string, expected: string): never => {
    throw new InputError({ code: 'bad_value', problem: `policy.optimizer.${field}: ${problem}`, expected });
  };
  if (fields.base !== undefined && method.adapter === null) {
    refuse('base', 'every weight is trained, so there are no frozen ones to store', 'an adapter beside it');
  }
  const { adapter } = method;
  if (adapter !== null && adapter.targets.length === 0 && !adapter.norms && !adapter.biases && adapter.prompt === 0) {
    refuse('adapter.targets', 'nothing trains', 'a target, or `norms`, `biases` or a `prompt` beside none');
  }
  if (adapter?.form === 'bottleneck' && fields.adapter?.dropout === true) {
    refuse('adapter.dropout', 'a bottleneck has none of its own', 'no dropout');
  }
  if (method.projection !== null && method.adapter !== null) {
    refuse('projection', 'an adapter is of low rank already', 'a projection or an adapter');
  }
  if (training.encoder !== undefined) refuseWithEncoder(fields, method, refuse);
  if (training.side === true) refuseBesideSide(fields, method, refuse);
  if (training.layer.ops.some(({ weights }) => weights !== undefined)) return;
  for (const [field, used] of Object.entries({
    projection: method.projection,
    adapter: method.adapter,
    clustering: fields.clustering,
  })) {
    if (used !== null && used !== undefined)
      refuse(field, 'the layers of a network have no matrices for it', 'a transformer');
  }
}

/** What would freeze or rewrite the side network with the model. */
function refuseBesideSide(
  { clustering, trained_layers, zero, offload }: OptimizerFields,
  { projection, adapter }: Method,
  refuse: (field: string, problem: string, expected: string) => never,
): void {
  const problem = 'a side network trains, and nothing else';
  if (adapter !== null) refuse('adapter', problem, 'an optimizer without adapters');
  if (clustering !== undefined) refuse('clustering', problem, 'no clustering');
  if (trained_layers !== undefined) refuse('trained_layers', problem, '`workload.side.late_layers`');
  if (projection !== null) refuse('projection', problem, 'no projection');
  if (zero === 3) refuse('zero', problem, 'at most 2');
  if (offload !== 'none') refuse('offload', problem, 'none');
}

/** What counts layers of one kind alone. */
function refuseWithEncoder(
  { clustering, trained_layers, zero, offload }: OptimizerFields,
  { projection }: Method,
  refuse: (field: string, problem: string, expected: string) => never,
): void {
  const problem = 'the model has an encoder, whose layers it does not know';
  if (clustering !== undefined) refuse('clustering', problem, 'no clustering');
  if (trained_layers !== undefined) refuse('trained_layers', problem, 'every layer trained');
  if (projection !== null) refuse('projection', problem, 'no projection');
  if (zero === 3) refuse('zero', problem, 'at most 2');
  if (offload !== 'none') refuse('offload', problem, 'none');
}

/** The method of a part: its kind's numbers with those that were given in their place. */
export function methodOf(fields: OptimizerFields): Method {
  const kind: Method = METHODS[fields.kind];
  const given = Object.fromEntries(Object.entries(fields).filter(([name]) => name in kind && !NESTED.includes(name)));
  return {
    ...kind,
    ...given,
    projection: fields.projection
      ? { ...PROJECTION, ...kind.projection, ...known(fields.projection) }
      : kind.projection,
    adapter: fields.adapter ? { ...ADAPTER, ...kind.adapter, ...known(fields.adapter) } : kind.adapter,
    base: { ...kind.base, ...known(fields.base ?? {}) },
  };
}

const NESTED: readonly string[] = ['projection', 'adapter', 'base'];

/** What was given, without what was not. */
function known<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], undefined> };
}

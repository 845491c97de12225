import * as v from 'valibot';

/**
 * The preset file: one KV-cache policy as data. A value may be `$name`, the value of a parameter that the user sets
 * beside `preset:`; what no source gives is listed under `illustrative`.
 * @module
 */

export const TRIGGERS = [
  'offline',
  'prefill_chunk',
  'prefill_layer',
  'prefill_end',
  'decode_step',
  'decode_every_n',
  'sentence_end',
  'request_arrival',
] as const;
export type Trigger = (typeof TRIGGERS)[number];

export const UNITS = [
  'token',
  'page',
  'window',
  'sentence',
  'cluster',
  'block',
  'chunk',
  'channel',
  'head',
  'layer_pair',
  'neuron_bundle',
  'request',
] as const;

export const ACTIONS = [
  'keep',
  'drop',
  'merge',
  'quantise',
  'project',
  'share',
  'demote',
  'sparse_read',
  'recompute',
  'verify',
] as const;
export type RestAction = (typeof ACTIONS)[number];

/** What a token that goes is merged into: one chosen by likeness among all that stay, or a neighbour in its run. */
export const MERGE_TARGETS = ['nearest_kept', 'nearest_centre', 'pivot', 'nearest_position', 'run'] as const;

export const SCALES = ['group', 'token', 'channel'] as const;
export type Scale = (typeof SCALES)[number];

export const SHAPES = [
  'uniform',
  'vector',
  'pyramid',
  'profile',
  'variance_rule',
  'entropy_variance',
  'cumulative_mass',
  'density',
  'trained',
  'static',
] as const;

const text = (description: string) => v.pipe(v.string(), v.minLength(1), v.description(description));
const number = (description: string, min = 0) => v.pipe(v.number(), v.minValue(min), v.description(description));
const count = (description: string, min = 1) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.description(description));
const share = (description: string) => v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description(description));
const bits = (description: string) => v.pipe(v.number(), v.minValue(1), v.maxValue(32), v.description(description));
const base = v.pipe(
  v.picklist(['prompt', 'context', 'total']),
  v.description('What the ratio is of: the prompt, the context so far, or prompt and output together.'),
);
const tier = v.pipe(v.picklist(['fast', 'host', 'storage', 'near']), v.description('Role of a memory.'));

const form = (which: string) =>
  v.optional(
    v.strictObject({
      bits: v.optional(bits(`Stored bits of an element of ${which}; absent: those of the precision part.`)),
      rank: v.optional(share(`Share of the width of ${which} that is stored.`), 1),
      scale: v.optional(
        v.pipe(
          v.picklist(SCALES),
          v.description(
            `What shares a scale and a zero point below 16 bits: a \`group\` of elements of a head, all heads of a \`token\`, or a \`channel\` over all tokens, which adds no bytes a token.`,
          ),
        ),
        'group',
      ),
    }),
    {},
  );

export const layoutSchema = v.strictObject({
  k: form('keys'),
  v: form('values'),
  kv_heads: v.optional(
    v.pipe(
      v.union([v.picklist(['model', 'query']), v.pipe(v.number(), v.integer(), v.minValue(1))]),
      v.description(
        'Heads that the cache has keys and values of: those of the `model`, one a `query` head (where each chooses tokens of its own), or at most so many.',
      ),
    ),
    'model',
  ),
  group: v.optional(count('Elements that share a scale and a zero point, below 16 bits.'), 64),
  overhead_bits: v.optional(number('Bits of scale and zero point of one group.'), 32),
  append: v.optional(
    v.pipe(
      v.picklist(['slots', 'copy']),
      v.description('`slots`: new tokens go in place; `copy`: the cache is copied to append, and to evict.'),
    ),
    'slots',
  ),
  room: v.optional(
    v.pipe(
      v.picklist(['grown', 'reserved']),
      v.description(
        '`grown`: room is taken as tokens come; `reserved`: room for the most that a layer ever keeps is taken in its first pass.',
      ),
    ),
    'grown',
  ),
});

const signalSchema = v.strictObject({
  kind: text('Named signal that ranks the units.'),
  window: v.optional(count('Last queries whose attention votes.')),
  pool: v.optional(count('Width of the pooling over neighbours.')),
  probes: v.optional(count('Query rows that are scored.')),
  width: v.optional(count('Inner width of a learned scorer.')),
  passes: v.optional(number('Times the scored rows are read or written.')),
  agg: v.optional(v.picklist(['head', 'kv_head', 'layer', 'group']), 'head'),
  group: v.optional(count('Layers or heads that share one selection.'), 1),
});
export type SignalFields = v.InferOutput<typeof signalSchema>;

const budgetSchema = v.strictObject({
  shape: v.optional(v.picklist(SHAPES), 'uniform'),
  tokens: v.optional(count('Tokens kept, a mean over layers.')),
  ratio: v.optional(v.pipe(number('Share of the base that is kept.'), v.maxValue(1))),
  of: v.optional(base),
  times: v.optional(count('Equal parts of that ratio, each rounded down.'), 1),
  floor: v.optional(count('The fewest tokens, so that short contexts never round to nothing.'), 1),
  mass: v.optional(share('Attention mass that the kept tokens hold.')),
  vector: v.optional(v.pipe(v.array(number('Weight of a layer.')), v.minLength(1))),
  first: v.optional(number('Weight of the first layer over the mean.')),
  peak: v.optional(number('Weight of the largest layer over the mean.')),
  peak_at: v.optional(share('Where that layer stands.')),
  last: v.optional(number('Weight of the last layer over the mean.')),
  full_layers: v.optional(
    v.pipe(
      v.tuple([share('From.'), share('To.')]),
      v.description('Layers that keep everything, as a share of the depth.'),
    ),
  ),
  slots: v.optional(
    v.pipe(v.boolean(), v.description('As many slots are there from the start, one for the new token.')),
    false,
  ),
  over: v.optional(v.picklist(['layer', 'head', 'layer_head'])),
});
export type BudgetFields = v.InferOutput<typeof budgetSchema>;

const protectSchema = v.strictObject({
  sink: v.optional(count('First tokens, always kept.', 0), 0),
  recent: v.optional(number('Last tokens, always kept; below 1 a share of the prompt.'), 0),
  select: v.optional(text('Name of other tokens that are always kept; they count in the budget.')),
});

const restSchema = v.strictObject({
  action: v.picklist(ACTIONS),
  bits: v.optional(bits('Bits of what is quantised, keys and values alike.')),
  k_bits: v.optional(bits('Bits of quantised keys, where they differ.')),
  v_bits: v.optional(bits('Bits of quantised values, where they differ.')),
  k_rank: v.optional(share('Share of the width of projected keys.')),
  v_rank: v.optional(share('Share of the width of projected values.')),
  tier: v.optional(tier),
  target: v.optional(v.pipe(v.picklist(MERGE_TARGETS), v.description('What the rest is merged into.'))),
  extra_bytes: v.optional(number('Bytes kept for a shared or merged token and head.'), 0),
  retain: v.optional(share('Share of the tokens kept apart from what is shared.'), 0),
});

export const stageSchema = v.strictObject({
  when: v.pipe(v.picklist(TRIGGERS), v.description('What sets it off.')),
  every: v.optional(count('Tokens between two firings: of a chunk, of every n, of a sentence.')),
  unit: v.optional(v.picklist(UNITS), 'token'),
  unit_tokens: v.optional(count('Tokens of one unit.'), 1),
  of: v.optional(
    v.pipe(v.picklist(['kv', 'k', 'v']), v.description('Whose channels it acts on; tokens go with both.')),
    'kv',
  ),
  layers: v.optional(
    v.pipe(v.tuple([share('From.'), share('To.')]), v.description('Layers it acts on, as a share of the depth.')),
  ),
  skip_layers: v.optional(count('First layers that it leaves as they are.', 0), 0),
  heads: v.optional(share('Share of the heads that it acts on; the others keep everything.'), 1),
  masked: v.optional(
    v.pipe(
      v.boolean(),
      v.description('The model attends to no more than the protected tokens: other pairs of prefill are not computed.'),
    ),
    false,
  ),
  signal: v.optional(signalSchema, { kind: 'none' }),
  budget: v.optional(budgetSchema),
  protect: v.optional(protectSchema, {}),
  rest: restSchema,
});
export type StageFields = v.InferOutput<typeof stageSchema>;

export const indexSchema = v.strictObject({
  tier: v.optional(tier, 'fast'),
  per: v.picklist(UNITS),
  unit_tokens: v.optional(count('Tokens of one unit.'), 1),
  width: v.optional(number('Width of an entry over the width of a head.'), 1),
  bits: v.optional(bits('Bits of an element of an entry.'), 16),
  entries: v.optional(number('Entries of one unit.'), 1),
  built: v.optional(v.picklist(TRIGGERS), 'prefill_end'),
});

export const fetchSchema = v.strictObject({
  per: v.optional(v.picklist(TRIGGERS), 'decode_step'),
  every: v.optional(count('Tokens between two fetches.'), 1),
  prefill: v.optional(
    v.pipe(v.boolean(), v.description('Every pass of prefill is given them too, one choice for all its tokens.')),
    false,
  ),
  unit: v.optional(v.picklist(UNITS), 'token'),
  unit_tokens: v.optional(count('Tokens of one unit.'), 1),
  tokens: v.optional(count('Tokens that attention is given.')),
  ratio: v.optional(share('Share of the far tokens that attention is given.')),
  hit: v.optional(
    v.union([
      share('Share of them that the last fetch left in place.'),
      v.pipe(
        v.picklist(['none', 'process']),
        v.description('`none` of them, or those that the attention process chose the step before; without one, none.'),
      ),
    ]),
    0,
  ),
  from: v.optional(tier, 'host'),
  to: v.optional(tier, 'fast'),
  overlap: v.optional(v.picklist(['none', 'next_layer', 'full']), 'none'),
  min_io_bytes: v.optional(count('Least bytes of one piece.'), 1),
});

const paramSchema = v.strictObject({
  default: v.optional(v.union([v.number(), v.string(), v.boolean(), v.array(v.number())])),
  description: text('What it sets.'),
  source: v.optional(text('Where the default is published.')),
  illustrative: v.optional(v.boolean(), false),
  min: v.optional(v.number()),
  max: v.optional(v.number()),
});
export type ParamFields = v.InferOutput<typeof paramSchema>;

/** A preset file once its parameters stand in place of their names. */
export const presetSchema = v.strictObject({
  id: text('The file name without its ending.'),
  title: text('The name its authors use.'),
  source: text('Where the method is published.'),
  does: text('What it does to the cache, in a sentence.'),
  caveats: v.optional(v.array(text('What is simplified here.')), []),
  params: v.optional(v.record(v.string(), paramSchema), {}),
  illustrative: v.optional(v.array(text('Path of a value that no source gives.')), []),
  of: v.optional(v.picklist(['kv', 'weights']), 'kv'),
  layout: v.optional(layoutSchema, {}),
  stages: v.optional(v.array(stageSchema), []),
  index: v.optional(indexSchema),
  fetch: v.optional(fetchSchema),
  compute: v.optional(
    v.strictObject({
      prefill_share: v.optional(share('Share of the (query, key) pairs that prefill computes.'), 1),
      prefill_tokens: v.optional(
        share(
          'Share of the tokens among which alone prefill attends, as queries and as keys: its square of the pairs.',
        ),
        1,
      ),
    }),
    {},
  ),
  reuse: v.optional(
    v.strictObject({
      ratio: share('Share of the prompt whose KV is stored already.'),
      recompute: v.optional(share('Share of that which is computed again.'), 0),
      from: v.optional(tier, 'host'),
      overlap: v.optional(v.picklist(['none', 'next_layer', 'full']), 'none'),
    }),
  ),
  compose_with: v.optional(text('Preset whose stages run first.')),
});
export type PresetFields = v.InferOutput<typeof presetSchema>;

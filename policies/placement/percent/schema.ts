import * as v from 'valibot';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(100));
const split = (what: string) =>
  v.pipe(
    v.tuple([share, share]),
    v.check(([gpu, cpu]) => gpu + cpu <= 100, 'GPU and CPU percent add to more than 100'),
    v.description(`Percent of ${what} on the fast and on the host memory; the rest is on disk.`),
  );

export const percentSchema = v.strictObject({
  kind: v.literal('percent'),
  weights: split('the weights'),
  kv: split('the KV cache'),
  activations: split('the hidden states between layers (all in one place)'),
  attention_on: v.optional(
    v.pipe(
      v.picklist(['auto', 'gpu', 'cpu']),
      v.description(
        'Where decode attention runs. `auto`: on the CPU when no KV is on the GPU and it is not quantised.',
      ),
    ),
    'auto',
  ),
  overlap: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Six overlapped streams with a barrier after every sub-layer and batch (true), or one thing after another.',
      ),
    ),
    true,
  ),
  kv_copies: v.exactOptional(
    v.pipe(
      v.picklist(['relayed', 'direct']),
      v.description(
        'How KV in unpinned host memory comes to the GPU: `relayed` by the host thread through a pinned buffer (default), or `direct` from pageable memory.',
      ),
    ),
  ),
  kv_prefetch: v.exactOptional(
    v.pipe(
      v.boolean(),
      v.description(
        'Without overlap and with one batch: the KV of the next attention is gathered into a pinned buffer after this one, and crosses behind the MLP. Default false.',
      ),
    ),
  ),
  waits: v.exactOptional(
    v.pipe(
      v.picklist(['token', 'sub_layer']),
      v.description(
        'Without overlap: when the host waits for the device, once a `token` (default, FlexGen), or after the computation of each `sub_layer`.',
      ),
    ),
  ),
  pin_weights: v.optional(
    v.pipe(v.boolean(), v.description('Host weights in pinned memory; unpinned ones are relayed by the host thread.')),
    true,
  ),
  warm_up: v.exactOptional(
    v.pipe(
      v.boolean(),
      v.description('Whether a run before the measured one has warmed the process up. Default true.'),
    ),
  ),
  page_cache: v.optional(
    v.pipe(v.boolean(), v.description("Disk files go through the operating system's page cache.")),
    true,
  ),
  copy_workers: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.description('Threads that copy to and from disk and unpinned memory.'),
    ),
    4,
  ),
});
export type PercentFields = v.InferOutput<typeof percentSchema>;

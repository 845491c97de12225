import * as v from 'valibot';
import { quantity } from '../../../input/index.ts';

const yes = (description: string) => v.optional(v.pipe(v.boolean(), v.description(description)), true);
const no = (description: string) => v.optional(v.pipe(v.boolean(), v.description(description)), false);
const described = <const O extends readonly [string, ...string[]]>(options: O, description: string) =>
  v.pipe(v.picklist(options), v.description(description));

export const layerStreamSchema = v.strictObject({
  kind: v.literal('layer-stream'),
  weights: v.optional(
    described(
      ['auto', 'gpu', 'cpu', 'disk'],
      'Where the layers live. `auto`: in layer order as many as fit on the device, then in host memory, then on disk.',
    ),
    'auto',
  ),
  limits: v.optional(
    v.pipe(
      v.record(v.string(), quantity('bytes', { description: 'Bytes of weights at most' })),
      v.description(
        'With `auto`: bytes of weights each memory may hold. Default: what is left beside cache and buffers.',
      ),
    ),
    {},
  ),
  devices: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.description('With `auto`: devices that are filled one after another; layers that stream run on the first.'),
    ),
    1,
  ),
  embeddings_on_gpu: yes('Embedding and head stay on the device. Otherwise they live and stream with the layers.'),
  prefetch: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0),
      v.description(
        'Sub-layers (attention, MLP) fetched ahead. 0: a fetch begins when the sub-layer before it has been computed.',
      ),
    ),
    0,
  ),
  host_memory: v.optional(
    described(['pinned', 'pageable'], 'How weights lie in host memory. Pageable copies hold the host thread.'),
    'pinned',
  ),
  blocking: no('The host thread waits for every pinned copy too.'),
  gathered: no(
    'A fetch goes through a flat buffer: two more copies on the device, as data-parallel gathering makes them.',
  ),
  disk_reads: v.optional(
    described(
      ['mapped', 'direct'],
      '`mapped`: the host thread reads mapped files through the page cache. `direct`: asynchronous reads into pinned buffers.',
    ),
    'direct',
  ),
  swap_buffer_bytes: v.optional(
    quantity('bytes', {
      description: 'Pinned host buffers of direct reads. Default: one for every sub-layer in flight',
    }),
  ),
  hooks: yes('Each module of a streamed sub-layer costs the host one scheduling step.'),
  expansion: v.optional(
    described(
      ['fused', 'elementwise'],
      'How weights of fewer than 16 bits are expanded: one kernel, or a chain of element-wise ones.',
    ),
    'fused',
  ),
  kv: v.optional(described(['gpu', 'cpu'], 'Where the KV cache lives.'), 'gpu'),
  attention_on: v.optional(
    described(['gpu', 'cpu'], 'Where decode attention runs. `cpu` needs the cache there and computes in 32 bits.'),
    'gpu',
  ),
  host_cache_bits: v.optional(
    v.pipe(
      v.picklist([16, 32]),
      v.description(
        'Bits in which attention on the host keeps its cache. With 16 the whole cache is widened anew at every step.',
      ),
    ),
    32,
  ),
  concatenate_kv: yes('A cache on the device is copied whole at every step, to append the new token.'),
});
export type LayerStreamFields = v.InferOutput<typeof layerStreamSchema>;

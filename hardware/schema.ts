import * as v from 'valibot';
import { quantity } from '../input/schema.ts';
import { arraySchema } from './arraySchema.ts';
import { dramChannelsSchema, dramSchema } from './dramSchema.ts';
import { flashSchema } from './flashSchema.ts';
import { LAYER_KERNELS, type LayerKernelsName } from './layerKernels.ts';
import { type diskLinkSchema, type hostLinkSchema, linksSchema, type peerLinkSchema } from './linkSchema.ts';
import {
  curve,
  energy,
  fraction,
  fractionBy,
  memoryId,
  positive,
  provenance,
  rate,
  text,
  time,
} from './schemaParts.ts';

/**
 * The shape of a machine file. Maps are keyed by id; every field that holds a quantity says its unit in its name.
 * @module
 */

const pageCache = v.pipe(
  v.strictObject({
    memory: memoryId('The host memory whose spare bytes the cache uses'),
    dirty_fraction: fraction('Share of the spare bytes that may be dirty before writers are slowed to the device'),
    hit_stream_bytes_per_s: positive('bytes_per_s', 'One stream served from the cache'),
    uncached_read_stream_bytes_per_s: positive('bytes_per_s', 'One reader with the cache and its read-ahead off'),
    small_write_s: quantity('s', { description: 'Time one small file write takes on the writing thread' }),
    ...provenance,
  }),
  v.description("The operating system's page cache in front of this disk."),
);

export const memorySchema = v.strictObject({
  capacity_bytes: positive('bytes', 'Bytes the device has'),
  reserved_bytes: v.exactOptional(
    quantity('bytes', { description: 'Bytes that the driver or the system takes first. Absent: none are counted' }),
  ),
  read_bytes_per_s: rate(
    "Read bandwidth that software can reach on the device. Absent: not known apart from the compute units' measured rates, which then hold it",
  ),
  write_bytes_per_s: rate(
    'Write bandwidth. Absent: for DRAM-like memories the same as for reads; a disk or a flash then refuses writes',
  ),
  read_share_curve: v.exactOptional(
    curve(
      quantity('fraction', { description: 'Read share of the traffic', max: 1 }),
      fraction('Fraction of read_bytes_per_s'),
      'Joint limit of reads and writes: [read share, fraction of read_bytes_per_s]. Absent: no coupling.',
    ),
  ),
  latency_s: time('Time to the first byte. Absent: not modelled'),
  granularity_bytes: v.exactOptional(positive('bytes', 'Transfers are rounded up to a multiple of this. Absent: 1')),
  read_stream_bytes_per_s: rate('Limit of one reader. Absent: one reader reaches the whole device'),
  write_stream_bytes_per_s: rate('Limit of one writer. Absent: one writer reaches the whole device'),
  insert_bytes_per_s: rate('Rows put into place in a matrix held here. Absent: not known'),
  page_cache: v.exactOptional(pageCache),
  dram: v.exactOptional(dramSchema),
  dram_channels: v.exactOptional(dramChannelsSchema),
  flash: v.exactOptional(flashSchema),
  bank_bytes: v.exactOptional(
    positive(
      'bytes',
      'Largest bank, a range of addresses: one buffer cannot reach beyond it. Absent: the whole memory is one',
    ),
  ),
  energy: v.exactOptional(energy),
  ...provenance,
});

const byDtype = <S extends v.GenericSchema>(schema: S, description: string) => {
  const field = v.exactOptional(schema);
  const dtypes = { fp32: field, tf32: field, fp16: field, bf16: field, fp8: field, int8: field, int4: field };
  return v.pipe(v.strictObject({ ...dtypes, ...provenance }), v.description(description));
};

const tiling = v.pipe(
  v.strictObject({
    multiprocessors: positive('count', 'Multiprocessors that tiles are dealt to'),
    cache_bytes_per_s: positive('bytes_per_s', 'Bandwidth of the cache that feeds all tiles'),
    inner_half: v.pipe(
      v.number(),
      v.gtValue(0),
      v.description("Inner size at which half of a tile's time fills and empties its pipeline."),
    ),
    inner_splits: v.exactOptional(
      positive('count', 'The most parts that the inner dimension is cut into, each a tile of its own. Absent: 1'),
    ),
    collective_multiprocessors: v.exactOptional(
      quantity('count', {
        description: 'Multiprocessors that a collective occupies while it runs beside kernels. Absent: none',
      }),
    ),
    odd_row_efficiency: v.exactOptional(
      fraction(
        'Share of its rate that a 16-bit product keeps whose rows have an odd number of elements. Absent: all of it',
      ),
    ),
    ...provenance,
  }),
  v.description('How matrix products are cut into tiles, of which each multiprocessor computes one at a time.'),
);

const framework = v.pipe(
  v.strictObject({
    forward_op_s: positive('s', 'Host time of one op of a forward pass'),
    backward_op_s: positive('s', 'Host time of one op of a backward pass'),
    rank_skew: quantity('fraction', {
      description: "Standard deviation of a rank's host time over the mean; ranks wait for the slowest",
      max: 1,
    }),
    microbatch_s: time(
      'Host time of one micro-batch beside its ops: its batch and masks, the sum of its loss. Absent: none',
    ),
    layer_profile: v.exactOptional(
      v.pipe(
        v.array(
          v.strictObject({
            hidden: quantity('count', { description: 'Width of the hidden state', exclusiveMin: 0 }),
            tensor: quantity('count', { description: 'Devices that share the layer', exclusiveMin: 0 }),
            tokens: quantity('count', { description: 'Tokens of a micro-batch', exclusiveMin: 0 }),
            layer_s: positive('s', 'Forward and backward of one layer'),
          }),
        ),
        v.description('Measured times of layers by shape, which replace the model for those shapes.'),
      ),
    ),
    ...provenance,
  }),
  v.description("The training framework's host time. Absent: kernel launches alone."),
);

export const computeSchema = v.strictObject({
  memory: memoryId('The memory its operands stream from'),
  peak_flop_per_s: byDtype(positive('flop_per_s', 'Datasheet peak, dense'), 'Datasheet peak by precision, dense.'),
  efficiency: v.exactOptional(
    byDtype(
      fractionBy(
        positive('flops', 'Work of one kernel'),
        'Fraction of the peak that a kernel reaches',
        'Fraction of the datasheet peak that a kernel reaches.',
      ),
      'Fraction of the datasheet peak by precision. Required but for int8 beside layer_kernels.',
    ),
  ),
  layer_kernels: v.exactOptional(
    v.pipe(
      v.strictObject({
        counts: v.pipe(
          v.picklist(Object.keys(LAYER_KERNELS) as LayerKernelsName[]),
          v.description(
            'Whose steps a layer takes: the instructions of a library, one a multiply-add where its kernels are not public (`uniform`), or the cycles of an accelerator (`ne16`).',
          ),
        ),
        instructions_per_s: v.pipe(
          v.number(),
          v.gtValue(0),
          v.description('Instructions, or cycles of an accelerator, per second.'),
        ),
        ...provenance,
      }),
      v.description('The kernels of 8-bit layers, by their kind. Absent: every operation at the efficiency of int8.'),
    ),
  ),
  memory_efficiency: v.exactOptional(
    fractionBy(
      positive('bytes', 'Bytes one kernel moves'),
      "Fraction of the memory's bandwidth that a kernel reaches",
      "Fraction of the memory's bandwidth that a kernel reaches. Required where the memory has a rate.",
    ),
  ),
  fused_attention: v.exactOptional(
    v.pipe(
      v.strictObject({
        forward: fraction('Fraction of the peak, forward'),
        backward: fraction('Fraction of the peak, backward'),
        dropout: v.exactOptional(fraction('Share of that rate which it keeps with dropout. Absent: all of it')),
        forward_blocks: v.exactOptional(
          positive(
            'count',
            'Thread blocks of a forward kernel that run at once, one a head and sequence; the rates hold when all places are taken. Absent: as many as there are',
          ),
        ),
        backward_blocks: v.exactOptional(
          positive('count', 'The same of a backward kernel. Absent: as many as there are'),
        ),
        key_rows: v.exactOptional(
          positive('count', 'Keys of a block. Absent: as many as scratchpad_bytes hold with their queries'),
        ),
        partial_bytes: v.exactOptional(
          positive('bytes', 'An element of an output that later blocks add to. Absent: as any element'),
        ),
        ...provenance,
      }),
      v.description('Fraction of the peak that a fused attention kernel reaches. Absent: as any kernel.'),
    ),
  ),
  scratchpad_bytes: v.exactOptional(
    positive('bytes', 'Memory of one multiprocessor that kernels manage, where fused attention keeps its tiles'),
  ),
  l2_cache_bytes: v.exactOptional(
    positive(
      'bytes',
      'Cache between all multiprocessors and the memory, to which thread blocks of fused attention come back. Absent: none',
    ),
  ),
  head_load_bytes_per_s: v.exactOptional(
    positive(
      'bytes_per_s',
      'Rate at which all multiprocessors together load keys and values in a decode kernel with thread blocks of one query head each (attention_kernel paged); what heads share comes again from the cache',
    ),
  ),
  linear_attention: v.exactOptional(
    v.pipe(
      v.strictObject({
        fraction: fraction('Fraction of the peak that many streams reach together'),
        stream_flop_per_s: positive('flop_per_s', 'Rate of one stream alone'),
        exponent: v.exactOptional(
          v.pipe(
            v.number(),
            v.minValue(1),
            v.description(
              'p of t = (t_together^p + t_alone^p)^(1/p): how sharply one bound takes over from the other. Absent: roofline_exponent.',
            ),
          ),
        ),
        ...provenance,
      }),
      v.description(
        'Fused linear attention: each head of a sequence is a stream that carries its state through all tokens. Absent: as any kernel.',
      ),
    ),
  ),
  kernel_s: time('Device time of one kernel beyond its roofline: starting and draining. Absent: none'),
  tiling: v.exactOptional(tiling),
  batched_memory_efficiency: v.exactOptional(
    fractionBy(
      positive('bytes', 'Bytes one kernel moves'),
      'Fraction of the bandwidth that un-fused attention reaches',
      'The same of un-fused attention, a small matrix for every head. Absent: memory_efficiency.',
    ),
  ),
  matrix_memory_efficiency: v.exactOptional(
    fractionBy(
      positive('bytes', 'Bytes one kernel moves'),
      'Fraction of the bandwidth that products of several rows reach',
      'The same of products of several rows, whose weights stream through the tiles of GEMM. Absent: memory_efficiency, as for one row.',
    ),
  ),
  copy_elements_per_s: v.exactOptional(
    v.pipe(
      v.number(),
      v.gtValue(0),
      v.description(
        'Elements per second of kernels that copy 16-bit elements one by one, without wide loads (PyTorch, torch.cat). Absent: bytes alone decide.',
      ),
    ),
  ),
  memory_bytes_per_s: rate("Bandwidth from the unit to its memory. Absent: the memory's own"),
  launch_s: v.exactOptional(
    quantity('s', { description: 'Host time to launch one kernel. Required where the memory has a rate' }),
  ),
  view_s: time(
    'Host time of a tensor operation that launches nothing (a view, an index). Absent: none, or part of launch_s',
  ),
  roofline_exponent: v.exactOptional(
    v.pipe(
      v.number(),
      v.minValue(1),
      v.description(
        'p of t = (t_compute^p + t_memory^p)^(1/p): 1 adds compute and memory time, a large p takes the longer one. Required where the memory has a rate.',
      ),
    ),
  ),
  matrix_vector: v.exactOptional(
    v.pipe(
      v.strictObject({
        outputs: positive('count', 'Outputs computed at once; matrices are padded to a multiple of it'),
        tile_rows: positive('count', 'Inputs of one weight tile'),
        vector_bytes_per_s: positive('bytes_per_s', 'Rate at which an input vector reaches its buffer'),
        softmax_elements_per_s: v.pipe(v.number(), v.gtValue(0), v.description('Elements of a softmax per second.')),
        weight_buffers: v.exactOptional(
          v.pipe(
            v.picklist([1, 2]),
            v.description('Weight buffers: with two (the default) a tile is loaded while another is multiplied.'),
          ),
        ),
        buffer_ports: v.exactOptional(positive('count', 'Read ports of the weight buffer (BRAM and URAM have two)')),
        port_bytes_per_s: v.exactOptional(positive('bytes_per_s', 'Rate of one port. Absent: ports never limit')),
        ...provenance,
      }),
      v.description('How matrix-vector products are laid out, on an array that computes them tile by tile.'),
    ),
  ),
  reads_in_place: v.exactOptional(memoryId('A memory that it reads where it stands, such as memory-mapped flash')),
  code_bytes: v.exactOptional(positive('bytes', 'Bytes that the program of its kernels takes in that memory')),
  quantise_elements_per_s: v.exactOptional(
    v.pipe(v.number(), v.gtValue(0), v.description('Elements per second of group-wise (de)quantisation.')),
  ),
  busy_w: v.exactOptional(positive('w', 'Power while busy')),
  multiplying_w: v.exactOptional(
    positive(
      'w',
      'Power beside it while the array of an accelerator multiplies, with layer_kernels that count it (ne16)',
    ),
  ),
  idle_w: v.exactOptional(quantity('w', { description: 'Power while idle' })),
  ...provenance,
});

export const hostSchema = v.strictObject({
  memory: memoryId("The memory the host's threads work in"),
  relay_bytes_per_s: positive('bytes_per_s', 'One thread copying pageable memory into a pinned buffer'),
  convert_elements_per_s: v.pipe(
    v.number(),
    v.gtValue(0),
    v.description('Elements per second that one call converts between fp16 and fp32.'),
  ),
  scatter_elements_per_s: v.exactOptional(
    v.pipe(v.number(), v.gtValue(0), v.description('Elements per second that one thread scatters into a cache.')),
  ),
  store_stream_bytes_per_s: positive('bytes_per_s', 'One copy worker storing device bytes in pageable memory'),
  step_s: quantity('s', { description: 'Bookkeeping of one scheduling step' }),
  sequence_s: time('Bookkeeping of one sequence in a step. Absent: it is in step_s'),
  framework: v.exactOptional(framework),
  first_run_s: v.exactOptional(
    quantity('s', { description: 'What the first computation of a process takes beside. Absent: not modelled' }),
  ),
  ...provenance,
});

const cluster = v.strictObject({
  devices_per_node: positive('count', 'Devices that share a node and its nvlink'),
  nodes: v.exactOptional(positive('count', 'Nodes joined by net')),
  ...provenance,
});

const variant = v.strictObject({
  title: text('What differs, in a few words'),
  set: v.pipe(
    v.record(v.string(), v.unknown()),
    v.minEntries(1),
    v.description('New values by path, such as `memories.disk.read_bytes_per_s: 1 GB/s`.'),
  ),
  source: text('Where the values of this variant come from'),
  fitted_on: v.exactOptional(
    v.pipe(
      v.record(v.string(), v.pipe(v.array(v.string()), v.minLength(1))),
      v.description('Paths whose value was fitted, each with the ids of the claims it was fitted on.'),
    ),
  ),
});

export const machineSchema = v.strictObject({
  id: v.pipe(
    v.string(),
    v.regex(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9._-]+)?$/),
    v.description('The id: lower case, digits, hyphens.'),
  ),
  title: text('What the machine is, in one line'),
  roles: v.pipe(
    v.strictObject({
      fast: v.exactOptional(memoryId('Where compute happens')),
      host: v.exactOptional(memoryId('The larger memory behind it')),
      storage: v.exactOptional(memoryId('The largest and slowest memory')),
      near: v.exactOptional(memoryId('A memory with compute of its own')),
    }),
    v.description('The memories that presets and policies name by their role.'),
  ),
  cost: v.exactOptional(
    v.pipe(
      v.strictObject({ usd_per_h: positive('usd_per_h', 'Price of the machine'), ...provenance }),
      v.description('What using it costs.'),
    ),
  ),
  carbon: v.exactOptional(
    v.pipe(
      v.strictObject({
        gco2e_per_kwh: quantity('gco2e_per_kwh', { description: 'Carbon intensity of its electricity' }),
        ...provenance,
      }),
      v.description('What its electricity emits.'),
    ),
  ),
  memories: v.pipe(v.record(v.string(), memorySchema), v.minEntries(1), v.description('Memories by id.')),
  links: v.exactOptional(linksSchema),
  compute: v.pipe(v.record(v.string(), computeSchema), v.description('Compute units by id.')),
  arrays: v.exactOptional(
    v.pipe(v.record(v.string(), arraySchema), v.description('Spatial arrays by id, for dataflows mapped onto them.')),
  ),
  host: v.exactOptional(v.pipe(hostSchema, v.description('Work of the host that queues on its threads.'))),
  cluster: v.exactOptional(
    v.pipe(cluster, v.description("Equal nodes; memories and links are then one device's share.")),
  ),
  variants: v.exactOptional(v.record(v.string(), variant)),
  ...provenance,
});

/** A machine file after validation: the same shape, quantities as numbers in the unit of their field. */
export type MachineFile = v.InferOutput<typeof machineSchema>;
export type MemoryFile = v.InferOutput<typeof memorySchema>;
export type ComputeFile = v.InferOutput<typeof computeSchema>;
export type LinkFile =
  | v.InferOutput<typeof hostLinkSchema>
  | v.InferOutput<typeof diskLinkSchema>
  | v.InferOutput<typeof peerLinkSchema>;

import * as v from 'valibot';
import { type QuantityOptions, type QuantitySchema, quantity } from '../input/schema.ts';
import type { Dimension } from '../input/units.ts';

/**
 * The shape of a machine file. Maps are keyed by id; every field that holds a quantity says its unit in its name.
 * @module
 */

/** What every map of a machine file may say about where its numbers come from. */
const provenance = {
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

const text = (description: string) => v.pipe(v.string(), v.nonEmpty(), v.description(description));
const memoryId = (description: string) => text(`${description} (an id of this file's \`memories\`)`);

/** A quantity above zero: a rate, a capacity, a power. */
const positive = (dimension: Dimension, description: string, more: Partial<QuantityOptions> = {}): QuantitySchema =>
  quantity(dimension, { description, exclusiveMin: 0, ...more });
const rate = (description: string) => v.exactOptional(positive('bytes_per_s', description));
const time = (description: string) => v.exactOptional(quantity('s', { description }));
const fraction = (description: string) => positive('fraction', description, { max: 1 });

/** A curve as a list of [size, value], sizes ascending. */
function curve(x: QuantitySchema, y: QuantitySchema, description: string) {
  return v.pipe(v.array(v.tuple([x, y])), v.minLength(1), v.description(description));
}

/** A fraction, or a curve of it by size. */
const fractionBy = (size: QuantitySchema, of: string, description: string) =>
  v.pipe(
    v.union([fraction(of), curve(size, fraction(of), `${of}, by size.`)]),
    v.description(`${description} One number, or a list of [size, fraction] that is linear in log(size).`),
  );

const energy = v.pipe(
  v.strictObject({
    low_j_per_byte: positive('j_per_byte', 'Lowest published energy of moving a byte'),
    high_j_per_byte: positive('j_per_byte', 'Highest published energy of moving a byte'),
    ...provenance,
  }),
  v.description('Energy of an access as a range, since sources differ.'),
);

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
  read_bytes_per_s: positive('bytes_per_s', 'Read bandwidth that software can reach on the device'),
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
  page_cache: v.exactOptional(pageCache),
  energy: v.exactOptional(energy),
  ...provenance,
});

const transferTimes = (direction: string) =>
  v.exactOptional(
    curve(
      positive('bytes', 'Bytes of one transfer'),
      positive('s', 'Time of one transfer'),
      `Measured [bytes, time] of single ${direction} transfers.`,
    ),
  );

const linkFields = {
  from: memoryId('The end that the first direction leaves'),
  to: memoryId('The end that the first direction reaches'),
  setup_s: time('Fixed cost of one transfer. Absent: not modelled'),
  total_bytes_per_s: rate('Joint limit of both directions. Absent: they are independent'),
  copy_engines: v.exactOptional(positive('count', 'Transfers in flight a direction. Absent: 1')),
  energy: v.exactOptional(energy),
  ...provenance,
};

/** The fields of one direction of a link; a link gives the plateau of both directions or of none. */
function direction<const N extends string>(name: N, meaning: string) {
  const fields = {
    [`${name}_bytes_per_s`]: rate(`${meaning}: plateau with pinned memory. Absent: the ends limit, not the link`),
    [`${name}_duplex_bytes_per_s`]: rate(`${meaning}: plateau while the other direction is busy. Absent: unchanged`),
    [`${name}_pageable_bytes_per_s`]: rate(`${meaning}: plateau with pageable host memory`),
    [`${name}_transfer_times`]: transferTimes(name),
  };
  return fields as Record<`${N}_${'' | 'duplex_' | 'pageable_'}bytes_per_s`, ReturnType<typeof rate>> &
    Record<`${N}_transfer_times`, ReturnType<typeof transferTimes>>;
}

export const hostLinkSchema = v.strictObject({
  ...linkFields,
  ...direction('h2d', 'Host to device'),
  ...direction('d2h', 'Device to host'),
});
export const diskLinkSchema = v.strictObject({
  ...linkFields,
  ...direction('read', 'Disk to host'),
  ...direction('write', 'Host to disk'),
});
export const peerLinkSchema = v.strictObject({
  ...linkFields,
  ...direction('tx', 'Sending'),
  ...direction('rx', 'Receiving'),
});

/** Several links of a kind count from 0. */
function numbered<const N extends string, S extends v.GenericSchema>(id: N, schema: S) {
  const entries = [id, ...[0, 1, 2, 3].map((n) => `${id}${n}`)].map((key) => [key, v.exactOptional(schema)]);
  return Object.fromEntries(entries) as Record<N | `${N}${0 | 1 | 2 | 3}`, v.ExactOptionalSchema<S, undefined>>;
}

const links = v.pipe(
  v.strictObject({
    ...numbered('pcie', hostLinkSchema),
    ...numbered('c2c', hostLinkSchema),
    ...numbered('nvme', diskLinkSchema),
    ...numbered('nvlink', peerLinkSchema),
    ...numbered('net', peerLinkSchema),
    ...numbered('csd_p2p', peerLinkSchema),
  }),
  v.description('Links by id. Directions: pcie and c2c h2d/d2h, nvme read/write, nvlink, net and csd_p2p tx/rx.'),
);

const byDtype = <S extends v.GenericSchema>(schema: S, description: string) => {
  const field = v.exactOptional(schema);
  const dtypes = { fp32: field, tf32: field, fp16: field, bf16: field, fp8: field, int8: field, int4: field };
  return v.pipe(v.strictObject({ ...dtypes, ...provenance }), v.description(description));
};

export const computeSchema = v.strictObject({
  memory: memoryId('The memory its operands stream from'),
  peak_flop_per_s: byDtype(positive('flop_per_s', 'Datasheet peak, dense'), 'Datasheet peak by precision, dense.'),
  efficiency: byDtype(
    fractionBy(
      positive('flops', 'Work of one kernel'),
      'Fraction of the peak that a kernel reaches',
      'Fraction of the datasheet peak that a kernel reaches.',
    ),
    'Fraction of the datasheet peak by precision.',
  ),
  memory_efficiency: fractionBy(
    positive('bytes', 'Bytes one kernel moves'),
    "Fraction of the memory's bandwidth that a kernel reaches",
    "Fraction of the memory's bandwidth that a kernel reaches.",
  ),
  memory_bytes_per_s: rate("Bandwidth from the unit to its memory. Absent: the memory's own"),
  launch_s: quantity('s', { description: 'Host time to launch one kernel' }),
  roofline_exponent: v.pipe(
    v.number(),
    v.minValue(1),
    v.description(
      'p of t = (t_compute^p + t_memory^p)^(1/p): 1 adds compute and memory time, a large p takes the longer one.',
    ),
  ),
  quantise_elements_per_s: v.exactOptional(
    v.pipe(v.number(), v.gtValue(0), v.description('Elements per second of group-wise (de)quantisation.')),
  ),
  busy_w: v.exactOptional(positive('w', 'Power while busy')),
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
  store_stream_bytes_per_s: positive('bytes_per_s', 'One copy worker storing device bytes in pageable memory'),
  step_s: quantity('s', { description: 'Bookkeeping of one scheduling step' }),
  ...provenance,
});

const pressure = v.strictObject({
  memory: memoryId('The memory that runs short'),
  slowdown: curve(
    quantity('fraction', { description: 'Free fraction of the memory', max: 1 }),
    v.pipe(v.number(), v.minValue(1)),
    'Slow-down of host copies: [free fraction, factor].',
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
  cost: v.exactOptional(v.strictObject({ usd_per_h: positive('usd_per_h', 'Price of the machine'), ...provenance })),
  carbon: v.exactOptional(
    v.strictObject({
      gco2e_per_kwh: quantity('gco2e_per_kwh', { description: 'Carbon intensity of its electricity' }),
      ...provenance,
    }),
  ),
  memories: v.pipe(v.record(v.string(), memorySchema), v.minEntries(1), v.description('Memories by id.')),
  links: v.exactOptional(links),
  compute: v.pipe(v.record(v.string(), computeSchema), v.description('Compute units by id.')),
  host: v.exactOptional(hostSchema),
  pressure: v.exactOptional(pressure),
  cluster: v.exactOptional(cluster),
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

/** Schemas that the JSON Schema should name once and refer to. */
export const MACHINE_DEFINITIONS = {
  memory: memorySchema,
  host_link: hostLinkSchema,
  disk_link: diskLinkSchema,
  peer_link: peerLinkSchema,
  compute_unit: computeSchema,
} as const;

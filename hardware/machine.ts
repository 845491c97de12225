import { InputError } from '../input/errors.ts';
import type { Path } from '../input/path.ts';
import { validate } from '../input/schema.ts';
import type { YamlSource } from '../input/yaml.ts';
import type { FlashDevice } from '../sim/resources/flash/device.ts';
import type {
  ComputeUnit,
  Host,
  Link,
  LinkDirection,
  Machine,
  Memory,
  PageCache,
  SpatialArray,
} from '../sim/types/machine.ts';
import type { Curve } from '../sim/types/units.ts';
import { crossIssues } from './checks.ts';
import { readShareCurve } from './dram.ts';
import { directionsOf, isStorage } from './ids.ts';
import { LAYER_KERNELS } from './layerKernels.ts';
import { type ComputeFile, type LinkFile, type MachineFile, type MemoryFile, machineSchema } from './schema.ts';
import { sourceIssues } from './sources.ts';

/**
 * The machine that `source` describes, or what stands at `at` in it (a machine written inside a study).
 * @throws InputError with every mistake at its place: wrong shapes and units, unknown memory ids, a reserve above the
 * capacity, curves that do not ascend, numbers without a source.
 */
export function parseMachine(source: YamlSource, at: Path = []): Machine {
  const file = readMachineFile(source, at);
  return resolve(file);
}

/** The same from plain data, whose values may have been set since they were read; `placeOf` says where they stood. */
export function parseMachineData(data: unknown, placeOf: YamlSource['place'], name = 'machine'): Machine {
  return parseMachine({ file: name, value: data, place: placeOf });
}

/** The validated file itself, with its sources, for reports and documentation. Throws as `parseMachine` does. */
export function readMachineFile(source: YamlSource, at: Path = []): MachineFile {
  const file = validate(machineSchema, source, at);
  const placeOf: YamlSource['place'] = (path, part) => source.place([...at, ...path], part);
  const [first, ...more] = [...crossIssues(file, placeOf), ...sourceIssues(file, placeOf)];
  if (first) throw new InputError(first, ...more);
  return file;
}

function resolve(file: MachineFile): Machine {
  return {
    id: file.id,
    title: file.title,
    memories: Object.entries(file.memories).map(([id, memory]) => resolveMemory(id, memory)),
    links: Object.entries(file.links ?? {}).map(([id, link]) => resolveLink(id, link)),
    compute: Object.entries(file.compute).map(([id, unit]) => resolveCompute(id, unit)),
    roles: file.roles,
    ...(file.arrays && { arrays: Object.entries(file.arrays).map(([id, array]) => resolveArray(id, array)) }),
    ...(file.host && { host: resolveHost(file.host) }),
    ...(file.cluster && { cluster: without(file.cluster) }),
    ...(file.cost && { cost_usd_per_h: file.cost.usd_per_h }),
    ...(file.carbon && { carbon_gco2e_per_kwh: file.carbon.gco2e_per_kwh }),
  };
}

interface Provenance {
  readonly source?: unknown;
  readonly fitted_on?: unknown;
  readonly illustrative?: unknown;
}

/** The fields alone: where they come from stays in the file. */
function without<T extends Provenance>(map: T): Omit<T, keyof Provenance> {
  const { source: _, fitted_on: __, illustrative: ___, ...fields } = map;
  return fields;
}

function resolveHost(file: NonNullable<MachineFile['host']>): Host {
  const { framework, ...fields } = without(file);
  return { ...fields, ...(framework && { framework: without(framework) }) };
}

function resolveMemory(id: string, file: MemoryFile): Memory {
  const { page_cache, energy, write_bytes_per_s, dram, dram_channels, flash, ...fields } = without(file);
  const read_bytes_per_s = fields.read_bytes_per_s ?? Number.POSITIVE_INFINITY;
  return {
    id,
    ...fields,
    read_bytes_per_s,
    write_bytes_per_s: write_bytes_per_s ?? (isStorage(id) ? 0 : read_bytes_per_s),
    reserved_bytes: fields.reserved_bytes ?? 0,
    read_share_curve: dram ? readShareCurve(dram) : (fields.read_share_curve ?? []),
    latency_s: fields.latency_s ?? 0,
    granularity_bytes: fields.granularity_bytes ?? 1,
    ...(page_cache && { page_cache: without(page_cache) satisfies PageCache }),
    ...(flash && { flash: resolveFlash(flash) }),
    ...(dram_channels && { dram_channels: without(dram_channels) }),
    ...(energy && { energy: without(energy) }),
  };
}

function resolveArray(id: string, file: NonNullable<MachineFile['arrays']>[string]): SpatialArray {
  const { energy, ...fields } = without(file);
  return { id, ...fields, rows: fields.rows ?? 1, ...(energy && { energy: without(energy) }) };
}

function resolveFlash(file: NonNullable<MemoryFile['flash']>): FlashDevice {
  const { link, mapping, ...fields } = without(file);
  return { ...fields, ...(link && { link: without(link) }), ...(mapping && { mapping: without(mapping) }) };
}

/** The fields of one direction, whatever its name; the schema has fixed which names the link has. */
function resolveDirection(name: string, link: LinkFile): LinkDirection {
  const fields = link as Readonly<Record<string, unknown>>;
  const rate = (field: string) => fields[`${name}_${field}`] as number | undefined;
  const plateau = rate('bytes_per_s');
  const duplex = rate('duplex_bytes_per_s');
  const pageable = rate('pageable_bytes_per_s');
  return {
    name,
    ...(plateau !== undefined && { bytes_per_s: plateau }),
    ...(duplex !== undefined && { duplex_bytes_per_s: duplex }),
    ...(pageable !== undefined && { pageable_bytes_per_s: pageable }),
    setup_s: link.setup_s ?? 0,
    transfer_times: (fields[`${name}_transfer_times`] as Curve | undefined) ?? [],
  };
}

function resolveLink(id: string, file: LinkFile): Link {
  const [forward, backward] = directionsOf(id);
  return {
    id,
    from: file.from,
    to: file.to,
    forward: resolveDirection(forward, file),
    backward: resolveDirection(backward, file),
    copy_engines: file.copy_engines ?? 1,
    ...(file.total_bytes_per_s !== undefined && { total_bytes_per_s: file.total_bytes_per_s }),
    ...(file.energy && { energy: without(file.energy) }),
    ...collectivesOf(file),
  };
}

/** Only links between devices carry collectives. */
function collectivesOf(file: LinkFile): Pick<Link, 'collective_bytes_per_s' | 'collective_setup_s'> {
  if (!('collective_bytes_per_s' in file) && !('collective_setup_s' in file)) return {};
  const { collective_bytes_per_s, collective_setup_s } = file;
  return {
    ...(collective_bytes_per_s && { collective_bytes_per_s }),
    ...(collective_setup_s !== undefined && { collective_setup_s }),
  };
}

/** A constant is a curve of one point. */
const asCurve = (value: number | Curve): Curve => (typeof value === 'number' ? [[1, value]] : value);

function resolveCompute(id: string, file: ComputeFile): ComputeUnit {
  const {
    efficiency,
    peak_flop_per_s,
    memory_efficiency,
    batched_memory_efficiency: batched,
    matrix_memory_efficiency: matrix,
    matrix_vector,
    tiling,
    fused_attention,
    linear_attention,
    head_load_bytes_per_s,
    layer_kernels,
    ...fields
  } = without(file);
  const curves = Object.entries(without(efficiency ?? {})).map(([dtype, value]) => [dtype, asCurve(value)]);
  return {
    id,
    ...fields,
    peak_flop_per_s: without(peak_flop_per_s),
    efficiency: Object.fromEntries(curves),
    launch_s: fields.launch_s ?? 0,
    roofline_exponent: fields.roofline_exponent ?? 1,
    memory_efficiency: memory_efficiency === undefined ? [] : asCurve(memory_efficiency),
    ...(matrix_vector && { matrix_vector: without(matrix_vector) }),
    ...(batched !== undefined && { batched_memory_efficiency: asCurve(batched) }),
    ...(matrix !== undefined && { matrix_memory_efficiency: asCurve(matrix) }),
    ...(tiling && { tiling: without(tiling) }),
    ...(layer_kernels && {
      layer_kernels: {
        law: LAYER_KERNELS[layer_kernels.counts],
        per_s: layer_kernels.instructions_per_s,
      },
    }),
    ...(fused_attention && { fused_attention: without(fused_attention) }),
    ...(linear_attention && { linear_attention: without(linear_attention) }),
    ...(head_load_bytes_per_s !== undefined && { head_load_bytes_per_s }),
  };
}

import { type InputIssue, oneOf, type Place, quote } from '../input/errors.ts';
import { nearestName } from '../input/nearest.ts';
import { formatPath, type Path } from '../input/path.ts';
import { dramFlaws } from '../sim/resources/dram/device.ts';
import { flashFlaws } from '../sim/resources/flash/device.ts';
import { directionsOf, isMemoryId, isStorage, MEMORY_IDS } from './ids.ts';
import type { LinkFile, MachineFile, MemoryFile } from './schema.ts';

type PlaceOf = (path: Path, part?: 'key' | 'value') => Place;

/** What the parts of a machine file say about each other and do not agree on, each at its place. */
export function crossIssues(machine: MachineFile, placeOf: PlaceOf): InputIssue[] {
  return [
    ...memoryIssues(machine, placeOf),
    ...referenceIssues(machine, placeOf),
    ...linkIssues(machine, placeOf),
    ...computeIssues(machine, placeOf),
    ...curveIssues(machine, [], placeOf),
  ];
}

function memoryIssues(machine: MachineFile, placeOf: PlaceOf): InputIssue[] {
  return Object.entries(machine.memories).flatMap(([id, memory]): InputIssue[] => {
    const issues: InputIssue[] = [];
    if (!isMemoryId(id)) {
      issues.push({
        code: 'unknown_name',
        problem: `unknown memory id ${quote(id)}`,
        found: id,
        expected: `${oneOf(MEMORY_IDS)}; several of a kind count from 0, such as gpu0`,
        nearest: nearestName(id, MEMORY_IDS),
        place: placeOf(['memories', id], 'key'),
      });
    }
    if ((memory.reserved_bytes ?? 0) >= memory.capacity_bytes) {
      issues.push({
        code: 'out_of_range',
        problem: `memories.${id}.reserved_bytes leaves nothing of the capacity`,
        found: String(memory.reserved_bytes),
        expected: `less than ${memory.capacity_bytes} bytes`,
        place: placeOf(['memories', id, 'reserved_bytes']),
      });
    }
    if (memory.page_cache && !isStorage(id)) {
      issues.push({
        code: 'bad_value',
        problem: `memories.${id} has a page cache but is no disk`,
        place: placeOf(['memories', id, 'page_cache'], 'key'),
      });
    }
    if (memory.dram && memory.read_share_curve) {
      issues.push({
        code: 'bad_value',
        problem: `memories.${id} gives both a read_share_curve and the dram it would follow from`,
        place: placeOf(['memories', id, 'read_share_curve'], 'key'),
      });
    }
    return [...issues, ...dramIssues(id, memory, placeOf), ...flashIssues(id, memory, machine, placeOf)];
  });
}

/** Channels and banks that cannot be. */
function dramIssues(id: string, memory: MemoryFile, placeOf: PlaceOf): InputIssue[] {
  if (memory.dram_channels === undefined) return [];
  return dramFlaws(memory.dram_channels, memory.capacity_bytes).map(({ field, problem, expected }) => ({
    code: 'out_of_range',
    problem: `memories.${id}: ${problem}`,
    expected,
    place: placeOf(['memories', id, 'dram_channels', field]),
  }));
}

/** Drives that cannot be, and links that carry more than the drive's lanes. */
function flashIssues(id: string, memory: MemoryFile, machine: MachineFile, placeOf: PlaceOf): InputIssue[] {
  const { flash } = memory;
  if (flash === undefined) return [];
  const at = (field: string): Path => ['memories', id, 'flash', ...field.split('.')];
  const flaws = flashFlaws(flash, memory.capacity_bytes).map(
    ({ field, problem, expected }): InputIssue => ({
      code: 'out_of_range',
      problem: `memories.${id}: ${problem}`,
      expected,
      place: placeOf(at(field)),
    }),
  );
  if (flash.link === undefined) return flaws;
  const lanes = flash.link.lanes * flash.link.lane_bytes_per_s;
  const fast = Object.entries(machine.links ?? {}).flatMap(([name, link]: [string, LinkFile]) =>
    link.from !== id && link.to !== id
      ? []
      : Object.entries(link)
          .filter(([field, value]) => field.endsWith('bytes_per_s') && typeof value === 'number' && value > lanes)
          .map(
            ([field, value]): InputIssue => ({
              code: 'out_of_range',
              problem: `links.${name}.${field} is faster than the lanes of memories.${id}.flash.link`,
              found: String(value),
              expected: `at most ${lanes} bytes/s`,
              place: placeOf(['links', name, field]),
            }),
          ),
  );
  return [...flaws, ...fast];
}

/** Every place where a file names one of its own memories. */
function references(machine: MachineFile): (readonly [Path, string])[] {
  const named = (path: Path, id: string | undefined) => (id === undefined ? [] : [[path, id] as const]);
  return [
    ...Object.entries(machine.roles).flatMap(([role, id]) => named(['roles', role], id)),
    ...Object.entries(machine.memories).flatMap(([id, memory]) =>
      named(['memories', id, 'page_cache', 'memory'], memory.page_cache?.memory),
    ),
    ...Object.entries(machine.links ?? {}).flatMap(([id, link]) => [
      ...named(['links', id, 'from'], link.from),
      ...named(['links', id, 'to'], link.to),
    ]),
    ...Object.entries(machine.compute).flatMap(([id, unit]) => [
      ...named(['compute', id, 'memory'], unit.memory),
      ...named(['compute', id, 'reads_in_place'], unit.reads_in_place),
    ]),
    ...named(['host', 'memory'], machine.host?.memory),
  ];
}

function referenceIssues(machine: MachineFile, placeOf: PlaceOf): InputIssue[] {
  const ids = Object.keys(machine.memories);
  return references(machine)
    .filter(([, id]) => !ids.includes(id))
    .map(([path, id]) => ({
      code: 'unknown_name',
      problem: `${formatPath(path)} names the unknown memory ${quote(id)}`,
      found: id,
      expected: oneOf(ids),
      nearest: nearestName(id, ids),
      place: placeOf(path),
    }));
}

function linkIssues(machine: MachineFile, placeOf: PlaceOf): InputIssue[] {
  return Object.entries(machine.links ?? {}).flatMap(([id, link]: [string, LinkFile]): InputIssue[] => {
    const fields = link as Readonly<Record<string, unknown>>;
    const [forward, backward] = directionsOf(id);
    const issues: InputIssue[] = [];
    const plateaus = [`${forward}_bytes_per_s`, `${backward}_bytes_per_s`] as const;
    const missing = plateaus.filter((name) => fields[name] === undefined);
    // A disk limits its own writes; between other memories an absent rate would be a free direction.
    if (missing.length === 1 && forward !== 'read') {
      issues.push({
        code: 'missing_key',
        problem: `links.${id} gives the rate of one direction alone`,
        found: plateaus.find((name) => name !== missing[0]),
        expected: `${missing[0]} too, or neither where the memories limit`,
        place: placeOf(['links', id], 'key'),
      });
    }
    const wrongEnd =
      forward === 'h2d'
        ? link.to === machine.roles.host && link.to !== machine.roles.fast
        : forward === 'read' && isStorage(link.to);
    if (wrongEnd) {
      issues.push({
        code: 'bad_value',
        problem: `links.${id} runs from ${quote(link.from)} to ${quote(link.to)}, but ${forward} leaves "from"`,
        expected: forward === 'h2d' ? 'the host as "from"' : 'the disk as "from"',
        place: placeOf(['links', id, 'to']),
      });
    }
    if (link.from === link.to && forward !== 'tx') {
      issues.push({
        code: 'bad_value',
        problem: `links.${id} joins ${quote(link.from)} to itself`,
        expected: 'two memories (only nvlink and net join devices of one kind)',
        place: placeOf(['links', id, 'to']),
      });
    }
    return issues;
  });
}

function computeIssues(machine: MachineFile, placeOf: PlaceOf): InputIssue[] {
  const dtypes = (map: object) => Object.keys(map).filter((key) => !PROVENANCE_KEYS.has(key));
  return Object.entries(machine.compute).flatMap(([id, unit]) => {
    const peaks = dtypes(unit.peak_flop_per_s);
    const efficiencies = dtypes(unit.efficiency ?? {});
    const counted = unit.layer_kernels === undefined ? [] : ['int8'];
    const paced = unit.memory_bytes_per_s ?? machine.memories[unit.memory]?.read_bytes_per_s;
    const multiplies = unit.layer_kernels?.counts === 'ne16';
    return [
      ...(unit.multiplying_w === undefined || multiplies
        ? []
        : [
            {
              code: 'bad_value',
              problem: `compute.${id} has a multiplying_w, and no kernels that say when it multiplies`,
              expected: 'layer_kernels: {counts: ne16} beside it, or busy_w',
              place: placeOf(['compute', id, 'multiplying_w'], 'key'),
            } as const,
          ]),
      ...(['memory_efficiency', 'launch_s', 'roofline_exponent'] as const)
        .filter((field) => paced !== undefined && unit[field] === undefined)
        .map(
          (field): InputIssue => ({
            code: 'missing_key',
            problem: `compute.${id} has no ${field}, which kernels on a memory with a rate need`,
            expected: field,
            place: placeOf(['compute', id], 'key'),
          }),
        ),
      ...efficiencies
        .filter((dtype) => !peaks.includes(dtype))
        .map(
          (dtype): InputIssue => ({
            code: 'missing_key',
            problem: `compute.${id}.efficiency.${dtype} has no peak to be a fraction of`,
            found: dtype,
            expected: oneOf(peaks),
            place: placeOf(['compute', id, 'efficiency', dtype], 'key'),
          }),
        ),
      ...peaks
        .filter((dtype) => !efficiencies.includes(dtype) && !counted.includes(dtype))
        .map(
          (dtype): InputIssue => ({
            code: 'missing_key',
            problem: `compute.${id}.peak_flop_per_s.${dtype} has no efficiency`,
            found: dtype,
            expected: `efficiency.${dtype}: the fraction of the peak that kernels reach`,
            place: placeOf(['compute', id, 'peak_flop_per_s', dtype], 'key'),
          }),
        ),
    ];
  });
}

const PROVENANCE_KEYS: ReadonlySet<string> = new Set(['source', 'fitted_on', 'illustrative']);

/** Sizes of a curve ascend. */
function curveIssues(value: unknown, path: Path, placeOf: PlaceOf): InputIssue[] {
  if (typeof value !== 'object' || value === null) return [];
  if (!Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, part]) => curveIssues(part, [...path, key], placeOf));
  }
  const at = value.findIndex((point, i) => i > 0 && Array.isArray(point) && point[0] <= value[i - 1][0]);
  if (at < 0) return [];
  return [
    {
      code: 'bad_value',
      problem: `${formatPath(path)} does not ascend at its point ${at + 1}`,
      found: String(value[at][0]),
      expected: `more than ${value[at - 1][0]}`,
      place: placeOf([...path, at]),
    },
  ];
}

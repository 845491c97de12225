import { expect, test } from 'vitest';
import { knobEffect, type MachineFile, type NumericField, numericFields, parseMachine } from '../../hardware/index.ts';
import { listMachines, readMachineData } from '../../hardware/load.ts';
import { readMachineFile } from '../../hardware/machine.ts';
import { dataSource, InputError } from '../../input/index.ts';
import { formatPath } from '../../input/path.ts';
import type { Machine } from '../../sim/types/index.ts';
import { PROBES, type Reading, readProbe } from './probes.ts';

/**
 * Does every number of every machine turn something, and the right way? Each is raised (or lowered, where it cannot be
 * raised) and the probes are read until one moves as hardware/knobs.ts says.
 */

/** Numbers that no run reads yet, each with what it waits for. */
const WAITING: readonly { readonly path: RegExp; readonly on?: RegExp; readonly why: string }[] = [
  { path: /^links\.(nvlink|net)\.(rx_|total_)/, why: 'transfers between devices in both directions' },
  { path: /^(memories|compute)\.gpu1\.|^links\.pcie1\./, why: 'work on several devices' },
  { path: /dirty_fraction$/, on: /^instcsd/, why: 'a host that writes faster than its disk' },
  { path: /disk\.write_bytes_per_s$/, on: /^jetson/, why: 'a probe whose KV preset writes its cache to the storage' },
  { path: /block_bytes$/, on: /^mqsim/, why: 'a drive that begins empty collects nothing, so no block is erased' },
  { path: /^compute\.cpu\.launch_s$/, why: 'kernels on a CPU; attention there is part of a host step' },
];

/** Numbers of the host that its own machine cannot use: conversion serves attention on a CPU. */
const waits = (machine: Machine, path: NumericField['path']): boolean => {
  const name = formatPath(path);
  // Devices beside each other without a cluster: no workload spreads over them yet.
  if (/^links\.(nvlink|net)\./.test(name) && machine.cluster === undefined) return true;
  // A measured curve of collectives stands in for the plateau, which only a pipeline inside a node would use.
  if (name === 'links.nvlink.tx_bytes_per_s' && machine.links.some((link) => link.collective_bytes_per_s)) return true;
  // More devices a node than a group has, or nodes than a run needs, change nothing; the probes' groups are small.
  if (name.startsWith('cluster.')) return true;
  // Kernels counted in instructions leave the peak to the bound alone.
  if (/peak_flop_per_s.int8$/.test(name)) return machine.compute.some((unit) => unit.layer_kernels !== undefined);
  if (name === 'host.convert_elements_per_s') return !machine.compute.some(({ id }) => id === 'cpu');
  return WAITING.some((entry) => entry.path.test(name) && (entry.on?.test(machine.id) ?? true));
};

const RAISED = /^(?!.*per_s$)(.*(_s|_w|_j_per_byte|exponent)|usd_per_h|gco2e_per_kwh)$/;
/** Whole numbers of a drive's parts, or a DRAM's. */
const COUNTS = new Set([
  'channels',
  'chips_per_channel',
  'dies_per_chip',
  'planes_per_die',
  'block_bytes',
  'lanes',
  'burst_bytes',
]);
const FRACTION = /efficiency|dirty_fraction/;

/** What the number becomes, and whether that was a rise. Costs are raised; rates are lowered, since the part may not limit. */
function turned({ path, value }: NumericField): { readonly value: unknown; readonly raised: boolean } {
  const field = String(path.at(-1));
  if (Array.isArray(value)) {
    const fraction = FRACTION.test(formatPath(path));
    return { value: value.map(([x, y]) => [x, y * (fraction ? 0.5 : 1.5)]), raised: !fraction };
  }
  const number = value as number;
  if (field === 'copy_engines') return number === 1 ? { value: 2, raised: true } : { value: 1, raised: false };
  if (COUNTS.has(field)) return { value: number * 2, raised: true };
  if (field === 'page_bytes') return { value: number / 2, raised: false };
  if (field === 'sector_bytes' || field === 'read_bytes') return { value: number * 16, raised: true };
  if (RAISED.test(field)) return { value: number === 0 ? 1e-4 : number * 2, raised: true };
  if (/multiprocessors$|_splits$/.test(field)) return { value: Math.ceil(number / 16), raised: false };
  return { value: field === 'dirty_fraction' ? number / 1e4 : number / 16, raised: false };
}

function withValue(file: MachineFile, path: NumericField['path'], value: unknown): Machine {
  const data = structuredClone(file) as unknown as Record<string, unknown>;
  let map = data;
  for (const key of path.slice(0, -1)) map = map[key] as Record<string, unknown>;
  map[String(path.at(-1))] = value;
  return parseMachine(dataSource(data, file.id));
}

/** The least a number must move a metric by, relative: far above rounding to a nanosecond. */
const MOVES = 1e-7;

/** A capacity decides whether work fits: with next to none of the memory left, some probe no longer does. */
async function stopsFitting(file: MachineFile, { path }: NumericField, bases: readonly Reading[]): Promise<boolean> {
  const id = String(path[1]);
  const memory = file.memories[id]!;
  const left = /capacity|bank/.test(String(path.at(-1))) ? (memory.reserved_bytes ?? 0) + 1 : memory.capacity_bytes - 1;
  let machine: Machine;
  try {
    machine = withValue(file, path, left);
  } catch (error) {
    // A drive smaller than its blocks cannot be, nor a DRAM of a part of a channel.
    const isMade = memory.flash !== undefined || memory.dram_channels !== undefined;
    if (isMade && error instanceof InputError) return true;
    throw error;
  }
  for (const [i, probe] of PROBES.entries()) {
    if (bases[i] !== null && (await readProbe(machine, probe)) === null) return true;
  }
  return false;
}

/** The known energy is the total where every part of it is known. */
const metricOf = (reading: Reading, metric: string): number | undefined =>
  reading?.[metric] ?? (metric === 'energy.known_j' ? reading?.['energy.total_j'] : undefined);

async function turns(file: MachineFile, field: NumericField, bases: readonly Reading[]): Promise<boolean> {
  const effect = knobEffect(field.path)!;
  if (effect.metric === 'fits' && field.path[0] === 'memories') return stopsFitting(file, field, bases);
  const { value, raised } = turned(field);
  const machine = withValue(file, field.path, value);
  const sign = (effect.direction === 'up') === raised ? 1 : -1;
  const moved = (change: number): number => (effect.direction === 'either' ? Math.abs(change) : sign * change);
  for (const [i, probe] of PROBES.entries()) {
    const before = metricOf(bases[i] ?? null, effect.metric);
    if (before === undefined) continue;
    const after = metricOf(await readProbe(machine, probe), effect.metric);
    if (after !== undefined && moved(after - before) > MOVES * Math.abs(before)) return true;
  }
  return false;
}

test.each(listMachines())('every number of $id turns something the right way', async ({ id }) => {
  const file = readMachineFile(readMachineData(id).source);
  const machine = parseMachine(dataSource(file, id));
  const bases: Reading[] = [];
  for (const probe of PROBES) bases.push(await readProbe(machine, probe));
  const still: string[] = [];
  for (const field of numericFields(file)) {
    if (waits(machine, field.path)) continue;
    if (!(await turns(file, field, bases))) still.push(formatPath(field.path));
  }
  expect(still).toEqual([]);
});

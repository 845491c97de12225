import type { Machine } from '../types/machine.ts';
import type { ProgramSummary } from '../types/program.ts';
import type { Dtype, Phase } from '../types/units.ts';

/** A lower bound on the time of a run and what sets it. */
export interface Bound {
  readonly time_s: number;
  readonly binding: string;
}

/**
 * The least time any placement, order and overlap could take with this machine's peaks, workload and precision.
 * Four necessary conditions, each over the whole run (phases of different batches may overlap, so they are not added):
 *
 * 1. arithmetic: every FLOP at the sum of all units' peaks;
 * 2. operands: every pass reads all weights and every decode step its KV, at the sum of all units' memory bandwidths;
 * 3. the fast memory's edge: what does not fit beside the fastest unit is in each pass either brought over its links or
 *    read by another unit from its own memory;
 * 4. the disk's edge: what fits in no memory is read from disk in each pass.
 */
export function lowerBound(machine: Machine, summary: ProgramSummary): Bound {
  const reads = operandBytes(summary);
  const resident = summary.weight_bytes + summary.kv_bytes;
  const passes = totalOf(summary.passes);
  const conditions: Bound[] = [
    { binding: 'arithmetic', time_s: arithmeticSeconds(machine, summary) },
    {
      binding: 'operand bandwidth',
      time_s: reads / sum(machine.compute.map((unit) => unitBandwidth(machine, unit.id))),
    },
  ];
  const fast = machine.roles.fast;
  const storage = machine.roles.storage;
  const fastBytes = capacity(machine, (id) => id === fast);
  const inPlace = machine.compute.some((unit) => unit.memory === fast && unit.reads_in_place !== undefined);
  if (fast !== undefined && !inPlace) {
    const inbound = sum(
      machine.links.map((link) =>
        link.to === fast ? rate(link.forward.bytes_per_s) : link.from === fast ? rate(link.backward.bytes_per_s) : 0,
      ),
    );
    const elsewhere = sum(machine.compute.map((unit) => (unit.memory === fast ? 0 : unitBandwidth(machine, unit.id))));
    const outside = Math.max(0, reads - passes * fastBytes);
    if (outside > 0) conditions.push({ binding: 'edge of the fast memory', time_s: outside / (inbound + elsewhere) });
  }
  if (storage !== undefined) {
    const disk = machine.memories.find((memory) => memory.id === storage)!;
    const others = capacity(machine, (id) => id !== storage);
    const perPass = Math.max(0, (resident > 0 ? reads / passes : 0) - others);
    if (perPass > 0) conditions.push({ binding: 'disk', time_s: (perPass * passes) / disk.read_bytes_per_s });
  }
  return conditions.reduce((worst, next) => (next.time_s > worst.time_s ? next : worst));
}

/** Bytes of weights and KV that must be read: in each pass the weights that its tokens need, in each decode step its KV. */
function operandBytes(summary: ProgramSummary): number {
  const weights = Object.entries(summary.passes).map(
    ([phase, passes]) => passes * (summary.pass_weight_bytes?.[phase as Phase] ?? summary.weight_bytes),
  );
  return sum(weights) + summary.kv_read_bytes;
}

function arithmeticSeconds(machine: Machine, summary: ProgramSummary): number {
  let seconds = 0;
  for (const phase of Object.values(summary.flops)) {
    for (const [dtype, flops] of Object.entries(phase)) {
      // A unit without a peak for this precision may run it at its best one.
      const peaks = machine.compute.map(
        (unit) => unit.peak_flop_per_s[dtype as Dtype] ?? Math.max(0, ...Object.values(unit.peak_flop_per_s)),
      );
      seconds += flops / Math.max(sum(peaks), Number.MIN_VALUE);
    }
  }
  return seconds;
}

function unitBandwidth(machine: Machine, id: string): number {
  const unit = machine.compute.find((candidate) => candidate.id === id)!;
  const memory = machine.memories.find((candidate) => candidate.id === unit.memory)!;
  return Math.max(memory.read_bytes_per_s, unit.memory_bytes_per_s ?? 0);
}

function capacity(machine: Machine, includes: (id: string) => boolean): number {
  return sum(
    machine.memories
      .filter((memory) => includes(memory.id))
      .map((memory) => memory.capacity_bytes - memory.reserved_bytes),
  );
}

function totalOf(perPhase: Readonly<Partial<Record<Phase, number>>>): number {
  return sum(Object.values(perPhase));
}

function rate(bytesPerS: number | undefined): number {
  return bytesPerS ?? Number.POSITIVE_INFINITY;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

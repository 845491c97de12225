import { InputError } from '../../input/errors.ts';
import { MissingFactError } from '../../sim/errors.ts';
import type { Machine, Memory, RunResult, SpatialArray } from '../../sim/types/index.ts';
import { type AttentionShape, type DataflowCost, onePass, rowWise } from './dataflows.ts';
import type { AttentionFields } from './layerSchema.ts';
import { runOnGpu } from './onGpu.ts';

/**
 * Time, DRAM traffic and energy of the layer: compute and DRAM overlap, so the longer of the two is the time.
 * @throws MissingFactError when the machine has no arrays, no on-chip memory, or one too small for a tile; InputError for
 * fields that the dataflow does not read.
 */
export function runAttention(fields: AttentionFields, machine: Machine): RunResult {
  refuseUnread(fields);
  const { dataflow } = fields;
  if (dataflow === 'un-fused' || dataflow === 'fused') {
    const shape = {
      instances: fields.batch * fields.heads,
      sequence: fields.sequence,
      width: fields.key_width,
      element_bytes: fields.element_bits / 8,
      backward: fields.backward ?? false,
      mask: fields.mask ?? false,
      causal: fields.causal ?? false,
      dropout: fields.dropout ?? false,
      accumulate: fields.accumulate ?? false,
    };
    return runOnGpu(dataflow, shape, machine);
  }
  const grid = arrayOf(machine, (array) => array.rows > 1);
  const lanes = arrayOf(machine, (array) => array.rows === 1);
  const buffer = memoryOf(machine, machine.roles.near);
  const dram = memoryOf(machine, machine.roles.fast);
  const shape: AttentionShape = {
    instances: fields.batch * fields.heads,
    sequence: fields.sequence,
    key_width: fields.key_width,
    value_width: fields.value_width ?? fields.key_width,
    element_bytes: fields.element_bits / 8,
  };
  const arrays = { grid, lanes, buffer_bytes: buffer.capacity_bytes - buffer.reserved_bytes };
  const cost = dataflow === 'one-pass' ? onePass(shape, arrays) : rowWise(shape, arrays, fields.mapping);
  if (cost === null) {
    throw new MissingFactError(`memory "${buffer.id}" of machine "${machine.id}" is too small for one tile of queries`);
  }
  const seconds = Math.max(cost.compute_s, cost.dram_bytes / dram.read_bytes_per_s);
  const energy = energyOf(dataflow, cost, grid, dram);
  return {
    metrics: {
      'time.total_s': seconds,
      'compute.macs': cost.multiply_adds,
      [`traffic.${dram.id}.access_bytes`]: cost.dram_bytes,
      [`busy.compute.${grid.id}.fraction`]: cost.grid_s / seconds,
      [`busy.compute.${lanes.id}.fraction`]: cost.lanes_s / seconds,
      [`busy.memory.${dram.id}.fraction`]: cost.dram_bytes / dram.read_bytes_per_s / seconds,
      ...energy.metrics,
    },
    warnings: energy.warnings,
  };
}

function energyOf(
  dataflow: 'one-pass' | 'row-wise',
  cost: DataflowCost,
  { energy }: SpatialArray,
  dram: Memory,
): { metrics: Record<string, number>; warnings: string[] } {
  if (energy === undefined) return { metrics: {}, warnings: ['no source gives the energy of the arrays'] };
  const arithmetic =
    cost.multiply_adds * energy.multiply_add_j +
    cost.adds * energy.add_j +
    cost.exponents * energy.exponent_j +
    cost.divisions * energy.divide_j;
  const perScore = dataflow === 'one-pass' ? energy.one_pass_buffer_j : energy.row_wise_buffer_j;
  const buffer = cost.scores * perScore;
  const parts: Record<string, number> = { 'energy.arrays_j': arithmetic, 'energy.onchip_memory_j': buffer };
  if (dram.energy === undefined) {
    const metrics = { ...parts, 'energy.known_j': arithmetic + buffer };
    return { metrics, warnings: [`no source gives the energy of ${dram.id}`] };
  }
  const perByte = (dram.energy.low_j_per_byte + dram.energy.high_j_per_byte) / 2;
  const dramJ = cost.dram_bytes * perByte;
  return {
    metrics: { ...parts, [`energy.${dram.id}_memory_j`]: dramJ, 'energy.total_j': arithmetic + buffer + dramJ },
    warnings: [],
  };
}

function arrayOf(machine: Machine, is: (array: SpatialArray) => boolean): SpatialArray {
  const found = machine.arrays?.find(is);
  if (found) return found;
  throw new MissingFactError(
    `machine "${machine.id}" has no spatial ${is({ rows: 1 } as SpatialArray) ? 'row of lanes' : 'grid'} in its arrays`,
  );
}

function memoryOf(machine: Machine, id: string | undefined): Memory {
  const memory = machine.memories.find((candidate) => candidate.id === id);
  if (memory) return memory;
  throw new MissingFactError(`machine "${machine.id}" has no fast and near role, which an array's buffer needs`);
}

/** Fields that only some dataflows read. */
const READ_BY: Readonly<Record<string, readonly AttentionFields['dataflow'][]>> = {
  mapping: ['row-wise'],
  value_width: ['one-pass', 'row-wise'],
  backward: ['un-fused', 'fused'],
  mask: ['un-fused', 'fused'],
  causal: ['un-fused', 'fused'],
  dropout: ['un-fused', 'fused'],
  accumulate: ['un-fused', 'fused'],
};

function refuseUnread(fields: AttentionFields): void {
  for (const [field, dataflows] of Object.entries(READ_BY)) {
    if (fields[field as keyof AttentionFields] === undefined || dataflows.includes(fields.dataflow)) continue;
    throw new InputError({
      code: 'bad_value',
      problem: `workload.${field} has no effect with the dataflow ${fields.dataflow}`,
      found: fields.dataflow,
      expected: `${dataflows.join(' or ')}, or no ${field}`,
    });
  }
}

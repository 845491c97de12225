import type { Machine } from '../../../sim/types/index.ts';
import { type LinearProgram, OBJECTIVE } from '../../linearProgram.ts';
import type { LayerCosts, PhaseCosts } from './costs.ts';

/**
 * FlexGen's cost model as a linear program (Sheng et al., ICML 2023, section 4.3): fractions of weights, cache and
 * hidden states on GPU (g), CPU (c) and disk (d), and for each phase the times of a first and of a later batch's steps in
 * a layer. Minimises seconds per sequence.
 */
export function formulate(machine: Machine, costs: LayerCosts): LinearProgram {
  const variables: Record<string, Record<string, number>> = {};
  const constraints: Record<string, { max?: number; equal?: number }> = {};
  const put = (variable: string, constraint: string, value: number): void => {
    if (value === 0) return;
    variables[variable] ??= {};
    variables[variable][constraint] = (variables[variable][constraint] ?? 0) + value;
  };
  for (const [name, passes] of [
    ['prefill', 1],
    ['decode', costs.outputTokens - 1],
  ] as const) {
    put(`first_${name}`, OBJECTIVE, (costs.layers * passes) / costs.sequences);
    put(`other_${name}`, OBJECTIVE, (costs.layers * passes * (costs.batches - 1)) / costs.sequences);
  }
  for (const tensor of ['w', 'k', 'h']) {
    constraints[`all_${tensor}`] = { equal: 1 };
    for (const level of ['g', 'c', 'd']) put(`${tensor}_${level}`, `all_${tensor}`, 1);
  }
  for (const name of ['prefill', 'decode'] as const) {
    steps(put, constraints, `first_${name}`, costs[name], 1);
    if (costs.batches > 1) steps(put, constraints, `other_${name}`, costs[name], 0);
  }
  capacities(put, constraints, machine, costs);
  return { variables, constraints };
}

type Put = (variable: string, constraint: string, value: number) => void;

/**
 * The steps of one batch in one layer last at least as long as each stream: Σ seconds × fraction − t ≤ −constant.
 * Weights are fetched in the steps of the first batch alone and must land before their barrier, so they overlap one
 * batch, not the block.
 */
function steps(
  put: Put,
  constraints: Record<string, { max?: number }>,
  time: string,
  costs: PhaseCosts,
  weights: 0 | 1,
): void {
  const stream = (id: string, constant: number, terms: readonly (readonly [string, number])[]): void => {
    const row = `${time}_${id}`;
    constraints[row] = { max: -constant };
    put(time, row, -1);
    for (const [variable, seconds] of terms) put(variable, row, seconds);
  };
  stream('gpu', costs.gpuCompute, [
    ['h_c', 2 * costs.hiddenLink],
    ['h_d', 2 * costs.hiddenLink],
    // Attention on the CPU and the GPU's share of a step follow one another.
    ['k_c', costs.hostBlocksGpu ? costs.kvHost : 0],
  ]);
  stream('link', 0, [
    ['w_c', weights * costs.weightsUp],
    ['w_d', weights * costs.weightsUp],
    ['k_c', costs.kvLink],
    ['k_d', costs.kvLink],
    ['h_c', costs.hiddenLink],
    ['h_d', costs.hiddenLink],
  ]);
  stream('host', 0, [
    ['k_c', costs.kvHost],
    ['w_c', weights * costs.weightsHost],
  ]);
  stream('disk', 0, [
    ['w_d', weights * costs.weightsDisk],
    ['k_d', costs.kvDisk],
  ]);
}

function capacities(
  put: Put,
  constraints: Record<string, { max?: number }>,
  machine: Machine,
  costs: LayerCosts,
): void {
  const usable = (id: string | undefined): number => {
    const memory = machine.memories.find((candidate) => candidate.id === id);
    return memory === undefined ? 0 : memory.capacity_bytes - memory.reserved_bytes;
  };
  const { fast, host, storage } = machine.roles;
  const levels = [
    ['g', usable(fast) - costs.scratchBytes],
    ['c', usable(host) - costs.hostBytes],
    ['d', usable(storage)],
  ] as const;
  for (const [level, bytes] of levels) {
    const row = `room_${level}`;
    constraints[row] = { max: Math.max(0, bytes) / 1e9 };
    put(`w_${level}`, row, (costs.weightBytes * costs.layers) / 1e9);
    put(`k_${level}`, row, (costs.kvBytes * costs.layers) / 1e9);
    put(`h_${level}`, row, costs.hiddenBytes / 1e9);
    // Weights that are fetched need two buffers on the GPU.
    if (level === 'g') for (const other of ['c', 'd']) put(`w_${other}`, row, (2 * costs.weightBytes) / 1e9);
  }
}

import type { LayerInfo, Machine, Precision, Program, Tensor } from '../../../sim/types/index.ts';
import type { PercentFields } from './schema.ts';

/** The memories of the three levels, by role. */
export interface Levels {
  readonly gpu: string;
  readonly cpu: string | undefined;
  readonly disk: string | undefined;
}

export function levelsOf(machine: Machine): Levels {
  const { fast, host, storage } = machine.roles;
  return { gpu: fast ?? '', cpu: host, disk: storage };
}

/** Where one sub-layer's weights live, whole tensors only, in storage order. */
export interface WeightHomes {
  readonly gpu: readonly Tensor[];
  readonly cpu: readonly Tensor[];
  readonly disk: readonly Tensor[];
  /** Bytes that a loaded copy takes on the GPU. */
  readonly loaded_bytes: number;
}

/**
 * Places each tensor by where its middle falls in the sub-layer's bytes, in the order disk, CPU, GPU. So "20 % on the
 * GPU" of four equal matrices is the last one or none, never a fifth of each (FlexGen, `init_weight_list`).
 */
export function placeWeights(layer: LayerInfo, [gpuPercent, cpuPercent]: readonly [number, number]): WeightHomes {
  const disk = 100 - gpuPercent - cpuPercent;
  const total = layer.weights.reduce((sum, tensor) => sum + tensor.elements, 0);
  const homes = { gpu: [] as Tensor[], cpu: [] as Tensor[], disk: [] as Tensor[] };
  let before = 0;
  let loaded = 0;
  for (const tensor of layer.weights) {
    const middle = (100 * (before + tensor.elements / 2)) / total;
    before += tensor.elements;
    const home = middle < disk ? 'disk' : middle < disk + cpuPercent ? 'cpu' : 'gpu';
    homes[home].push(tensor);
    if (home !== 'gpu') loaded += tensor.bytes;
  }
  return { ...homes, loaded_bytes: loaded };
}

export const bytesOf = (tensors: readonly Tensor[]): number => tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);

/**
 * Shares of the KV cache on the GPU, on the CPU and on disk. A cache that is split is split by sequences of the batch,
 * rounded down level by level, and the last level takes the rest (FlexGen, `TorchMixedDevice.init_cache_one_gpu_batch`).
 */
export function kvShares(
  { kv: [gpu, cpu] }: Pick<PercentFields, 'kv'>,
  batch: number,
): { gpu: number; cpu: number; disk: number } {
  const disk = 100 - gpu - cpu;
  const onGpu = Math.floor((batch * gpu) / 100);
  const onCpu = disk === 0 ? batch - onGpu : Math.floor((batch * cpu) / 100);
  return { gpu: onGpu / batch, cpu: onCpu / batch, disk: (batch - onGpu - onCpu) / batch };
}

/** Whether decode attention runs on the CPU. */
export function attentionOnCpu(fields: Pick<PercentFields, 'attention_on' | 'kv'>, precision: Precision): boolean {
  if (fields.attention_on === 'auto') return fields.kv[0] === 0 && precision.kv_bits >= 16;
  return fields.attention_on === 'cpu';
}

/** Bytes of K and V tensors of every layer and batch together. */
export function kvBytes(program: Program): number {
  return program.tensors.filter((tensor) => tensor.kind === 'kv').reduce((sum, tensor) => sum + tensor.bytes, 0);
}

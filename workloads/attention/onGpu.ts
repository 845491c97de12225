import { MissingFactError } from '../../sim/errors.ts';
import { kernelSeconds } from '../../sim/resources/kernelTime.ts';
import type { Kernel, Machine, RunResult } from '../../sim/types/index.ts';
import { fused, type GpuAttention, unfused } from './gpuKernels.ts';

/**
 * Time, memory traffic and FLOPs of the layer on the compute unit of the fast memory, one kernel after another.
 * @throws MissingFactError when there is no such unit, or fused attention finds no scratchpad.
 */
export function runOnGpu(dataflow: 'un-fused' | 'fused', shape: GpuAttention, machine: Machine): RunResult {
  const { fast } = machine.roles;
  const memory = machine.memories.find(({ id }) => id === fast);
  const unit = machine.compute.find((candidate) => candidate.memory === fast);
  if (memory === undefined || unit === undefined) {
    throw new MissingFactError(`machine "${machine.id}" has no compute unit on a fast memory`);
  }
  if (dataflow === 'fused' && unit.scratchpad_bytes === undefined) {
    throw new MissingFactError(
      `compute unit "${unit.id}" of machine "${machine.id}" has no scratchpad_bytes for its tiles`,
    );
  }
  const { forward, backward } =
    dataflow === 'fused'
      ? fused(shape, unit.scratchpad_bytes!, unit.fused_attention, unit.l2_cache_bytes)
      : unfused(shape);
  const seconds = (kernels: readonly Kernel[]): number =>
    kernels.reduce((sum, kernel) => sum + unit.launch_s + kernelSeconds(unit, memory.read_bytes_per_s, kernel), 0);
  const [forward_s, backward_s] = [seconds(forward), seconds(backward)];
  const kernels = [...forward, ...backward];
  const bytes = kernels.reduce((sum, { activation_bytes }) => sum + activation_bytes, 0);
  const metrics = {
    'time.total_s': forward_s + backward_s,
    ...(shape.backward && { 'time.forward_s': forward_s, 'time.backward_s': backward_s }),
    'compute.flops': kernels.reduce((sum, { flops }) => sum + flops, 0),
    [`traffic.${memory.id}.access_bytes`]: bytes,
    [`busy.memory.${memory.id}.fraction`]: bytes / memory.read_bytes_per_s / (forward_s + backward_s),
  };
  return { metrics, warnings: [] };
}

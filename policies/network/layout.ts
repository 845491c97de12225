import type { LayoutPatches, MemoryLayout } from '../../sim/types/index.ts';
import { liveBytes } from '../planner/live.ts';
import type { MemoryPlan } from '../planner/planner.ts';
import type { Schedule } from '../schedule/schedule.ts';

/** The plan as figures read it. */
export function layoutOf(memory: string, capacity_bytes: number, schedule: Schedule, plan: MemoryPlan): MemoryLayout {
  const live = liveBytes(schedule);
  const { step_bytes } = plan;
  const { steps, buffers, stage, network } = schedule;
  const indexOf = (tensor: number): number | undefined => network.tensors[tensor]!.file_index;
  return {
    memory,
    capacity_bytes,
    peak_bytes: plan.peak_bytes,
    scratch_bytes: plan.scratch_bytes,
    steps: steps.map(({ index, layer }) => ({
      name: layer.name,
      block: layer.block,
      bytes: step_bytes[index]!,
      live_bytes: live[index]!,
      repeats: stage !== null && index < stage.layers ? stage.patches ** 2 : 1,
    })),
    ...(network.file_tensors !== undefined && { file_tensors: network.file_tensors }),
    buffers: buffers.map(({ id, name, bytes, first, last, tensor }) => ({
      name,
      ...(indexOf(tensor) !== undefined && { file_index: indexOf(tensor)! }),
      offset_bytes: plan.offsets?.[id] ?? null,
      bytes,
      first,
      last,
    })),
    patches: patchesOf(schedule),
  };
}

/** A patch begins one pitch (its share of the output times the strides so far) after its neighbour. */
function patchesOf({ network, stage }: Schedule): LayoutPatches | null {
  if (stage === null) return null;
  const image = network.tensors[network.inputs[0]!]!;
  const pitch = ([0, 1] as const).map((axis) => {
    const reads = stage.input_side[axis];
    const positions = stage.output_side[axis];
    const one = strideTo(network.layers.slice(0, stage.layers).map(({ window }) => window.stride[axis]));
    return { reads, pitch: positions * one };
  });
  const before = ([0, 1] as const).map((axis) => paddingBefore(network, stage.layers, axis));
  return {
    patches: stage.patches,
    image: [image.height, image.width],
    reads: [pitch[0]!.reads, pitch[1]!.reads],
    pitch: [pitch[0]!.pitch, pitch[1]!.pitch],
    before: [before[0]!, before[1]!],
  };
}

const strideTo = (strides: readonly number[]): number => strides.reduce((product, stride) => product * stride, 1);

/** Rows or columns that the first patch reads before the image: each layer's padding, scaled by the strides before it. */
function paddingBefore(network: Schedule['network'], layers: number, axis: 0 | 1): number {
  let scale = 1;
  let before = 0;
  for (const { window } of network.layers.slice(0, layers)) {
    before += window.padding[axis] * scale;
    scale *= window.stride[axis];
  }
  return before;
}

import type { Schedule } from '../schedule/schedule.ts';
import { largest, liveBytes } from './live.ts';
import type { MemoryPlan, Planner } from './planner.ts';
import { type Placed, type Request, tightestGap } from './rectangles.ts';
import { aligned, greedyOffsets, linearOffsets, type OfflineRequest } from './tflmGreedy.ts';

/**
 * Planners that give every buffer of a schedule an address.
 * @module
 */

/** A plan of a schedule from offsets of its buffers, whose sizes are rounded up to `alignment`. */
export function addressed(
  kind: string,
  alignment: number,
  offsetsOf: (requests: readonly OfflineRequest[]) => readonly number[],
): Planner {
  return {
    kind,
    plan(schedule): MemoryPlan {
      const order = allocationOrder(schedule);
      const requests = requestsOf(schedule, alignment);
      const inOrder = offsetsOf(order.map((id) => requests[id]!));
      const offsets = new Array<number>(requests.length).fill(0);
      for (const [i, id] of order.entries()) offsets[id] = inOrder[i]!;
      const tops = requests.map(({ bytes }, id) => offsets[id]! + bytes);
      return {
        peak_bytes: largest(tops),
        live_peak_bytes: largest(liveBytes(schedule)),
        scratch_bytes: 0,
        // Only figures and messages read it, and a search plans hundreds of times.
        get step_bytes() {
          const highest = new Array<number>(schedule.steps.length).fill(0);
          for (const [id, { first, last }] of requests.entries()) {
            for (let step = first; step <= last; step++) highest[step] = Math.max(highest[step]!, tops[id]!);
          }
          return highest;
        },
        offsets,
      };
    },
  };
}

/** Buffers in the order in which an allocator sees them: by tensor, as the model file lists them. */
const allocationOrder = ({ buffers }: Schedule): number[] =>
  buffers.map(({ id }) => id).sort((a, b) => buffers[a]!.tensor - buffers[b]!.tensor || a - b);

export function requestsOf({ buffers, network, stage }: Schedule, alignment: number): OfflineRequest[] {
  return buffers.map(({ bytes, first, last, tensor }) => {
    const offset = stage === null ? network.tensors[tensor]!.offset_bytes : undefined;
    return { bytes: aligned(bytes, alignment), first, last, ...(offset !== undefined && { offset }) };
  });
}

/** By falling size, each into the tightest gap that holds it. */
export function bestFitOffsets(requests: readonly Request[]): number[] {
  const order = requests.map((_, id) => id).sort((a, b) => requests[b]!.bytes - requests[a]!.bytes);
  /** By rising offset. */
  const placed: Placed[] = [];
  const offsets = new Array<number>(requests.length).fill(0);
  for (const id of order) {
    const request = requests[id]!;
    const offset = tightestGap(request, placed);
    offsets[id] = offset;
    const above = placed.findIndex((other) => other.offset > offset);
    placed.splice(above < 0 ? placed.length : above, 0, { ...request, offset });
  }
  return offsets;
}

/** TensorFlow Lite Micro's greedy planner, the head of its arena. */
export const tflmGreedy = addressed('tflm-greedy', 16, greedyOffsets);
/** Nothing shares memory. */
export const linear = addressed('linear', 16, linearOffsets);
export const bestFit = addressed('best-fit', 1, bestFitOffsets);

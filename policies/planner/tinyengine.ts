import type { Schedule, Step } from '../schedule/schedule.ts';
import { largest, liveBytes } from './live.ts';
import type { MemoryPlan, Planner } from './planner.ts';
import { lowestGap } from './rectangles.ts';

/**
 * TinyEngine's memory scheduler (mit-han-lab/tinyengine 47bb283, code_generator/GeneralMemoryScheduler.py and
 * allocator/firstFit.py): first fit by falling size over half-open lifetimes, then one im2col buffer and one buffer for
 * 16-bit copies of kernels, each as large as the largest layer's.
 * @module
 */

/** A buffer as the allocator sees it; `end` is the step after the last. */
interface Rectangle {
  readonly buffers: number[];
  readonly start: number;
  end: number;
  bytes: number;
  /** Step of the stride-2 depthwise convolution that leaves a quarter of it in use. */
  shrinks_after: number | null;
  offset: number;
}

/** Layers that change no byte, or that the code generator folds into the next one. */
const FOLDED = new Set(['pad', 'reshape', 'quantize', 'dequantize']);

/** Whether two lifetimes overlap for the allocator. */
type Overlap = (a: Rectangle, b: Rectangle) => boolean;

/**
 * The upstream test compares with strict inequalities alone, so that two tensors of the very same lifetime count as
 * apart and may share an address (firstFit.py, fit).
 */
const upstream: Overlap = (a, b) =>
  (a.start < b.start && b.start < a.end) ||
  (a.start < b.end && b.end < a.end) ||
  (b.start < a.start && a.start < b.end) ||
  (b.start < a.end && a.end < b.end);

const strict: Overlap = (a, b) => a.start < b.end && b.start < a.end;

/** Which lifetimes the scheduler sees. */
type Lifetimes = (schedule: Schedule) => Rectangle[];

function tinyEngine(kind: string, overlap: Overlap, lifetimes: Lifetimes = rectanglesOf): Planner {
  return {
    kind,
    plan(schedule): MemoryPlan {
      const rectangles = lifetimes(schedule);
      place(rectangles, overlap);
      const activations = largest(rectangles.map(({ offset, bytes }) => offset + bytes));
      const columns = largest(schedule.steps.map(im2colBytes));
      const kernels = largest(schedule.steps.map(kernelCopyBytes));
      const offsets = new Array<number>(schedule.buffers.length).fill(0);
      for (const { buffers, offset } of rectangles) for (const id of buffers) offsets[id] = offset;
      const scratch_bytes = columns + kernels;
      return {
        peak_bytes: activations + scratch_bytes,
        live_peak_bytes: largest(liveBytes(schedule)),
        scratch_bytes,
        step_bytes: schedule.steps.map(({ index }) => {
          const live = rectangles.filter(({ start, end }) => start <= index && index < end);
          const top = live.map(
            ({ offset, bytes, shrinks_after }) =>
              offset + (shrinks_after !== null && index > shrinks_after ? Math.ceil(bytes / 4) : bytes),
          );
          return largest(top) + scratch_bytes;
        }),
        offsets,
      };
    },
  };
}

/** One rectangle per buffer, but for depthwise convolutions, which write over what they read. */
function rectanglesOf({ steps, buffers }: Schedule): Rectangle[] {
  const of = new Map<number, Rectangle>();
  const rectangles: Rectangle[] = [];
  const join = (buffer: number, rectangle: Rectangle): void => {
    rectangle.buffers.push(buffer);
    rectangle.end = Math.max(rectangle.end, buffers[buffer]!.last + 1);
    of.set(buffer, rectangle);
  };
  const add = (buffer: number, start: number): Rectangle => {
    const { bytes, last } = buffers[buffer]!;
    const rectangle = { buffers: [buffer], start, end: last + 1, bytes, shrinks_after: null, offset: -1 };
    of.set(buffer, rectangle);
    rectangles.push(rectangle);
    return rectangle;
  };
  for (const step of steps) {
    for (const id of step.reads) if (!of.has(id)) add(id, buffers[id]!.first);
    const [read, written] = [step.reads[0], step.writes[0]!];
    if (of.has(written)) continue;
    if (read !== undefined && (step.layer.op === 'dw' || FOLDED.has(step.layer.op))) {
      const rectangle = of.get(read)!;
      join(written, rectangle);
      if (step.layer.op === 'dw' && step.layer.window.stride[0] === 2) rectangle.shrinks_after = step.index;
      else rectangle.bytes = Math.max(rectangle.bytes, step.layer.op === 'pad' ? 0 : buffers[written]!.bytes);
    } else {
      add(written, buffers[written]!.first);
    }
  }
  return rectangles;
}

/**
 * The engine of 2020, before its scheduler was published: what a block reads stays until the block is done, and a
 * depthwise convolution of stride 2 keeps all of the buffer that it works in. A block's input, its expansion and its
 * output then lie beside each other. A law chosen with the nine published peaks in sight, without a number to fit.
 */
function wholeBlocks(schedule: Schedule): Rectangle[] {
  const doneAfter = new Map<string, number>();
  for (const { index, layer } of schedule.steps) doneAfter.set(layer.block, index + 1);
  const rectangles = rectanglesOf(schedule);
  for (const rectangle of rectangles) {
    rectangle.shrinks_after = null;
    for (const { layer, reads } of schedule.steps) {
      if (reads.some((id) => rectangle.buffers.includes(id)))
        rectangle.end = Math.max(rectangle.end, doneAfter.get(layer.block)!);
    }
  }
  return rectangles;
}

/** Falling size, equal sizes as they came; each at the lowest address that is free over its lifetime. */
function place(rectangles: readonly Rectangle[], overlap: Overlap): void {
  const order = [...rectangles].sort((a, b) => b.bytes - a.bytes);
  for (const rectangle of order) {
    const obstacles = order
      .filter((other) => other.offset >= 0 && overlap(rectangle, other))
      .map(({ offset, bytes, shrinks_after }) => ({
        offset,
        bytes: shrinks_after !== null && rectangle.start > shrinks_after ? Math.ceil(bytes / 4) : bytes,
      }));
    rectangle.offset = lowestGap(rectangle.bytes, obstacles);
  }
}

/** Two columns of 16-bit inputs; a depthwise convolution in place keeps one padded channel. */
function im2colBytes({ layer, input_side }: Step): number {
  const { op, window, group_channels } = layer;
  const [tall, wide] = window.kernel;
  if (op === 'conv') return tall * wide * group_channels * 2 * 2;
  if (op !== 'dw') return 0;
  const [top, left, bottom, right] = window.padding;
  return 2 * (input_side[0] + top + bottom) * (input_side[1] + left + right);
}

/** Kernels larger than one point are copied in 16 bits. */
function kernelCopyBytes({ layer }: Step): number {
  return layer.op === 'conv' && layer.window.kernel[0] > 1 ? 2 * layer.weights : 0;
}

/** First fit with im2col and kernel buffers and in-place depthwise convolutions, as published. */
export const tinyEngineCompat = tinyEngine('tinyengine', upstream);
/** The same, tensors of the very same lifetime kept apart. */
export const tinyEngineStrict = tinyEngine('tinyengine-strict', strict);
/** The same as it was in 2020: a block's input, expansion and output side by side. */
export const tinyEngine2020 = tinyEngine('tinyengine-2020', strict, wholeBlocks);

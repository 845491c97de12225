import type { Schedule, Step } from '../schedule/schedule.ts';
import { largest, liveBytes } from './live.ts';
import type { MemoryPlan, Planner } from './planner.ts';

/**
 * Analytic peaks as papers count them: bytes of a step, no addresses.
 * @module
 */

type Count = (
  step: Step,
  schedule: Schedule,
  sum: (ids: Iterable<number>) => number,
  live: () => readonly number[],
) => number;

function counting(kind: string, count: Count): Planner {
  return {
    kind,
    plan(schedule): MemoryPlan {
      const { buffers, steps } = schedule;
      const sum = (ids: Iterable<number>): number =>
        [...new Set(ids)].reduce((bytes, id) => bytes + buffers[id]!.bytes, 0);
      const held = mergedBuffers(schedule);
      const step_bytes = steps.map((step) => {
        const live = (): number[] =>
          buffers
            .filter(({ id, first, last }) => first <= step.index && step.index <= last && !held.has(id))
            .map(({ id }) => id);
        const inStage = schedule.stage !== null && step.index < schedule.stage.layers;
        if (!inStage) return count(step, schedule, sum, () => live());
        // The merged map is there whole beside the patch; the last layer of the stage writes a patch of its own first.
        const patch = { ...step, reads: step.reads.filter((id) => !held.has(id)) };
        return sum(held) + count(patch, schedule, (ids) => tileSum(ids, step, schedule, held), live);
      });
      return {
        peak_bytes: largest(step_bytes),
        live_peak_bytes: largest(liveBytes(schedule)),
        scratch_bytes: 0,
        step_bytes,
        offsets: null,
      };
    },
  };
}

/** Buffers that hold the patch stage's output. */
function mergedBuffers({ stage, buffers }: Schedule): Set<number> {
  if (stage === null) return new Set();
  return new Set(buffers.filter(({ first, last }) => first === 0 && last >= stage.layers).map(({ id }) => id));
}

/** Bytes of buffers, a merged one counting as the patch that this step makes of it. */
function tileSum(ids: Iterable<number>, step: Step, { buffers, network }: Schedule, held: ReadonlySet<number>): number {
  return [...new Set(ids)].reduce((bytes, id) => {
    const buffer = buffers[id]!;
    if (!held.has(id)) return bytes + buffer.bytes;
    const { height, width } = network.tensors[buffer.tensor]!;
    return bytes + (buffer.bytes / (height * width)) * step.output_side[0] * step.output_side[1];
  }, 0);
}

const WEIGHTED = new Set(['conv', 'dw', 'fc', 'tconv']);

/** What a depthwise convolution must keep beside its own input and output: the shortcut around it. */
const beside = ({ reads, writes }: Step, live: readonly number[]): number[] =>
  live.filter((id) => !reads.includes(id) && !writes.includes(id));

/**
 * MCUNet's column "Act": input plus output of every convolution; a depthwise one inside a residual block adds the
 * shortcut, the projection does not (mit-han-lab/mcunet, utils/pytorch_utils.py, count_peak_activation_size).
 */
export const mcunetAct = counting('mcunet-act', (step, _s, sum, live) => {
  if (!WEIGHTED.has(step.layer.op)) return 0;
  const own = sum([...step.reads, ...step.writes]);
  return step.layer.op === 'dw' ? own + sum(beside(step, live())) : own;
});

/** MCUNetV2's count: the same, a depthwise convolution working in place (arXiv:2110.15352, figure 1 and table 1). */
export const mcunetV2 = counting('mcunetv2', (step, _s, sum, live) => {
  if (!WEIGHTED.has(step.layer.op)) return 0;
  if (step.layer.op !== 'dw') return sum([...step.reads, ...step.writes]);
  return Math.max(sum(step.reads), sum(step.writes)) + sum(beside(step, live()));
});

/** Every tensor that is still needed, at every step; nothing shares memory. */
export const strictLiveness: Planner = {
  kind: 'live',
  plan(schedule) {
    const step_bytes = liveBytes(schedule);
    const peak_bytes = largest(step_bytes);
    return { peak_bytes, live_peak_bytes: peak_bytes, scratch_bytes: 0, step_bytes, offsets: null };
  },
};

/**
 * The operator of each layer, by name: its block, or the global pooling that alone reads what the block makes, which
 * can be summed as it is made.
 */
function operatorsOf({ network }: Schedule): Map<string, string> {
  const operators = new Map(network.layers.map(({ name, block }) => [name, block]));
  for (const { op, block, inputs } of network.layers) {
    if (op !== 'gap') continue;
    const readers = network.layers.filter((layer) => layer.inputs.some((id) => inputs.includes(id)));
    if (readers.length > 1) continue;
    const maker = network.layers.find(({ outputs }) => outputs.includes(inputs[0]!))?.block;
    for (const layer of network.layers) if (layer.block === maker) operators.set(layer.name, block);
  }
  return operators;
}

/**
 * A block of layers as one fused operator, its input plus its output (the count behind MCUNetV2's tables 4 and 5,
 * after RNNPool). What a global pooling alone reads is never there whole: table 5 prints 0.24 MB for MobileNetV2 with
 * RNNPool, which ends in a convolution (EdgeML, model_mobilenet_rnnpool.py) whose maps alone are 0.30 MiB.
 */
export const fusedBlocks: Planner = {
  kind: 'fused-blocks',
  plan(schedule) {
    const { steps, buffers, network } = schedule;
    const operators = operatorsOf(schedule);
    const operatorOf = ({ name }: { readonly name: string }): string => operators.get(name)!;
    const blocks = new Map<string, Step[]>();
    for (const step of steps) {
      const operator = operatorOf(step.layer);
      blocks.set(operator, [...(blocks.get(operator) ?? []), step]);
    }
    const made = new Map(
      network.layers.flatMap((layer) => layer.outputs.map((id) => [id, operatorOf(layer)] as const)),
    );
    const readBy = (id: number): string[] => network.layers.filter(({ inputs }) => inputs.includes(id)).map(operatorOf);
    const bytesOf = new Map<string, number>();
    for (const [block, own] of blocks) {
      const ids = new Set([
        ...own.flatMap(({ reads }) => reads).filter((id) => made.get(buffers[id]!.tensor) !== block),
        ...own
          .flatMap(({ writes }) => writes)
          .filter((id) => {
            const readers = readBy(buffers[id]!.tensor);
            return readers.length === 0 || readers.some((reader) => reader !== block);
          }),
      ]);
      bytesOf.set(
        block,
        [...ids].reduce((sum, id) => sum + buffers[id]!.bytes, 0),
      );
    }
    const step_bytes = steps.map(({ layer }) => bytesOf.get(operatorOf(layer))!);
    return {
      peak_bytes: largest(step_bytes),
      live_peak_bytes: largest(liveBytes(schedule)),
      scratch_bytes: 0,
      step_bytes,
      offsets: null,
    };
  },
};

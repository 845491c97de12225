import { MissingFactError } from '../../sim/errors.ts';
import type { Actions, ComputeUnit, Machine, Op, OpView, Task } from '../../sim/types/index.ts';
import type { PlacementContext } from './placement.ts';

/** @throws MissingFactError when no compute unit is attached to the memory. */
export function unitOn(machine: Machine, memory: string): ComputeUnit {
  const unit = machine.compute.find((candidate) => candidate.memory === memory);
  if (unit === undefined)
    throw new MissingFactError(`machine "${machine.id}" has no compute unit on its memory "${memory}"`);
  return unit;
}

/**
 * Expansion of quantised operands before an op and compression of what it appends, on the op's unit: whole weights at
 * every use, the whole KV cache at every read (FlexGen, `TorchCompressedDevice`).
 */
export class Expansion {
  private readonly unit: ComputeUnit;
  private readonly quantisedElements: readonly number[];
  private readonly kvQuantised: boolean;

  constructor(unit: ComputeUnit, { program, precision }: PlacementContext) {
    this.unit = unit;
    this.kvQuantised = precision.kv_bits < 16;
    this.quantisedElements = program.layers.map((layer) =>
      layer.weights.reduce((sum, tensor) => sum + (tensor.quantised ? tensor.elements : 0), 0),
    );
  }

  /** Weights of the op's sub-layer and the KV it reads. */
  before(actions: Actions, { op, layer }: OpView, after: Task): Task {
    const ready = this.spend(actions, this.quantisedElements[layer]!, after);
    const state = op.state;
    if (!this.kvQuantised || state === null || state.read_tokens === 0) return ready;
    return this.spend(actions, 2 * (state.read_tokens + 1) * state.elements_per_token, ready);
  }

  /** New keys and values. */
  after(actions: Actions, { state }: Op, after: Task): Task {
    if (!this.kvQuantised || state === null) return after;
    return this.spend(actions, 2 * Math.max(1, state.write_tokens) * state.elements_per_token, after);
  }

  private spend(actions: Actions, elements: number, after: Task): Task {
    if (elements === 0) return after;
    const rate = this.unit.quantise_elements_per_s;
    if (rate === undefined) throw new MissingFactError(`compute unit "${this.unit.id}" has no quantise_elements_per_s`);
    return actions.busy(this.unit.id, elements / rate, 'compute', after);
  }
}

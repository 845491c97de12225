import { MissingFactError } from '../../../sim/errors.ts';
import type { Actions, Op, OpView, StateUse, Task } from '../../../sim/types/index.ts';
import { unitOn } from '../units.ts';
import type { Shared } from './shared.ts';

/**
 * Bytes of device memory that the un-fused kernels of FlexGen's group quantisation move for one element
 * (flexllmgen/compression.py), counted in whole sectors. Expansion shifts and masks the packed bytes (1 byte each), writes
 * each half of the elements (1/2 byte read), divides and adds (4 bytes each). Weights are grouped along their rows, so
 * the halves are whole rows and writing them costs 1 byte an element; a cache is grouped along its innermost dimension,
 * so each half writes every other element, touches all sectors, and a sector written in part is read first (2 + 2
 * bytes). Compression takes minimum and maximum (2 each), subtracts, multiplies, clamps and rounds (4 each), narrows
 * (3), and packs (1.5 + 2).
 */
const SECTOR_BYTES = {
  expand_rows: 2 * (1 + 0.5 + 1) + 2 * 4,
  expand_interleaved: 2 * (1 + 0.5 + 4) + 2 * 4,
  compress: 2 * 2 + 4 * 4 + 3 + 3.5,
} as const;

/** A machine's `quantise_elements_per_s` is that of the mean of the two layouts. */
const REFERENCE_BYTES = (SECTOR_BYTES.expand_rows + SECTOR_BYTES.expand_interleaved) / 2;

/** Expansion of quantised operands on the GPU, whole weights and the whole cache at every use, and compression of new KV. */
export class GroupCodec {
  private readonly shared: Shared;
  private readonly weightElements: readonly number[];
  private readonly kvQuantised: boolean;

  constructor(shared: Shared) {
    this.shared = shared;
    this.kvQuantised = shared.precision.kv_bits < 16;
    this.weightElements = shared.program.layers.map((layer) =>
      layer.weights.reduce((sum, tensor) => sum + (tensor.quantised ? tensor.elements : 0), 0),
    );
  }

  /** Weights of the op's sub-layer and the KV it reads, the new token's place included. */
  before(actions: Actions, { op, layer }: OpView, after: Task): Task {
    const ready = this.spend(actions, this.weightElements[layer]!, 'expand_rows', after);
    const { state } = op;
    if (!this.kvQuantised || state === null || state.read_tokens === 0) return ready;
    return this.spend(actions, elementsOf(state, state.read_tokens + 1), 'expand_interleaved', ready);
  }

  /** New keys and values; the last token's are compressed too, though nobody stores them. */
  after(actions: Actions, { state }: Op, after: Task): Task {
    if (!this.kvQuantised || state === null) return after;
    return this.spend(actions, elementsOf(state, Math.max(1, state.write_tokens)), 'compress', after);
  }

  private spend(actions: Actions, elements: number, how: keyof typeof SECTOR_BYTES, after: Task): Task {
    if (elements === 0) return after;
    const unit = unitOn(this.shared.machine, this.shared.levels.gpu);
    const rate = unit.quantise_elements_per_s;
    if (rate === undefined) throw new MissingFactError(`compute unit "${unit.id}" has no quantise_elements_per_s`);
    return actions.busy(unit.id, (elements / rate) * (SECTOR_BYTES[how] / REFERENCE_BYTES), 'compute', after);
  }
}

/** Elements of so many tokens of K and V. */
const elementsOf = (state: StateUse, tokens: number): number => 2 * tokens * state.elements_per_token;

import { MissingFactError } from '../../../sim/errors.ts';
import {
  type Actions,
  type ComputeUnit,
  type Holding,
  type Kernel,
  type MatrixVector,
  NONE,
  type Op,
  type OpCursor,
  type Placement,
  type Plan,
  type Tensor,
} from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { unitOn } from '../units.ts';
import type { OnChipFields } from './schema.ts';

/**
 * Always-on-chip decode (FlightLLM, FPGA 2024): activations stay in on-chip buffers, weights and KV stream from the fast
 * memory through an array that multiplies a matrix with a vector tile by tile.
 */
export class OnChipPlacement implements Placement {
  readonly kind = 'on-chip';
  readonly lookahead = 1;
  private readonly fields: OnChipFields;
  private readonly context: PlacementContext;
  private readonly memory: string;
  private readonly unit: ComputeUnit;
  private readonly array: MatrixVector;
  /** Kernels of a sub-layer's products in a phase: the same in every step. */
  private readonly products = new Map<string, readonly Kernel[]>();

  constructor(fields: OnChipFields, context: PlacementContext) {
    const { machine } = context;
    const memory = machine.roles.fast;
    if (memory === undefined) throw new MissingFactError(`machine "${machine.id}" has no fast role`);
    this.fields = fields;
    this.context = context;
    this.memory = memory;
    this.unit = unitOn(machine, memory);
    if (this.unit.matrix_vector === undefined) {
      throw new MissingFactError(`compute unit "${this.unit.id}" of machine "${machine.id}" has no matrix_vector part`);
    }
    this.array = this.unit.matrix_vector;
  }

  plan(): Plan {
    const { program } = this.context;
    const sum = (kind: Tensor['kind']): number =>
      program.tensors.reduce((bytes, tensor) => {
        return tensor.kind === kind && tensor.alias_of < 0 ? bytes + tensor.bytes * this.densityOf(tensor) : bytes;
      }, 0);
    const held: Holding[] = [
      { memory: this.memory, kind: 'weight', bytes: sum('weight'), what: 'weights' },
      { memory: this.memory, kind: 'kv', bytes: sum('kv'), what: 'KV cache' },
    ];
    return { held, files: [], workers: [], page_cache: false, warnings: [] };
  }

  onOp(cursor: OpCursor, actions: Actions): void {
    const { op, layer } = cursor;
    if (op.name !== 'embed') {
      const tokens = op.phase === 'prefill' ? this.context.program.summary.prompt_tokens : 1;
      actions.run(this.unit.id, this.productsOf(op, layer, tokens), 'compute', NONE);
      if (op.state !== null) this.attend(actions, op, layer, tokens);
    }
    const next = cursor.at(1);
    if (next === null || next.op.step !== op.step) actions.barrier();
  }

  private densityOf(tensor: Tensor): number {
    const name = tensor.name.slice(tensor.name.lastIndexOf('.') + 1);
    return (name.startsWith('w_') ? this.fields.density[name.slice(2)] : undefined) ?? 1;
  }

  /**
   * Every matrix of the sub-layer in turn: its input vector and first weight tile are brought in, then the rest is loaded
   * and multiplied. Outputs are padded to whole columns of the array.
   */
  private productsOf(op: Op, layer: number, tokens: number): readonly Kernel[] {
    const key = `${op.phase} ${layer}`;
    const known = this.products.get(key);
    if (known !== undefined) return known;
    const kernels: Kernel[] = [];
    const rows = this.context.program.summary.batch * tokens;
    for (const tensor of this.context.program.layers[layer]!.weights) {
      const [outputs = 0, inputs = 0] = tensor.shape ?? [];
      if (tensor.dimensions !== 2) continue;
      const density = this.densityOf(tensor);
      const padded = Math.ceil(outputs / this.array.outputs) * this.array.outputs;
      const bytes = tensor.bytes * density;
      const tile = Math.min(1, (this.array.outputs * this.array.tile_rows) / (padded * inputs));
      kernels.push(...this.loadAndMultiply(2 * rows * padded * inputs * density, bytes));
      kernels.push(this.kernel(0, bytes * tile + this.vectorBytes(rows * inputs)));
    }
    this.products.set(key, kernels);
    return kernels;
  }

  /**
   * With two weight buffers the longest of loading, reading the buffer through its ports and multiplying counts; with one,
   * loading comes first.
   */
  private loadAndMultiply(flops: number, bytes: number): readonly Kernel[] {
    const { weight_buffers = 2, buffer_ports = 1, port_bytes_per_s } = this.array;
    const read = port_bytes_per_s === undefined ? 0 : (bytes * this.weightRate()) / (buffer_ports * port_bytes_per_s);
    if (weight_buffers === 1) return [this.kernel(0, bytes), this.kernel(flops, read)];
    return [this.kernel(flops, Math.max(bytes, read))];
  }

  /** An int8 vector at the rate of its buffer, as bytes at the rate of the weights. */
  private vectorBytes(elements: number): number {
    return (elements * this.weightRate()) / this.array.vector_bytes_per_s;
  }

  /** Bytes of weights per second that reach the array. */
  private weightRate(): number {
    const { memory_bytes_per_s: own, memory_efficiency } = this.unit;
    const memory = this.context.machine.memories.find(({ id }) => id === this.memory)!;
    return (own ?? memory.read_bytes_per_s) * memory_efficiency[0]![1];
  }

  /**
   * Attention is serial: keys in, products, softmax, values in, products, head by head. Values have a head's width of
   * outputs, which is padded like any other.
   */
  private attend(actions: Actions, { state, phase }: Op, layer: number, tokens: number): void {
    if (state === null) return;
    const { layers, summary } = this.context.program;
    const queries = layers[layer]!.weights.find(({ name }) => name.endsWith('.w_q'))?.shape?.[0] ?? 0;
    const { outputs: columns } = this.array;
    const context = phase === 'prefill' ? tokens : state.read_tokens + 1;
    const width = this.headWidth();
    const instances = (summary.batch * queries) / width;
    const bytes = context * state.bytes_per_token;
    const scores = Math.ceil(context / columns) * columns * width;
    const values = context * Math.ceil(width / columns) * columns;
    const serial = [
      this.kernel(0, bytes),
      this.kernel(2 * tokens * instances * scores, 0),
      this.kernel(0, bytes),
      this.kernel(2 * tokens * instances * values, 0),
    ];
    actions.run(this.unit.id, serial, 'compute', NONE);
    const elements = instances * tokens * context;
    actions.busy(this.unit.id, elements / this.array.softmax_elements_per_s, 'compute', NONE);
  }

  private headWidth(): number {
    const width = this.context.program.head_width;
    if (width === undefined) throw new MissingFactError('the program does not say how wide a head is');
    return width;
  }

  private kernel(flops: number, operand_bytes: number): Kernel {
    const dtype = this.unit.peak_flop_per_s.int8 === undefined ? 'fp16' : 'int8';
    return { name: 'product', part: 'other', dtype, flops, operand_bytes, activation_bytes: 0, launches: 1 };
  }
}

import { InputError } from '../../../input/errors.ts';
import { MissingFactError } from '../../../sim/errors.ts';
import { plateauOf, setupSeconds } from '../../../sim/resources/fabric.ts';
import {
  type Actions,
  type ComputeUnit,
  type Dtype,
  type Holding,
  type Kernel,
  NONE,
  type Op,
  type OpCursor,
  type Placement,
  type Plan,
  type Task,
  type Tensor,
} from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { unitOn } from '../units.ts';
import type { NeuronsFields } from './schema.ts';

/** Bytes of an element that a unit computes in: CPUs here compute in single precision on widened weights. */
const BYTES_OF: Readonly<Partial<Record<Dtype, number>>> = { fp32: 4, tf32: 4, fp16: 2, bf16: 2, int8: 1 };

/**
 * Weights that live on flash (LLM in a flash, ACL 2024): attention stays in memory, of the MLP a sliding window of
 * neurons; for every token a predictor says which neurons are active, and those the window lacks are read in rows or in
 * bundles of rows and columns. Reading, putting rows into place and computing follow one another: nothing overlaps.
 */
export class NeuronsPlacement implements Placement {
  readonly kind = 'neurons';
  readonly lookahead = 1;
  private readonly fields: NeuronsFields;
  private readonly context: PlacementContext;
  private readonly memory: string;
  private readonly storage: string;
  private readonly unit: ComputeUnit;
  private readonly dtype: Dtype;
  private readonly total_bytes: number;
  private readonly mlp_bytes: number;
  /** Share of the MLP weights that the window holds. */
  private readonly kept: number;
  private readonly rate_bytes_per_s: number;
  private readonly insert_bytes_per_s: number;
  private readonly kernelsOf = new Map<string, readonly Kernel[]>();

  constructor(fields: NeuronsFields, context: PlacementContext) {
    const { machine, program } = context;
    const { fast, storage } = machine.roles;
    if (fast === undefined || storage === undefined) {
      throw new MissingFactError(`machine "${machine.id}" has no ${fast === undefined ? 'fast' : 'storage'} role`);
    }
    this.fields = fields;
    this.context = context;
    this.memory = fast;
    this.storage = storage;
    this.unit = unitNamed(context, fields.compute_on) ?? unitOn(machine, fast);
    this.dtype = dtypeOf(this.unit);
    // Of an embedding table only rows are gathered, unless the head reads it too.
    const read = program.layers.flatMap(({ name, weights }) => (name === 'embed' ? [] : weights));
    this.total_bytes = bytesOf(read);
    this.mlp_bytes = bytesOf(program.layers.flatMap(({ name, weights }) => (name === 'mlp' ? weights : [])));
    const { sparse } = fields;
    const room = fields.resident * this.total_bytes - (this.total_bytes - this.mlp_bytes);
    if (sparse?.windowed && room < 0) {
      throw new InputError({
        code: 'out_of_range',
        problem: `a budget of ${fields.resident} of the weights does not hold what is not MLP`,
        expected: `at least ${((this.total_bytes - this.mlp_bytes) / this.total_bytes).toFixed(3)}`,
      });
    }
    this.kept = sparse?.windowed ? Math.min(1, room / this.mlp_bytes) : 0;
    this.rate_bytes_per_s = sparse ? this.rowRate(sparse.bundled) : Number.POSITIVE_INFINITY;
    this.insert_bytes_per_s = this.insertRate();
  }

  plan(): Plan {
    const { program } = this.context;
    const { sparse, resident } = this.fields;
    const weights = sparse
      ? this.total_bytes -
        this.mlp_bytes +
        (this.kept + sparse.fresh) * this.mlp_bytes +
        sparse.predictor * this.total_bytes
      : resident * this.total_bytes;
    const kv = bytesOf(program.tensors.filter(({ kind }) => kind === 'kv'));
    const held: Holding[] = [
      {
        memory: this.memory,
        kind: 'weight',
        bytes: weights,
        what: sparse ? 'attention, window and predictors' : 'weights',
      },
      { memory: this.memory, kind: 'kv', bytes: kv, what: 'KV cache' },
    ].filter(({ bytes }) => bytes > 0) as Holding[];
    const files: Holding[] = [
      { memory: this.storage, kind: 'weight', bytes: this.total_bytes, what: 'weights on flash' },
    ];
    return { held, files, workers: [], page_cache: false, warnings: [] };
  }

  onOp(cursor: OpCursor, actions: Actions): void {
    const { op, layer } = cursor;
    if (op.name !== 'embed') this.layer(actions, op, layer);
    const next = cursor.at(1);
    if (next === null || next.op.step !== op.step) actions.barrier();
  }

  private last: Task = NONE;

  private layer(actions: Actions, op: Op, layer: number): void {
    const info = this.context.program.layers[layer]!;
    const bytes = bytesOf(info.weights);
    const { sparse, resident } = this.fields;
    const mlp = info.name === 'mlp';
    const prefill = op.phase === 'prefill';
    if (layer <= 1) this.last = NONE;
    let after = this.last;
    const share = sparse === undefined ? 1 - resident : mlp ? (prefill ? 1 - this.kept : sparse.fresh) : 0;
    if (share > 0) {
      const rowwise = sparse !== undefined && !prefill;
      after = actions.move({
        from: this.storage,
        to: this.memory,
        bytes: share * bytes,
        stream: 'weight_read',
        host_memory: 'pinned',
        queue: null,
        workers: null,
        limit_bytes_per_s: rowwise ? this.rate_bytes_per_s : Number.POSITIVE_INFINITY,
        after,
      });
      // Rows are put into place; layers read in order land where they are used.
      if (rowwise) after = actions.host((share * bytes) / this.insert_bytes_per_s, 'bookkeeping', after);
    }
    const used = sparse && mlp && !prefill ? Math.max(this.kept, sparse.fresh) : 1;
    this.last = actions.run(this.unit.id, this.kernels(op, layer, used), 'compute', after);
  }

  /** The op's kernels in the precision of the unit, on a share of its weights, and the predictor's beside an MLP's. */
  private kernels(op: Op, layer: number, used: number): readonly Kernel[] {
    const key = `${op.phase} ${op.name} ${op.name === 'attention' ? op.step : 0} ${used}`;
    const known = this.kernelsOf.get(key);
    if (known !== undefined) return known;
    const width = (BYTES_OF[this.dtype] ?? 2) / 2;
    const kernels = op.kernels.map((kernel) => ({
      ...kernel,
      dtype: this.dtype,
      flops: kernel.flops * used,
      operand_bytes: kernel.operand_bytes * used * width,
      // The activations of one token stay in the unit's caches.
      activation_bytes: op.phase === 'decode' ? 0 : kernel.activation_bytes * width,
    }));
    const { sparse } = this.fields;
    if (sparse !== undefined && this.context.program.layers[layer]!.name === 'mlp' && sparse.predictor > 0) {
      const layers = this.context.program.layers.filter(({ name }) => name === 'mlp').length;
      const bytes = (sparse.predictor * this.total_bytes) / layers;
      kernels.push({
        name: 'predictor',
        part: 'mlp',
        dtype: this.dtype,
        flops: bytes,
        operand_bytes: bytes * width,
        activation_bytes: 0,
        launches: 2,
      });
    }
    this.kernelsOf.set(key, kernels);
    return kernels;
  }

  /** Rate of many readers of rows of one neuron, from what the link takes for a transfer of that size. */
  private rowRate(bundled: boolean): number {
    const { machine, program } = this.context;
    const mlp = program.layers.find(({ name }) => name === 'mlp')!.weights.filter(({ dimensions }) => dimensions === 2);
    const row = Math.min(...mlp[0]!.shape!) * (mlp[0]!.bytes / mlp[0]!.elements);
    const bytes = bundled ? mlp.length * row : row;
    const link = machine.links.find((each) => each.from === this.storage && each.to === this.memory);
    const [from, to] = [this.storage, this.memory].map((id) => machine.memories.find((memory) => memory.id === id));
    if (link?.forward.bytes_per_s === undefined || from === undefined || to === undefined) {
      throw new MissingFactError(
        `machine "${machine.id}" has no link with a rate from "${this.storage}" to "${this.memory}"`,
      );
    }
    const plateau = plateauOf(link.forward, from, to);
    return bytes / (setupSeconds(link.forward, bytes, plateau) + bytes / plateau);
  }

  private insertRate(): number {
    const { machine } = this.context;
    const rate = machine.memories.find(({ id }) => id === this.memory)?.insert_bytes_per_s;
    if (rate !== undefined || this.fields.sparse === undefined) return rate ?? Number.POSITIVE_INFINITY;
    throw new MissingFactError(`memory "${this.memory}" of machine "${machine.id}" has no insert_bytes_per_s for rows`);
  }
}

const bytesOf = (tensors: readonly Tensor[]): number => tensors.reduce((sum, { bytes }) => sum + bytes, 0);

function unitNamed({ machine }: PlacementContext, id: string | undefined): ComputeUnit | undefined {
  if (id === undefined) return undefined;
  const unit = machine.compute.find((candidate) => candidate.id === id);
  if (unit) return unit;
  const has = machine.compute.map((candidate) => candidate.id).join(', ');
  throw new MissingFactError(`machine "${machine.id}" has no compute unit "${id}"; it has ${has}`);
}

/** The unit's own half precision, or single where it has none. */
function dtypeOf({ peak_flop_per_s: peaks }: ComputeUnit): Dtype {
  return (['fp16', 'bf16', 'fp32'] as const).find((dtype) => peaks[dtype] !== undefined) ?? 'fp32';
}

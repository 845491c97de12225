import { MissingFactError } from '../../../sim/errors.ts';
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
  type Program,
  type Task,
  type Tensor,
} from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { unitOn } from '../units.ts';
import type { HotColdFields } from './schema.ts';
import { coverage, type Split, splitOf } from './split.ts';

/**
 * Neurons on two units (Song et al., PowerInfer, SOSP 2024): the fast memory holds what is used most, the host the rest,
 * and each computes what it holds of the activated neurons at the same time; only hidden states cross the link, and the
 * fast unit adds the two halves up. A prefill activates all neurons, so it brings the host's weights to the fast unit.
 */
export class HotColdPlacement implements Placement {
  readonly kind = 'hot-cold';
  readonly lookahead = 1;
  private readonly fields: HotColdFields;
  private readonly context: PlacementContext;
  private readonly fast: string;
  private readonly host: string;
  private readonly gpu: ComputeUnit;
  private readonly cpu: ComputeUnit;
  private readonly cpuDtype: Dtype;
  private readonly split: Split;
  private readonly bytes: Readonly<Record<'always' | 'attention' | 'mlp' | 'table' | 'predictors', number>>;
  private readonly mlpLayers: number;
  private last: Task = NONE;
  /** Where the hidden state is, and which decoder layer is under way. */
  private at: 'fast' | 'host' = 'host';
  private layersBegun = 0;
  /** Kernels made of an op's for a unit, in the present step: its equal layers run the same ones. */
  private readonly made = new Map<readonly Kernel[], Made[]>();

  constructor(fields: HotColdFields, context: PlacementContext) {
    const { machine, program } = context;
    const { fast, host } = machine.roles;
    if (fast === undefined || host === undefined || fast === host) {
      throw new MissingFactError(`machine "${machine.id}" has no fast memory beside its host's, which hot-cold needs`);
    }
    this.fields = fields;
    this.context = context;
    this.fast = fast;
    this.host = host;
    this.gpu = unitOn(machine, fast);
    this.cpu = unitOn(machine, host);
    this.cpuDtype = (['fp16', 'bf16', 'fp32'] as const).find((dtype) => this.cpu.peak_flop_per_s[dtype]) ?? 'fp32';
    const of = (name: string): number =>
      bytesOf(program.layers.flatMap((layer) => (layer.name === name ? layer.weights : [])));
    const predictors = fields.predictor * (of('attention') + of('mlp'));
    this.bytes = {
      always: of('head') + predictors,
      attention: of('attention'),
      mlp: of('mlp'),
      table: bytesOf(
        program.layers.flatMap(({ name, weights }) =>
          name === 'embed' ? weights.filter(({ alias_of }) => alias_of < 0) : [],
        ),
      ),
      predictors,
    };
    this.mlpLayers = program.layers.filter(({ name }) => name === 'mlp').length;
    this.split = splitOf(fields, { ...this.bytes, layers: this.mlpLayers }, this.budget());
  }

  plan(): Plan {
    const { program } = this.context;
    const { always, attention, mlp, table } = this.bytes;
    const { split } = this;
    const onFast = (split.always ? always : 0) + split.attention * attention + split.mlp * mlp;
    const kv: Holding = { memory: this.kvMemory(), kind: 'kv', bytes: kvBytes(program), what: 'KV cache' };
    const held: Holding[] = [
      { memory: this.fast, kind: 'weight', bytes: onFast, what: 'hot neurons, head and predictors' },
      {
        memory: this.host,
        kind: 'weight',
        bytes: always + attention + mlp + table - onFast,
        what: 'cold neurons and embedding',
      },
      kv,
    ];
    return {
      held: held.filter(({ bytes }) => bytes > 0),
      files: [],
      workers: [],
      page_cache: false,
      warnings: [],
      choices: { fast_mlp: split.mlp, fast_attention: split.attention, fast_activations: this.fastActivations() },
    };
  }

  onOp(cursor: OpCursor, actions: Actions): void {
    const { op, layer } = cursor;
    if (cursor.at(-1)?.op.step !== op.step) {
      this.last = actions.host(this.context.machine.host?.step_s ?? 0, 'bookkeeping', NONE);
      this.at = 'host';
      this.layersBegun = 0;
      this.made.clear();
    }
    const { name } = this.context.program.layers[layer]!;
    if (name === 'attention') this.layersBegun += 1;
    if (name === 'embed') this.on('host', actions, op, op.kernels);
    else if (name === 'head') this.on(this.split.always ? 'fast' : 'host', actions, op, op.kernels);
    else if (op.phase === 'prefill') this.prefill(actions, op, layer);
    else if (name === 'attention') this.attention(actions, op);
    else this.mlp(actions, op);
    const next = cursor.at(1);
    if (next === null || next.op.step !== op.step) actions.barrier();
  }

  /** Weights that are on the host come over the link, unless the fast memory holds none at all. */
  private prefill(actions: Actions, op: Op, layer: number): void {
    if (!this.split.always) {
      this.on('host', actions, op, op.kernels);
      return;
    }
    const { name, weights } = this.context.program.layers[layer]!;
    const missing = (1 - this.shareOf(name === 'attention' ? 'attention' : 'mlp')) * bytesOf(weights);
    if (missing > 0) this.last = this.move(actions, this.host, this.fast, missing, 'weight_read');
    this.on('fast', actions, op, op.kernels);
  }

  private attention(actions: Actions, op: Op): void {
    const { activated } = this.fields;
    const share = this.fields.fast_load ?? this.shareOf('attention');
    const active = activated?.attention ?? 1;
    const of = (part: 'projection' | 'attention' | 'rest') =>
      this.make(op.kernels, part, 1, () => op.kernels.filter((kernel) => partOf(kernel) === part));
    this.both(actions, op, of('projection'), active * share, active * (1 - share));
    this.on(this.fields.kv_on, actions, op, of('attention'));
    this.both(actions, op, of('rest'), active * share, active * (1 - share));
  }

  private mlp(actions: Actions, op: Op): void {
    const { activated, hot, predictor } = this.fields;
    const share = this.shareOf('mlp');
    const active = activated?.mlp ?? 1;
    const covered = this.fields.fast_load ?? (this.split.fastLayers === null ? coverage(share, hot) : share);
    if (activated !== undefined && predictor > 0) {
      this.on(this.split.always ? 'fast' : 'host', actions, op, this.predictor(op));
    }
    this.both(actions, op, op.kernels, active * covered, active * (1 - covered));
  }

  /** Share of a part of the present layer that is in the fast memory. */
  private shareOf(part: 'attention' | 'mlp'): number {
    const { fastLayers } = this.split;
    return fastLayers === null ? this.split[part] : this.layersBegun > this.mlpLayers - fastLayers ? 1 : 0;
  }

  /** Runs parts of the same kernels on both units at once, and adds the results up on the fast one. */
  private both(actions: Actions, op: Op, kernels: readonly Kernel[], onFast: number, onHost: number): void {
    if (onHost === 0 || onFast === 0) {
      const share = onHost === 0 ? onFast : onHost;
      const part = this.make(kernels, 'scaled', share, () => scaled(kernels, share));
      this.on(onHost === 0 ? 'fast' : 'host', actions, op, part);
      return;
    }
    this.bring('fast', actions, op.input_bytes);
    const sent = this.move(actions, this.fast, this.host, op.input_bytes, 'activation_write');
    const cold = this.make(kernels, 'cold', onHost, () =>
      this.forCpu(scaled(kernels, onHost).filter(({ operand_bytes }) => operand_bytes > 0)),
    );
    const hot = this.make(kernels, 'hot', onFast, () => scaled(kernels, onFast));
    const there = actions.run(this.cpu.id, cold, 'compute', sent);
    const here = actions.run(this.gpu.id, hot, 'compute', this.last);
    this.last = there;
    const back = this.move(actions, this.host, this.fast, op.output_bytes, 'activation_read');
    this.last = actions.join([here, back]);
  }

  /** Runs kernels where they are, the hidden state brought there first. */
  private on(where: 'fast' | 'host', actions: Actions, op: Op, kernels: readonly Kernel[]): void {
    if (op.name !== 'embed') this.bring(where, actions, op.input_bytes);
    const unit = where === 'fast' ? this.gpu : this.cpu;
    const own = where === 'fast' ? kernels : this.make(kernels, 'host', 1, () => this.forCpu(kernels));
    this.last = actions.run(unit.id, own, 'compute', this.last);
  }

  /** What `how` makes of a kernel list and a share, once a step. */
  private make(
    kernels: readonly Kernel[],
    how: Made['how'],
    share: number,
    make: () => readonly Kernel[],
  ): readonly Kernel[] {
    const known = this.made.get(kernels) ?? [];
    if (known.length === 0) this.made.set(kernels, known);
    const before = known.find((made) => made.how === how && made.share === share);
    if (before !== undefined) return before.kernels;
    const fresh = make();
    known.push({ how, share, kernels: fresh });
    return fresh;
  }

  private bring(to: 'fast' | 'host', actions: Actions, bytes: number): void {
    if (this.at === to) return;
    const [from, into] = to === 'fast' ? [this.host, this.fast] : [this.fast, this.host];
    this.last = this.move(actions, from, into, bytes, to === 'fast' ? 'activation_read' : 'activation_write');
    this.at = to;
  }

  private move(
    actions: Actions,
    from: string,
    to: string,
    bytes: number,
    stream: 'weight_read' | 'activation_read' | 'activation_write',
  ): Task {
    const limit_bytes_per_s = Number.POSITIVE_INFINITY;
    return actions.move({
      from,
      to,
      bytes,
      stream,
      host_memory: 'pinned',
      queue: null,
      workers: null,
      limit_bytes_per_s,
      after: this.last,
    });
  }

  private forCpu(kernels: readonly Kernel[]): readonly Kernel[] {
    return kernels.map((kernel) => ({ ...kernel, dtype: this.cpuDtype, launches: 0 }));
  }

  private predictor(op: Op): readonly Kernel[] {
    const operand_bytes = this.bytes.predictors / this.mlpLayers;
    return this.make(op.kernels, 'predictor', 1, () => [
      {
        name: 'predictor',
        part: 'mlp',
        dtype: op.kernels[0]!.dtype,
        flops: operand_bytes,
        operand_bytes,
        activation_bytes: 0,
        launches: 2,
      },
    ]);
  }

  /** Share of the activated weights of a token that the fast unit computes. */
  private fastActivations(): number {
    const { activated, hot, fast_load } = this.fields;
    if (fast_load !== undefined) return fast_load;
    const attention = (activated?.attention ?? 1) * this.bytes.attention;
    const mlp = (activated?.mlp ?? 1) * this.bytes.mlp;
    const covered = this.split.fastLayers === null ? coverage(this.split.mlp, hot) : this.split.mlp;
    return (attention * this.split.attention + mlp * covered) / (attention + mlp);
  }

  private kvMemory(): string {
    return this.fields.kv_on === 'host' ? this.host : this.fast;
  }

  /** Bytes of the fast memory that weights may have: what the cache, if it is there, and the largest op of the prefill leave. */
  private budget(): number {
    const { machine, program } = this.context;
    const { capacity_bytes, reserved_bytes } = machine.memories.find(({ id }) => id === this.fast)!;
    let working = 0;
    for (const { ops } of program.segments()) {
      if (ops[0]!.phase !== 'prefill') break;
      for (const op of ops) working = Math.max(working, op.input_bytes + op.output_bytes + op.scratch_bytes);
    }
    const kv = this.fields.kv_on === 'fast' ? kvBytes(program) : 0;
    return Math.min(this.fields.fast_bytes ?? Number.POSITIVE_INFINITY, capacity_bytes - reserved_bytes - kv - working);
  }
}

const bytesOf = (tensors: readonly Tensor[]): number => tensors.reduce((sum, { bytes }) => sum + bytes, 0);
const kvBytes = ({ tensors }: Program): number => bytesOf(tensors.filter(({ kind }) => kind === 'kv'));

interface Made {
  readonly how: 'projection' | 'attention' | 'rest' | 'predictor' | 'scaled' | 'cold' | 'hot' | 'host';
  readonly share: number;
  readonly kernels: readonly Kernel[];
}

const partOf = ({ part }: Kernel): 'projection' | 'attention' | 'rest' =>
  part === 'projection' || part === 'attention' ? part : 'rest';

const scaled = (kernels: readonly Kernel[], share: number): readonly Kernel[] =>
  kernels.map((kernel) => ({ ...kernel, flops: kernel.flops * share, operand_bytes: kernel.operand_bytes * share }));

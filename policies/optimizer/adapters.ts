import { unknownName } from '../../input/index.ts';
import { bytesOf, elementwiseKernel, matrixKernel, OPS } from '../../sim/training/kernels.ts';
import type {
  GemmShape,
  Kernel,
  Parameters,
  Saved,
  TrainBody,
  Training,
  TrainOp,
  WeightMatrix,
} from '../../sim/types/index.ts';
import { withBottleneck } from './bottleneck.ts';
import { type Adapter, type Base, type Method, storedBits } from './methods.ts';

/**
 * A training step whose own weights are frozen, with adapters beside some of them. It rewrites the ops: a frozen product
 * has no weight gradient and does not keep its input; one whose weights are stored in few bits expands them before each
 * use; an adapter is two thin products with what backward needs of them.
 * @module
 */

/** Bytes of an element of a dropout mask. */
const MASK = 1;

/** @throws InputError for a target that no op has. */
export function adapted(training: Training, { adapter, base }: Method): Training {
  if (adapter === null) return training;
  const { encoder } = training;
  const bodies = [training.layer, training.head];
  // Weights that are not stored in fewer bits are as they are computed with.
  const computed = 8 * bytesOf(training.dtype);
  const whole = { ...base, bits: computed, block: 0, extra_bits: 0 };
  const stored = base.bits < 16 ? base : { ...base, bits: computed };
  const [what, names] =
    adapter.form === 'bottleneck'
      ? ['product', bodies.flatMap(({ ops }) => ops.filter(({ weights }) => weights).map(({ name }) => name))]
      : ['matrix', bodies.flatMap(({ ops }) => ops.flatMap(({ weights }) => weights ?? [])).map(({ name }) => name)];
  for (const target of adapter.targets) if (!names.includes(target)) throw unknownName(what, target, names);
  return {
    ...training,
    layer: adaptedBody(training.layer, adapter, stored, computed),
    head: adaptedBody(training.head, adapter, base.head ? stored : whole, computed),
    ...(encoder && {
      encoder: {
        ...encoder,
        layer: adaptedBody(encoder.layer, adapter, stored, computed),
        end: adaptedBody(encoder.end, adapter, stored, computed),
      },
    }),
    embed: frozenBody(
      training.embed,
      base.embedding ? storedBits(stored) : computed,
      computed,
      adapter.prompt * training.shape!.hidden,
    ),
    tied_table_parameters: 0,
  };
}

/** A body whose own weights are frozen: what they took of backward is gone. */
function frozenBody({ ops, matrices, others }: TrainBody, bits: number, computed: number, prompt: number): TrainBody {
  return {
    ops: ops.map((op) => ({ ...op, backward: [], weight_gradient: [] })),
    matrices: frozen(matrices, bits, 0),
    others: frozen(others, computed, prompt),
  };
}

const frozen = ({ trained }: Parameters, frozen_bits: number, adapters: number): Parameters => ({
  trained: adapters,
  frozen: trained,
  frozen_bits,
});

function adaptedBody(
  { ops, matrices, others, ...rest }: TrainBody,
  adapter: Adapter,
  base: Base,
  computed: number,
): TrainBody {
  const made = ops.map((op) => adaptedOp(op, adapter, base));
  const norms = ops.reduce((sum, { norm_parameters }) => sum + (norm_parameters ?? 0), 0);
  const trained_norms = adapter.norms ? norms : 0;
  return {
    ...rest,
    ops: made.flatMap(({ op, after }) => (after === undefined ? [op] : [op, after])),
    matrices: frozen(
      matrices,
      storedBits(base),
      made.reduce((sum, { parameters }) => sum + parameters, 0),
    ),
    others: {
      trained: trained_norms + (adapter.biases ? biasesOf(ops) : 0),
      frozen: others.trained - trained_norms,
      frozen_bits: computed,
    },
  };
}

/** Biases of every product and norm. */
const biasesOf = (ops: readonly TrainOp[]): number =>
  ops.reduce(
    (sum, { weights, norm_parameters }) =>
      sum + (norm_parameters ?? 0) + (weights ?? []).reduce((rows, one) => rows + one.rows * one.count, 0),
    0,
  );

/** An op without matrices whose weights are frozen: what only their gradient needed is not kept. */
const withoutWeightGradient = (op: TrainOp): TrainOp => ({
  ...op,
  saves: op.saves.filter(({ weight_only }) => weight_only !== true),
});

interface AdaptedOp {
  readonly op: TrainOp;
  /** An adapter that runs after it. */
  readonly after?: TrainOp;
  /** Elements of its adapters. */
  readonly parameters: number;
}

function adaptedOp(op: TrainOp, adapter: Adapter, base: Base): AdaptedOp {
  const product = op.forward.find(({ gemm }) => gemm !== undefined);
  if (op.norm_parameters !== undefined && adapter.norms) return { op, parameters: 0 };
  if (op.weights === undefined || product?.gemm === undefined) return { op: withoutWeightGradient(op), parameters: 0 };
  const { gemm } = product;
  if (adapter.form === 'bottleneck') {
    const { op: frozenOp } = adaptedOp(op, { ...adapter, form: 'low-rank', targets: [] }, base);
    if (!adapter.targets.includes(op.name)) return { op: frozenOp, parameters: 0 };
    return { op: frozenOp, ...withBottleneck(op.name, product, gemm, adapter.rank) };
  }
  const targets = op.weights.filter(({ name }) => adapter.targets.includes(name));
  const groups = op.packed && targets.length > 0 ? [targets] : targets.map((target) => [target]);
  const made = groups.map((group) => adapterOf(op, group, product, gemm, adapter));
  const needsInput = groups.length > 0 && !adapter.dropout && !adapter.own_input;
  const expansion = base.bits < 16 ? expansionOf(op, product, base) : null;
  const element = bytesOf(product.dtype);
  return {
    op: {
      ...op,
      forward: [...(expansion?.kernels ?? []), ...op.forward, ...made.flatMap(({ forward }) => forward)],
      backward: [...made.flatMap(({ backward }) => backward), ...(expansion?.kernels ?? []), ...op.backward],
      weight_gradient: made.flatMap(({ weight_gradient }) => weight_gradient),
      saves: [
        ...keptSaves(op, gemm, element, needsInput, expansion !== null && base.keeps_input),
        ...made.flatMap(({ saves }) => saves),
      ],
      scratch_bytes: op.scratch_bytes + (expansion?.scratch_bytes ?? 0),
      ...(expansion && {
        temporaries: {
          forward: [...(op.temporaries?.forward ?? []), expansion.scratch_bytes],
          backward: [...(op.temporaries?.backward ?? []), expansion.scratch_bytes],
        },
      }),
    },
    parameters: made.reduce((sum, { parameters }) => sum + parameters, 0),
  };
}

/** What a frozen product keeps: its input only where an adapter or the expanded product itself needs it. */
function keptSaves(
  { name, saves }: TrainOp,
  { m, k, count }: GemmShape,
  element: number,
  adapterNeeds: boolean,
  productKeeps: boolean,
): Saved[] {
  if (!adapterNeeds && !productKeeps) return saves.filter(({ weight_only }) => weight_only !== true);
  const kept = saves.map(({ weight_only: _, ...saved }): Saved => saved);
  // What it keeps is another op's too, in that op's layout: fused attention has its output by heads.
  const copied = productKeeps && saves.length > 0 && !saves.some(({ weight_only }) => weight_only === true);
  if (!copied) return kept;
  return [...kept, { name: `${name}_input_copy`, bytes: element * m * k * count, rows: m * count }];
}

/** Expanding the stored weights of an op to 16 bits. Matrices of one product together, others one after the other. */
function expansionOf({ name, weights, packed }: TrainOp, { part, dtype }: Kernel, base: Base) {
  const sizes = weights!.map(({ rows, columns, count }) => rows * columns * count);
  const elements = sizes.reduce((sum, size) => sum + size, 0);
  const together = packed ? elements : Math.max(...sizes);
  // Stored bits in, computed ones out; a cast to another format reads and writes once more.
  const computed = bytesOf(dtype);
  const bytes = storedBits(base) / 8 + computed * (2 * base.expanded_copies - 1);
  return {
    kernels: [
      elementwiseKernel({ name: `${name} expand`, part, dtype }, elements * bytes, packed ? 1 : weights!.length),
    ],
    scratch_bytes: computed * base.expanded_copies * together,
  };
}

interface AdapterOps extends Pick<TrainOp, 'forward' | 'backward' | 'weight_gradient' | 'saves'> {
  readonly parameters: number;
}

/**
 * The adapter of matrices that share an input: y += B (A dropout(x)). Kept are the mask and what dropout gave, A's output,
 * and, where a packed product has other outputs too, B's, which is scattered among them (LitGPT, `lora.py`, `zero_pad`).
 */
function adapterOf(
  op: TrainOp,
  group: readonly WeightMatrix[],
  { part, dtype }: Kernel,
  { m, n, k, count }: GemmShape,
  { rank, dropout, own_input }: Adapter,
): AdapterOps {
  const label = op.packed ? op.name : group[0]!.name;
  const named = (what: string) => ({ name: `${label} adapter ${what}`, part, dtype });
  const outputs = group.reduce((sum, { rows }) => sum + rows, 0);
  const hidden = rank * group.length;
  const scattered = op.packed === true && group.length < op.weights!.length;
  const written = op.packed ? n : outputs;
  const input = m * k * count;
  const rows = m * count;
  const keep = (name: string, bytes: number): Saved => ({ name: `${label}_adapter_${name}`, bytes, rows });
  const forWeights = (name: string, bytes: number): Saved => ({ ...keep(name, bytes), weight_only: true });
  const E = bytesOf(dtype);
  return {
    forward: [
      ...(dropout ? [elementwiseKernel(named('dropout'), (2 * E + MASK) * input, OPS.pointwise)] : []),
      matrixKernel(named('A'), m, hidden, k, count, OPS.product),
      matrixKernel(named('B'), m, outputs, rank, count, OPS.product),
      elementwiseKernel(named('sum'), 3 * E * m * written * count, OPS.pointwise),
    ],
    backward: [
      matrixKernel(named('B dX'), m, rank, outputs, count, OPS.input_gradient),
      matrixKernel(named('A dX'), m, k, hidden, count, OPS.input_gradient),
      // Through the dropout, then added to the gradient of the frozen product.
      elementwiseKernel(named('dropout dX'), (3 * E + (dropout ? 2 * E + MASK : 0)) * input, OPS.pointwise_backward),
    ],
    weight_gradient: [
      matrixKernel(named('B dW'), outputs, rank, m, count, OPS.weight_gradient),
      matrixKernel(named('A dW'), hidden, k, m, count, OPS.weight_gradient),
    ],
    saves: [
      ...(dropout ? [keep('mask', MASK * input)] : []),
      ...(dropout || own_input ? [forWeights('input', E * input)] : []),
      forWeights('hidden', E * m * hidden * count),
      ...(scattered ? [keep('output', E * m * outputs * count)] : []),
    ],
    parameters: count * (hidden * k + outputs * rank),
  };
}

import { InputError } from '../../input/index.ts';
import { elementwiseKernel } from '../../sim/training/kernels.ts';
import type { Collective, Kernel, Saved, TrainBody, TrainOp } from '../../sim/types/index.ts';

/**
 * Ops of a layer on fewer tokens, or with fewer rows kept for the gradient of their weights.
 * @module
 */

/** Bytes of the index of a sampled row, whose values are scaled in place (WTA-CRS, repository, `functional.py`). */
const ROW_BYTES = 8;

const times = (collective: Collective | undefined, share: number): Collective | undefined =>
  collective && { ...collective, bytes: collective.bytes * share };

/** A kernel over a share of the tokens: `rows` says which side of a product they are. */
function onTokens(kernel: Kernel, share: number, rows: 'm' | 'k', quadratic: boolean): Kernel {
  const { gemm } = kernel;
  const both = quadratic ? share * share : share;
  // Fused attention pairs tokens but moves each of them once; a product of two activations has them on two sides.
  const bytes = kernel.fused_attention ? share : both;
  return {
    ...kernel,
    flops: kernel.flops * both,
    activation_bytes: kernel.activation_bytes * bytes,
    operand_bytes: gemm && quadratic ? kernel.operand_bytes * share : kernel.operand_bytes,
    ...(gemm && { gemm: { ...gemm, [rows]: gemm[rows] * share } }),
  };
}

/** An op that sees a share of the tokens; inner attention has them on both sides. */
export function withTokens(op: TrainOp, share: number): TrainOp {
  const core = op.core === true;
  const kept = (saved: Saved): Saved => {
    const square = core && !op.forward.some(({ fused_attention }) => fused_attention) && !QKV.includes(saved.name);
    return { ...saved, bytes: saved.bytes * (square ? share * share : share), rows: saved.rows * share };
  };
  const moved = Object.fromEntries(
    (['gather', 'reduce', 'backward_gather', 'gather_again', 'backward_reduce'] as const).flatMap((name) => {
      const collective = times(op[name], share);
      return collective === undefined ? [] : [[name, collective]];
    }),
  );
  return {
    ...op,
    ...moved,
    forward: op.forward.map((kernel) => onTokens(kernel, share, 'm', core)),
    backward: op.backward.map((kernel) => onTokens(kernel, share, 'm', core)),
    weight_gradient: op.weight_gradient.map((kernel) => onTokens(kernel, share, 'k', false)),
    saves: op.saves.map(kept),
    scratch_bytes: op.scratch_bytes * (core ? share * share : share),
  };
}

/** An op of the MLP that keeps a share of its columns; the work stays whole (LeMo, artifact, `llama_ops.py`). */
export const withColumns = (op: TrainOp, share: number): TrainOp => ({
  ...op,
  saves: op.saves.map((one) => (INNER.has(one.name) ? { ...one, bytes: one.bytes * share } : one)),
});

/** What an MLP keeps as wide as it is inside. */
const INNER: ReadonlySet<string> = new Set(['gate', 'up', 'gate_activation', 'down_input', 'inner_mask']);

const QKV: readonly string[] = ['query', 'key', 'value'];

/**
 * An op whose weight gradient is made from a sample of the rows: inputs that only it needs keep that share, with an index a
 * row; with `chosen`, the tensors of these names do, and a product of two activations makes both its gradients from them.
 * Sampling reads the input once for its norms.
 */
export function withSampledRows(op: TrainOp, share: number, chosen: ReadonlySet<string> | null): TrainOp {
  const takes = ({ name, weight_only }: Saved): boolean => (chosen === null ? weight_only === true : chosen.has(name));
  const sampled = op.saves.filter(takes);
  const twice = chosen !== null && op.weight_gradient.length === 0;
  if (share === 1 || sampled.length === 0 || (op.weight_gradient.length === 0 && !twice)) return op;
  const { part, dtype } = op.forward[0]!;
  const bytes = sampled.reduce((sum, saved) => sum + saved.bytes, 0);
  return {
    ...op,
    forward: [...op.forward, elementwiseKernel({ name: `${op.name} sampling`, part, dtype }, bytes * (1 + share), 2)],
    backward: twice
      ? op.backward.map((kernel) => (kernel.gemm ? onTokens(kernel, share, 'k', false) : kernel))
      : op.backward,
    weight_gradient: op.weight_gradient.map((kernel) => onTokens(kernel, share, 'k', false)),
    saves: op.saves.map((saved) =>
      takes(saved)
        ? { ...saved, bytes: saved.bytes * share + ROW_BYTES * saved.rows * share, rows: saved.rows * share }
        : saved,
    ),
  };
}

/**
 * Where the MLP of a layer begins: after the sum that ends attention.
 * @throws InputError for a step that has no such halves.
 */
export function halves({ ops }: TrainBody): { attention: readonly TrainOp[]; mlp: readonly TrainOp[] } {
  const end = ops.findIndex(({ name }) => name === 'residual1');
  if (end < 0) {
    throw new InputError({
      code: 'bad_value',
      problem: 'activations of kind "thin" need attention and an MLP, which the layers of a network have not',
      expected: 'a transformer',
    });
  }
  return { attention: ops.slice(0, end), mlp: ops.slice(end) };
}

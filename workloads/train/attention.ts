import type { TrainOp } from '../../sim/types/index.ts';
import { elementwise, pointwise, productKernels, saved, savedForWeights, savedMask, savedResult } from './ops.ts';
import {
  ACCUMULATED,
  columnCollectives,
  MASK,
  ownTokens,
  rowCollectives,
  shared,
  type TrainSetting,
} from './setting.ts';

/** Reads a value and writes one: bytes an element. */
const through = ({ element }: TrainSetting): number => 2 * element;

/**
 * Bytes an element moved where each framework op is a kernel of its own, in 16 bits and, without casts, in fp32. A norm: to fp32 (6), square (8), mean (4), scale
 * (8), back (6), weight (4), and twice that in backward. Rotation: to fp32 (6), complex product (8), back (6).
 */
const eagerNorm = ({ element }: TrainSetting): number =>
  element < ACCUMULATED ? 6 + 8 + 4 + 8 + 6 + 4 : 8 + 4 + 8 + 8;
const eagerRotary = ({ element }: TrainSetting): number => (element < ACCUMULATED ? 6 + 8 + 6 : 8);

/** fp32 log-sum-exp of each query row, which a fused kernel keeps for backward (Dao, arXiv:2205.14135, section 3.1). */
const LSE_BYTES = 4;

/**
 * Norm, projections and attention of a layer. What is saved is Korthikanti et al.'s list (arXiv:2205.05198, section 4.1):
 * 11 s b h + 5 a s^2 b for attention and 2 s b h for the norm's input, its divided terms over the tensor group.
 */
export function attentionOps(setting: TrainSetting): TrainOp[] {
  const { model, tokens, element } = setting;
  const [query, key] = widths(setting);
  const own = ownTokens(setting);
  const out: TrainOp[] = [
    norm(setting, 'norm1'),
    {
      name: 'qkv',
      ...productKernels(setting, {
        name: 'qkv',
        part: 'projection',
        m: tokens,
        n: query + 2 * key,
        k: model.hidden,
        bias: model.bias.qkv,
      }),
      ...columnCollectives(setting),
      weights: [
        { name: 'query', rows: query, columns: model.hidden, count: 1 },
        { name: 'key', rows: key, columns: model.hidden, count: 1 },
        { name: 'value', rows: key, columns: model.hidden, count: 1 },
      ],
      ...(setting.packed_qkv && { packed: true as const }),
      saves: [savedForWeights('qkv_input', element * own * model.hidden, own)],
      scratch_bytes: 0,
    },
  ];
  if (model.qk_norm) out.push(headNorm(setting, query + key));
  if (model.position === 'rotary') {
    const bytes = setting.fused ? through(setting) : eagerRotary(setting);
    out.push(pointwise(setting, 'rotary', 'attention', tokens * (query + key), bytes, bytes));
  }
  const qkv = attentionInputs(setting, query, key);
  out.push(...(setting.flash ? [flashOp(setting, qkv)] : eagerOps(setting, qkv)));
  out.push(projectionOp(setting, ''), residual(setting, 'residual1', model.bias.out));
  return out;
}

/** Widths of the queries and of the keys of one rank. */
export const widths = ({ model, tensor }: TrainSetting): readonly [query: number, key: number] => [
  shared(model.heads, tensor) * model.head_dim,
  shared(model.kv_heads, tensor) * model.head_dim,
];

/** The product that ends attention. */
export function projectionOp(setting: TrainSetting, prefix: string): TrainOp {
  const { model, tokens, element, dropout } = setting;
  const [query] = widths(setting);
  return {
    name: `${prefix}projection`,
    ...productKernels(setting, {
      name: `${prefix}projection`,
      part: 'output',
      m: tokens,
      n: model.hidden,
      k: query,
      bias: model.bias.out && !dropout,
    }),
    ...rowCollectives(setting),
    weights: [{ name: 'projection', rows: model.hidden, columns: query, count: 1 }],
    // The backward of fused attention needs it too.
    saves: [(setting.flash ? saved : savedForWeights)(`${prefix}projection_input`, element * tokens * query, tokens)],
    scratch_bytes: 0,
  };
}

/**
 * Queries, keys and values that attention keeps. A packed product leaves the values a view of its whole output, so all of
 * that stays beside the rotated queries and keys; grouped heads are repeated to the query heads before the kernel, and so
 * copied (LitGPT, `model.py`, `CausalSelfAttention`). A lone key head is never repeated.
 */
function attentionInputs(
  { model, tokens, packed_qkv, element }: TrainSetting,
  query: number,
  key: number,
): TrainOp['saves'] {
  const repeated = packed_qkv && model.kv_heads > 1 && model.kv_heads < model.heads;
  const keys = repeated ? query : key;
  const values = repeated ? query : packed_qkv ? query + 2 * key : key;
  return [
    saved('query', element * tokens * query, tokens),
    saved('key', element * tokens * keys, tokens),
    saved('value', element * tokens * values, tokens),
  ];
}

/** What un-fused attention attends to, where it is not its own sequence. */
interface Attended {
  /** Before the names of its ops and tensors. */
  readonly prefix: string;
  /** Keys of a sequence. */
  readonly keys: number;
}

/** Un-fused attention: scores, softmax, dropout, values; score matrices pass through memory. */
export function eagerOps(
  setting: TrainSetting,
  inputs: TrainOp['saves'],
  { prefix, keys }: Attended = { prefix: '', keys: setting.seq },
): TrainOp[] {
  const { model, seq, sequences, tensor, tokens, context, element } = setting;
  const heads = shared(model.heads, tensor);
  const rows = seq / context;
  const count = sequences * heads;
  const elements = count * rows * keys;
  // Each head has rows of its own.
  const qkv = inputs.map((tensor) => ({ ...tensor, name: prefix + tensor.name, rows: tensor.rows * heads }));
  const result = (name: string, bytes: number) => savedResult(prefix + name, bytes, tokens * heads);
  const scores = productKernels(setting, {
    name: `${prefix}scores`,
    part: 'attention',
    m: rows,
    n: keys,
    k: model.head_dim,
    count,
    activations_only: true,
  });
  const values = productKernels(setting, {
    name: `${prefix}values`,
    part: 'attention',
    m: rows,
    n: model.head_dim,
    k: keys,
    count,
    activations_only: true,
  });
  const softmax_output = result('softmax_output', element * elements);
  const core = true;
  const context_copy = elementwise(setting, 'context', 'attention', through(setting) * tokens * heads * model.head_dim);
  const dropout: TrainOp[] = setting.dropout
    ? [
        pointwise(
          setting,
          `${prefix}scores_dropout`,
          'attention',
          elements,
          through(setting) + MASK,
          through(setting) + MASK,
          {
            core,
            saves: [
              savedMask(`${prefix}scores_mask`, elements, tokens * heads),
              result('scores_kept', element * elements),
            ],
          },
        ),
      ]
    : [];
  return [
    { name: `${prefix}scores`, ...scores, saves: qkv.slice(0, 2), core, scratch_bytes: element * elements },
    pointwise(setting, `${prefix}softmax`, 'attention', elements, through(setting), through(setting) + element, {
      core,
      saves: [
        ...(setting.keeps_softmax_input ? [saved(`${prefix}softmax_input`, element * elements, tokens * heads)] : []),
        softmax_output,
      ],
    }),
    ...dropout,
    {
      name: `${prefix}values`,
      ...values,
      forward: [...values.forward, context_copy],
      backward: [context_copy, ...values.backward],
      saves: qkv.slice(2),
      core,
      scratch_bytes: element * elements,
    },
  ];
}

/**
 * Fused attention computes the lower triangle alone: 4 of its multiply-adds a pair forward and 10 backward, scores again
 * included (Dao, arXiv:2307.08691, section 4.1). With a context group, keys and values travel round it.
 */
function flashOp(setting: TrainSetting, qkv: TrainOp['saves']): TrainOp {
  const { model, seq, sequences, tensor, tokens, context, dtype, element } = setting;
  const heads = shared(model.heads, tensor);
  const pairs = (setting.pairs * sequences * heads * (seq / context) * seq) / 2;
  const kernel = (name: string, fused_attention: 'forward' | 'backward', multiply_adds: number, bytes: number) => ({
    name,
    fused_attention,
    part: 'attention' as const,
    dtype,
    flops: 2 * multiply_adds * pairs * model.head_dim,
    operand_bytes: 0,
    activation_bytes: bytes,
    launches: 1,
  });
  const moved = qkv.reduce((sum, { bytes }) => sum + bytes, 0) + element * tokens * heads * model.head_dim;
  const travelling = qkv.slice(1).reduce((sum, { bytes }) => sum + bytes, 0) * context;
  const ring =
    context === 1
      ? {}
      : {
          gather: { kind: 'ring', group: 'context', bytes: travelling } as const,
          gather_again: { kind: 'ring', group: 'context', bytes: 2 * travelling } as const,
        };
  return {
    name: 'attention',
    forward: [kernel('attention', 'forward', 2, moved)],
    backward: [kernel('attention backward', 'backward', 5, 2 * moved)],
    weight_gradient: [],
    ...ring,
    saves: [...qkv, savedResult('log_sum_exp', LSE_BYTES * tokens * heads, tokens)],
    core: true,
    scratch_bytes: 0,
  };
}

/**
 * A norm. Un-fused it runs in fp32 copies; fused it reads once and writes once. Its input is saved; an un-fused RMS norm
 * made of framework ops saves its fp32 copy instead (LitGPT, `rmsnorm.py`) and, for the gradient of its weights, what it
 * multiplies them with; LayerNorm is one op that takes 16 bits, under autocast fp32.
 * `shared` = another norm keeps the same input.
 */
export function norm(setting: TrainSetting, name: string, shared = false): TrainOp {
  const { element } = setting;
  const own = ownTokens(setting);
  const elements = own * setting.model.hidden;
  const widened = !setting.fused && setting.model.norm === 'rms';
  const input = shared ? [] : [saved(`${name}_input`, element * elements, own)];
  const kept = Math.max(setting.norm_fp32_tensors, widened ? 1 : 0);
  const copy = Math.max(0, kept * ACCUMULATED - (shared ? 0 : element)) * elements;
  // Backward reads the gradient and the input, writes a gradient, and adds the one of the branch around it.
  const [forward, backward] = setting.fused
    ? [through(setting), 6 * element]
    : [eagerNorm(setting), 2 * eagerNorm(setting) + 3 * element];
  return pointwise(setting, name, 'other', elements, forward!, backward!, {
    norm_parameters: setting.model.hidden * (setting.model.norm === 'layer' ? 2 : 1),
    saves: [
      ...input,
      ...(copy > 0 ? [savedResult(`${name}_copy`, copy, own)] : []),
      ...(widened ? [{ ...savedForWeights(`${name}_normed`, element * elements, own), made_here: true as const }] : []),
    ],
  });
}

/** Norm of queries and keys, head by head; what it takes in is kept as a norm keeps its input. */
function headNorm(setting: TrainSetting, width: number): TrainOp {
  const { tokens, fused, element } = setting;
  const elements = tokens * width;
  const [forward, backward] = fused ? [through(setting), 3 * element] : [eagerNorm(setting), 2 * eagerNorm(setting)];
  const bytes = (!fused && setting.model.norm === 'rms' ? ACCUMULATED : element) * elements;
  return pointwise(setting, 'qk_norm', 'attention', elements, forward!, backward!, {
    saves: [saved('qk_norm_input', bytes, tokens)],
  });
}

/** Bias, dropout and the sum with the branch around. */
export function residual(setting: TrainSetting, name: string, bias: boolean): TrainOp {
  const { element } = setting;
  const own = ownTokens(setting);
  const elements = own * setting.model.hidden;
  const mask = setting.dropout ? MASK : 0;
  return pointwise(
    setting,
    name,
    'other',
    elements,
    3 * element + mask,
    setting.dropout || bias ? 2 * element + mask + (bias ? element : 0) : 0,
    { saves: setting.dropout ? [savedMask(`${name}_mask`, elements, own)] : [] },
  );
}

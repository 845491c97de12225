import type { TrainOp } from '../../sim/types/index.ts';
import { norm, residual } from './attention.ts';
import { pointwise, productKernels, saved, savedForWeights, savedMask, savedResult } from './ops.ts';
import { columnCollectives, MASK, ownTokens, rowCollectives, type TrainSetting } from './setting.ts';

/**
 * Norm and MLP of a layer. Saved as in Korthikanti et al. (arXiv:2205.05198, section 4.1): 19 s b h for a plain MLP with
 * dropout. A gated one keeps its gate, the gate's activation, the up projection and their product.
 */
export function mlpOps(setting: TrainSetting): TrainOp[] {
  const { model } = setting;
  return [
    ...(model.norms === 2 ? [norm(setting, 'norm2', model.parallel)] : []),
    ...(model.moe
      ? expertOps(setting, model.moe)
      : feedForward(setting, setting.tokens, model.ffn / setting.tensor, 1)),
    residual(setting, 'residual2', model.bias.mlp),
  ];
}

interface FeedForwardKind {
  /** Every token passes through it, so the tensor group's collectives are its own. */
  readonly dense?: boolean;
  /** Before the names of its ops. */
  readonly prefix?: string;
  /** Nobody else keeps its input. */
  readonly input?: boolean;
}

/** The products of a feed-forward network: `count` of them side by side, each of `rows` tokens. */
function feedForward(
  setting: TrainSetting,
  rows: number,
  ffn: number,
  count: number,
  { dense = true, prefix = '', input = true }: FeedForwardKind = {},
): TrainOp[] {
  const { model, element } = setting;
  const own = dense ? ownTokens(setting) : rows * count;
  const inner = rows * ffn * count;
  const matrix = (name: string, outputs: number, columns: number) => ({ name, rows: outputs, columns, count });
  const up = productKernels(setting, {
    name: `${prefix}up`,
    part: 'mlp',
    m: rows,
    n: (model.gated ? 2 : 1) * ffn,
    k: model.hidden,
    count,
  });
  const down = productKernels(setting, {
    name: `${prefix}down`,
    part: 'mlp',
    m: rows,
    n: model.hidden,
    k: ffn,
    count,
    bias: model.bias.mlp && !setting.dropout,
  });
  const saves = model.gated
    ? [
        saved(`${prefix}gate`, element * inner, rows),
        saved(`${prefix}up`, element * inner, rows),
        ...(setting.fused ? [] : [savedResult(`${prefix}gate_activation`, element * inner, rows)]),
      ]
    : [saved(`${prefix}up`, element * inner, rows)];
  // Plain: read and write; gated: two reads and a write, un-fused with the activation's own pass.
  const [forward, backward] = model.gated ? (setting.fused ? [3, 5] : [5, 8]) : [2, 3 + (model.bias.mlp ? 1 : 0)];
  return [
    {
      name: `${prefix}up`,
      ...up,
      ...(dense ? columnCollectives(setting) : {}),
      weights: [
        ...(model.gated ? [matrix(`${prefix}gate`, ffn, model.hidden)] : []),
        matrix(`${prefix}up`, ffn, model.hidden),
      ],
      // A block with one norm gives both halves the same input, which the first has kept.
      saves:
        model.norms === 1 || !input ? [] : [savedForWeights(`${prefix}up_input`, element * own * model.hidden, own)],
      scratch_bytes: 0,
    },
    pointwise(setting, `${prefix}activation`, 'mlp', inner, forward! * element, backward! * element, { saves }),
    ...(setting.dropout && model.mlp_dropout
      ? [
          pointwise(setting, `${prefix}inner_dropout`, 'mlp', inner, 2 * element + MASK, 2 * element + MASK, {
            saves: [savedMask(`${prefix}inner_mask`, inner, rows)],
          }),
        ]
      : []),
    {
      name: `${prefix}down`,
      ...down,
      ...(dense ? rowCollectives(setting) : {}),
      weights: [matrix(`${prefix}down`, model.hidden, ffn)],
      saves: [savedForWeights(`${prefix}down_input`, element * inner, rows)],
      scratch_bytes: 0,
    },
  ];
}

/**
 * A mixture of experts: the router, the exchange of tokens inside the expert group, and the experts of this rank on an
 * even share of the tokens.
 */
function expertOps(setting: TrainSetting, moe: NonNullable<TrainSetting['model']['moe']>): TrainOp[] {
  const { model, tokens, tensor, expert, element } = setting;
  const routed = tokens * moe.active;
  const own_experts = moe.experts / expert;
  const exchange =
    expert === 1
      ? {}
      : { kind: 'all-to-all' as const, group: 'expert' as const, bytes: element * routed * model.hidden };
  const moved = element * routed * model.hidden;
  const router = productKernels(setting, { name: 'router', part: 'mlp', m: tokens, n: moe.experts, k: model.hidden });
  const hop = expert === 1 ? {} : { gather: exchange, backward_gather: exchange };
  return [
    {
      name: 'router',
      ...router,
      weights: [{ name: 'router', rows: moe.experts, columns: model.hidden, count: 1 }],
      saves: [savedForWeights('router_input', element * tokens * model.hidden, tokens)],
      scratch_bytes: 0,
    },
    pointwise(setting, 'dispatch', 'mlp', 1, 2 * moved, 2 * moved, hop as Partial<TrainOp>),
    ...feedForward(setting, routed / own_experts, moe.ffn / tensor, own_experts, { dense: false }),
    // Outputs are weighted by the router, whose gradient needs them.
    pointwise(setting, 'combine', 'mlp', 1, 2 * moved, 2 * moved, {
      ...(hop as Partial<TrainOp>),
      saves: [saved('expert_output', moved, routed)],
    }),
    // The expert of every token takes the router's input.
    ...(moe.shared_ffn > 0
      ? feedForward(setting, tokens, moe.shared_ffn / tensor, 1, { prefix: 'shared_', input: false })
      : []),
  ];
}

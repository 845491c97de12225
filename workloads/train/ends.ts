import type { TrainOp } from '../../sim/types/index.ts';
import { norm } from './attention.ts';
import { elementwise, pointwise, productKernels, saved, savedForWeights, savedMask, savedResult } from './ops.ts';
import { columnCollectives, MASK, ownTokens, type TrainSetting } from './setting.ts';

/** fp32. */
const FULL = 4;

/**
 * Passes over the logits of a vocabulary-parallel cross-entropy in fp32 (Megatron-LM, `cross_entropy.py`), in bytes a
 * logit. Forward: transposed copy (4), to fp32 (6), maximum (4), shift (8), exp (8), sum (4), divide (8). Backward: scale
 * the softmax (8), back to 16 bits (6), transposed copy (4).
 */
const LOSS_FORWARD = 4 + 6 + 4 + 8 + 8 + 4 + 8;
const LOSS_BACKWARD = 8 + 6 + 4;

/** Rows gathered from the token table, positions added, dropout. The gradient is scattered back. */
export function embedOps(setting: TrainSetting): TrainOp[] {
  const { model, element } = setting;
  const own = ownTokens(setting);
  const elements = own * model.hidden;
  const reduce =
    setting.tensor === 1
      ? {}
      : {
          reduce: {
            kind: setting.sequence_parallel ? ('reduce-scatter' as const) : ('all-reduce' as const),
            group: 'tensor' as const,
            bytes: element * setting.tokens * model.hidden,
          },
        };
  const mask = setting.dropout ? MASK : 0;
  return [
    pointwise(setting, 'embed', 'embed', elements, 4 * element + mask, 3 * element + mask, {
      ...reduce,
      weights: [
        { name: 'table', rows: model.vocab / setting.tensor, columns: model.hidden, count: 1 },
        ...(model.positions > 0 ? [{ name: 'positions', rows: model.positions, columns: model.hidden, count: 1 }] : []),
      ],
      saves: setting.dropout ? [savedMask('embed_mask', elements, own)] : [],
    }),
  ];
}

/** How the loss makes its logits. */
export interface LossShape {
  /** Slices, each freed before the next is made. */
  readonly chunks: number;
  /** Share of the logits in one of the slices that all stay until backward; null where there are none. */
  readonly slice: number | null;
  /** A copy of the logits without the last of each sequence stays, in the precision they are computed in. */
  readonly shifted: boolean;
}

/** Last norm, vocabulary projection and loss. The fp32 softmax is kept for backward. */
export function headOps(setting: TrainSetting, { chunks, slice, shifted }: LossShape): TrainOp[] {
  const { model, tokens, tensor, element } = setting;
  const vocab = Math.floor(model.vocab / tensor);
  const logits = tokens * vocab;
  const own = ownTokens(setting);
  const live = logits / chunks;
  // A wider copy of the logits, where they are not in fp32 already. As what the loss took in it may stay.
  const kept = setting.keeps_softmax_input && slice === null ? FULL * live : 0;
  const copies = element < FULL && kept === 0 ? [FULL * live] : [];
  return [
    norm(setting, 'norm_f'),
    {
      name: 'logits',
      ...productKernels(setting, { name: 'logits', part: 'head', m: tokens, n: vocab, k: model.hidden }),
      ...columnCollectives(setting),
      weights: [{ name: 'head', rows: vocab, columns: model.hidden, count: 1 }],
      saves: [
        savedForWeights('logits_input', element * own * model.hidden, own),
        // Slices are a list of fp32 copies that the caller holds.
        ...(slice === null ? [] : [saved('logits', FULL * logits, tokens)]),
      ],
      scratch_bytes: element * live,
    },
    {
      name: 'loss',
      forward: [elementwise(setting, 'loss', 'head', LOSS_FORWARD * logits, 6 * chunks)],
      backward: [elementwise(setting, 'loss backward', 'head', LOSS_BACKWARD * logits, 2 * chunks)],
      weight_gradient: [],
      saves: [
        ...(shifted ? [savedResult('shifted_logits', element * live, tokens)] : []),
        ...(kept > 0 ? [saved('loss_input', kept, tokens)] : []),
        saved('softmax', FULL * live, tokens),
      ],
      handed_bytes: element * (slice === null ? live : logits * slice),
      // Beside the softmax: the logits, their fp32 copy and the fp32 gradient; of slices, one gradient at a time.
      scratch_bytes:
        slice === null
          ? ((kept > 0 && element === FULL ? 0 : element) + (copies.length + 1) * FULL) * live
          : FULL * logits * slice,
      // PyTorch's `cross_entropy`: the fp32 copy; then the gradients of the loss and of the copy.
      temporaries:
        slice === null
          ? { forward: copies, backward: [...copies, FULL * live] }
          : { forward: [], backward: [FULL * logits * slice] },
    },
  ];
}

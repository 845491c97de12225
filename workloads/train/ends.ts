import type { TrainOp } from '../../sim/types/index.ts';
import { norm } from './attention.ts';
import { elementwise, pointwise, productKernels, saved } from './ops.ts';
import { columnCollectives, ELEMENT, MASK, ownTokens, type TrainSetting } from './setting.ts';

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
  const { model } = setting;
  const own = ownTokens(setting);
  const elements = own * model.hidden;
  const reduce =
    setting.tensor === 1
      ? {}
      : {
          reduce: {
            kind: setting.sequence_parallel ? ('reduce-scatter' as const) : ('all-reduce' as const),
            group: 'tensor' as const,
            bytes: ELEMENT * setting.tokens * model.hidden,
          },
        };
  const mask = setting.dropout ? MASK : 0;
  return [
    pointwise(setting, 'embed', 'embed', elements, 4 * ELEMENT + mask, 3 * ELEMENT + mask, {
      ...reduce,
      saves: setting.dropout ? [saved('embed_mask', MASK * elements, own)] : [],
    }),
  ];
}

/** Last norm, vocabulary projection and loss. The fp32 softmax is kept for backward. */
export function headOps(setting: TrainSetting, chunks: number): TrainOp[] {
  const { model, tokens, tensor } = setting;
  const vocab = Math.floor(model.vocab / tensor);
  const logits = tokens * vocab;
  const own = ownTokens(setting);
  const live = logits / chunks;
  return [
    norm(setting, 'norm_f'),
    {
      name: 'logits',
      ...productKernels(setting, { name: 'logits', part: 'head', m: tokens, n: vocab, k: model.hidden }),
      ...columnCollectives(setting),
      saves: [saved('logits_input', ELEMENT * own * model.hidden, own)],
      scratch_bytes: ELEMENT * live,
    },
    {
      name: 'loss',
      forward: [elementwise(setting, 'loss', 'head', LOSS_FORWARD * logits, 6 * chunks)],
      backward: [elementwise(setting, 'loss backward', 'head', LOSS_BACKWARD * logits, 2 * chunks)],
      weight_gradient: [],
      saves: [saved('softmax', FULL * live, tokens)],
      // Beside the softmax: 16-bit logits, their fp32 copy and the fp32 gradient.
      scratch_bytes: (ELEMENT + 2 * FULL) * live,
      // PyTorch's `cross_entropy`: the fp32 copy; then the gradients of the loss and of the copy.
      temporaries: { forward: [FULL * live], backward: [FULL * live, FULL * live] },
    },
  ];
}

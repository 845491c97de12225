import type { KvShape } from '../../sim/types/index.ts';
import type { PresetFields, Scale } from './schema.ts';
import { SCORE_BYTES, SIGNALS } from './signals.ts';

/**
 * Bytes of a token in the forms a policy keeps it in; K and V together, all sequences of the batch.
 * @module
 */

export interface Forms {
  /** As it is written, with what the signal keeps beside it. */
  readonly hot_bytes: number;
  /** What a later stage turns it into (quantised, projected, shared). */
  readonly low_bytes: number;
  /** Of these, what the signal keeps beside K and V. */
  readonly side_bytes: number;
  /** Keys alone, in the hot form. */
  readonly key_bytes: number;
}

const PLAIN_BITS = 16;
const PLAIN = { bits: undefined, rank: 1, scale: 'group' } as const;

/** Elements of one token of every sequence, in rows of one head, and how their scales are shared. */
interface Stored {
  readonly elements: number;
  readonly row: number;
  readonly sequences: number;
  readonly scale: Scale;
}

/** Stored bytes of so many elements, with the scales of those that share one below 16 bits. */
function storedBytes(
  { elements, row, sequences, scale }: Stored,
  bits: number,
  layout: PresetFields['layout'],
): number {
  if (bits >= PLAIN_BITS || scale === 'channel') return (elements * bits) / 8;
  const scales = scale === 'token' ? sequences : Math.ceil(elements / Math.min(layout.group, row));
  return (elements * bits + scales * layout.overhead_bits) / 8;
}

/** Cached heads over the model's key and value heads; never more than it has, but for one a query head. */
export function headShare({ layout }: PresetFields, { heads, kv_heads, devices = 1 }: KvShape): number {
  if (layout.kv_heads === 'model') return 1;
  if (layout.kv_heads === 'query') return heads / kv_heads;
  return Math.min(Math.max(1, layout.kv_heads / devices), kv_heads) / kv_heads;
}

export function formsOf(fields: PresetFields, shape: KvShape): Forms {
  const { layout, stages } = fields;
  const k = layout.k ?? PLAIN;
  const v = layout.v ?? PLAIN;
  const share = headShare(fields, shape);
  const elements = shape.batch * shape.kv_heads * share * shape.head_dim;
  const narrow = (scale: Scale, bits: number, rank: number): number => {
    const row = Math.max(1, Math.floor(shape.head_dim * rank));
    return storedBytes({ elements: elements * rank, row, sequences: shape.batch, scale }, bits, layout);
  };
  const at = ({ bits, rank, scale }: typeof k): number =>
    bits === undefined ? shape.token_bytes * share * rank : narrow(scale, bits, rank);
  const key = at(k);
  const value = at(v);
  // Channels of keys that go leave a narrower key in every token.
  const thin = stages.reduce(
    (left, { unit, of, budget, rest }) =>
      unit === 'channel' && rest.action === 'drop' ? left * (of === 'v' ? 1 : (budget?.ratio ?? 1)) : left,
    1,
  );
  const side = stages.some(
    ({ when, signal }) => when.startsWith('decode') && (SIGNALS[signal.kind]?.state_bytes ?? 0) > 0,
  )
    ? shape.batch * shape.heads * SCORE_BYTES
    : 0;
  const stage = stages.find(({ rest }) => ['quantise', 'project', 'share'].includes(rest.action));
  let low = key + value;
  if (stage?.rest.action === 'quantise') {
    const { bits = PLAIN_BITS, k_bits = bits, v_bits = bits } = stage.rest;
    low = narrow(k.scale, k_bits, 1) * k.rank + narrow(v.scale, v_bits, 1) * v.rank;
  } else if (stage?.rest.action === 'project') {
    const { bits = PLAIN_BITS, k_rank = 1, v_rank = 1 } = stage.rest;
    low = narrow(k.scale, bits, k_rank) + narrow(v.scale, bits, v_rank);
  } else if (stage?.rest.action === 'share') {
    const heads = shape.batch * shape.kv_heads * share;
    low = (key + value) * (stage.rest.retain + (1 - stage.rest.retain) / 2) + heads * stage.rest.extra_bytes;
  }
  return { hot_bytes: key * thin + value + side, low_bytes: low + side, side_bytes: side, key_bytes: key };
}

/** Bytes of a token in a share of the heads. */
export function scaledForms({ hot_bytes, low_bytes, side_bytes, key_bytes }: Forms, share: number): Forms {
  return {
    hot_bytes: hot_bytes * share,
    low_bytes: low_bytes * share,
    side_bytes: side_bytes * share,
    key_bytes: key_bytes * share,
  };
}

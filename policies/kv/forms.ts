import type { KvShape } from '../../sim/types/index.ts';
import type { PresetFields } from './schema.ts';
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

/** Stored bytes of so many elements, with the scales of their groups below 16 bits. */
export function storedBytes(elements: number, bits: number, group: number, overhead_bits: number, row: number): number {
  if (bits >= PLAIN_BITS) return (elements * bits) / 8;
  const length = Math.min(group, row);
  const groups = Math.ceil(elements / length);
  return (elements * bits + groups * overhead_bits) / 8;
}

/** Cached heads over the model's key and value heads; never more than it has, but for one a query head. */
export function headShare({ layout }: PresetFields, { heads, kv_heads, devices = 1 }: KvShape): number {
  if (layout.kv_heads === 'model') return 1;
  if (layout.kv_heads === 'query') return heads / kv_heads;
  return Math.min(Math.max(1, layout.kv_heads / devices), kv_heads) / kv_heads;
}

export function formsOf(fields: PresetFields, shape: KvShape): Forms {
  const { layout, stages } = fields;
  const k = layout.k ?? { rank: 1 };
  const v = layout.v ?? { rank: 1 };
  const { group, overhead_bits } = layout;
  const share = headShare(fields, shape);
  const elements = shape.batch * shape.kv_heads * share * shape.head_dim;
  const at = (bits: number | undefined, rank: number): number =>
    bits === undefined
      ? shape.token_bytes * share * rank
      : storedBytes(elements * rank, bits, group, overhead_bits, Math.max(1, Math.floor(shape.head_dim * rank)));
  const key = at(k.bits, k.rank);
  const value = at(v.bits, v.rank);
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
    const bits = stage.rest.bits ?? PLAIN_BITS;
    const one = storedBytes(elements, bits, group, overhead_bits, shape.head_dim);
    low = one * (k.rank + v.rank);
  } else if (stage?.rest.action === 'project') {
    const width = (rank: number): number => {
      const bits = stage.rest.bits ?? PLAIN_BITS;
      return storedBytes(elements * rank, bits, group, overhead_bits, Math.max(1, Math.floor(shape.head_dim * rank)));
    };
    low = width(stage.rest.k_rank ?? 1) + width(stage.rest.v_rank ?? 1);
  } else if (stage?.rest.action === 'share') {
    const heads = shape.batch * shape.kv_heads * share;
    low = (key + value) * (stage.rest.retain + (1 - stage.rest.retain) / 2) + heads * stage.rest.extra_bytes;
  }
  return { hot_bytes: key * thin + value + side, low_bytes: low + side, side_bytes: side, key_bytes: key };
}

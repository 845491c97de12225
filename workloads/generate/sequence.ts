import { InputError } from '../../input/index.ts';
import type { KvPass, KvPolicy, KvPolicyMaker, KvShape, KvUse } from '../../sim/types/index.ts';
import { windowPairShare } from '../../sim/windowPairs.ts';
import { linearStateElements, taylorFeatures } from '../mixers/kernels.ts';
import { COMPUTE_BYTES, type Model } from '../models/model.ts';
import type { Mixer } from '../models/schema.ts';
import { mixerOf } from '../models/weights.ts';

/**
 * The KV policy of a model whose layers differ: a state of fixed size, a window, or full attention, which may have a
 * policy of its own.
 * @throws InputError where that policy reuses stored keys and values: a state cannot be put together from chunks.
 */
export function sequencePolicy(model: Model, inner: KvPolicyMaker | null): KvPolicyMaker {
  return (shape) => {
    const full = inner?.(shape) ?? null;
    if (full !== null && full.reused_tokens > 0) {
      throw new InputError({
        code: 'bad_value',
        problem: `the state of ${model.id} cannot be put together from stored chunks`,
        expected: 'a KV policy that does not reuse chunks',
      });
    }
    return new SequencePolicy(model, shape, full);
  };
}

class SequencePolicy implements KvPolicy {
  readonly name: string;
  readonly prefill_tokens: readonly number[];
  readonly reused_tokens = 0;
  readonly warnings: readonly string[];
  private readonly model: Model;
  private readonly shape: KvShape;
  private readonly full: KvPolicy | null;
  /** By what sets them apart; equal uses are one object, so that equal ops are simulated once. */
  private readonly known = new Map<string, KvUse>();

  constructor(model: Model, shape: KvShape, full: KvPolicy | null) {
    this.model = model;
    this.shape = shape;
    this.full = full;
    this.name = full?.name ?? 'state';
    this.prefill_tokens = full?.prefill_tokens ?? [shape.prompt_tokens];
    this.warnings = full?.warnings ?? [];
  }

  use(layer: number, pass: KvPass): KvUse {
    const index = mixerOf(this.model, layer);
    if (index < 0 && this.full !== null) return this.full.use(layer, pass);
    const mixer = index < 0 ? null : this.model.mixers[index]!;
    const limit = windowOf(mixer);
    const before = Math.min(pass.seen, limit);
    const after = Math.min(pass.seen + pass.tokens, limit);
    const begins = pass.index === 0;
    const key = `${index} ${pass.phase} ${pass.tokens} ${before} ${after} ${begins}`;
    const known = this.known.get(key) ?? this.made(mixer, pass, before, after, begins);
    this.known.set(key, known);
    return known;
  }

  private made(mixer: Mixer | null, pass: KvPass, before: number, after: number, begins: boolean): KvUse {
    const { token_bytes, batch, heads, kv_heads } = this.shape;
    const state = begins ? this.stateBytes(mixer) : 0;
    const grown = 2 * (after - before) * token_bytes + state;
    return {
      read_tokens: before,
      read_bytes_per_token: token_bytes,
      write_tokens: windowOf(mixer) === 0 ? 0 : Math.min(pass.tokens, windowOf(mixer)),
      write_bytes_per_token: token_bytes,
      pair_share: windowPairShare(pass.tokens, before, windowOf(mixer)),
      kernels: [],
      scratch_bytes: 0,
      replaced_tokens: 0,
      index_read_bytes: 0,
      index_read_keys: 0,
      side_tensors: 0,
      cached_heads: kv_heads,
      heads_per_token: batch * heads,
      freed_before: [],
      added: grown > 0 ? [{ role: 'fast', kind: 'kv', bytes: grown }] : [],
      freed: [],
      fetches: [],
      stores: [],
    };
  }

  peakTokens(layer: number): number {
    const index = mixerOf(this.model, layer);
    if (index < 0 && this.full !== null) return this.full.peakTokens(layer);
    const { prompt_tokens, output_tokens } = this.shape;
    const mixer = index < 0 ? null : this.model.mixers[index]!;
    return Math.min(prompt_tokens + output_tokens - 1, windowOf(mixer));
  }

  /** Without a policy of its own a layer drops nothing but what leaves its window. */
  endTokens(layer: number): number {
    if (mixerOf(this.model, layer) < 0 && this.full !== null) return this.full.endTokens(layer);
    return this.peakTokens(layer);
  }

  peakBytes(layer: number): number {
    const index = mixerOf(this.model, layer);
    if (index < 0 && this.full !== null) return this.full.peakBytes(layer);
    const mixer = index < 0 ? null : this.model.mixers[index]!;
    return this.stateBytes(mixer) + 2 * this.peakTokens(layer) * this.shape.token_bytes;
  }

  indexBytes(layer: number): number {
    return mixerOf(this.model, layer) < 0 ? (this.full?.indexBytes(layer) ?? 0) : 0;
  }

  /** Bytes of the fixed state of one layer, all sequences. */
  private stateBytes(mixer: Mixer | null): number {
    const { batch, heads, hidden } = this.shape;
    if (mixer?.kind === 'linear') {
      return batch * heads * linearStateElements(taylorFeatures(mixer.feature_width), hidden / heads) * COMPUTE_BYTES;
    }
    if (mixer?.kind === 'convolution') return (batch * mixer.expand * hidden * mixer.kernel * COMPUTE_BYTES) / 2;
    return 0;
  }
}

/** Tokens whose keys and values a layer keeps. */
function windowOf(mixer: Mixer | null): number {
  if (mixer === null) return Number.POSITIVE_INFINITY;
  return mixer.kind === 'window' ? mixer.window : 0;
}

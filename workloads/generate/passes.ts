import type { KvPolicy, KvUse } from '../../sim/types/index.ts';
import type { Model } from '../models/model.ts';
import { mixerOf } from '../models/weights.ts';
import { stepAt } from './schedule.ts';
import type { GenerateFields } from './schema.ts';
import type { Step } from './setting.ts';

/**
 * The passes over all layers: the prefill, whole or in the chunks of a KV policy, and one a decode step; and what such a
 * policy makes of each. Without one, every token is kept and read.
 */
export class Passes {
  readonly prefills: number;
  readonly count: number;
  readonly #kv: KvPolicy | null;
  readonly #model: Model;
  readonly #prompt: number;
  readonly #output: number;

  constructor({ prompt, output }: Pick<GenerateFields, 'prompt' | 'output'>, kv: KvPolicy | null, model: Model) {
    this.#kv = kv;
    this.#model = model;
    this.#prompt = prompt;
    this.#output = output;
    this.prefills = kv?.prefill_tokens.length ?? 1;
    this.count = this.prefills + output - 1;
  }

  /** Pass `i`; `context` is all earlier tokens, whatever is kept of them. */
  at(i: number): Step {
    const kv = this.#kv;
    if (i >= this.prefills || kv === null) {
      return { ...stepAt(i - this.prefills + 1, this.#prompt), index: i };
    }
    const context = kv.prefill_tokens.slice(0, i).reduce((sum, tokens) => sum + tokens, kv.reused_tokens);
    return { phase: 'prefill', step: 0, tokens: kv.prefill_tokens[i]!, context, index: i };
  }

  /** The pass as attention of one layer sees it. */
  attention(step: Step, layer: number): Step {
    const use = this.use(step, layer);
    if (use === undefined) return step;
    const mixer = mixerOf(this.#model, layer);
    return {
      phase: step.phase,
      step: step.step,
      tokens: step.tokens,
      context: step.context,
      index: step.index ?? 0,
      use,
      ...(mixer >= 0 && { mixer }),
    };
  }

  /** What the KV policy makes of the pass in one layer: one object for layers that do the same. */
  use({ phase, step, tokens, context, index = 0 }: Step, layer: number): KvUse | undefined {
    return this.#kv?.use(layer, { index, phase, step, tokens, seen: context });
  }

  /** Tokens that a layer's cache has room for, and their bytes in K and V together, given those of one token. */
  cache(layer: number, token_bytes: number): { readonly tokens: number; readonly bytes: number } {
    const all = this.#prompt + this.#output - 1;
    if (this.#kv === null) return { tokens: all, bytes: 2 * all * token_bytes };
    return { tokens: this.#kv.peakTokens(layer), bytes: this.#kv.peakBytes(layer) };
  }

  /** Tokens that each layer's cache holds after the last pass. */
  kvLayers(layers: number): readonly number[] {
    return Array.from({ length: layers }, (_, layer) => this.#kv?.endTokens(layer) ?? 0);
  }

  indexBytes(layer: number): number {
    return this.#kv?.indexBytes(layer) ?? 0;
  }
}

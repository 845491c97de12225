import type { Rng } from '../../sim/kernel/random.ts';
import type { AttentionRow, AttentionSource } from '../../sim/types/index.ts';

/**
 * A seeded process of attention: sinks, recency, and importance by rank with drift and rare jumps,
 * a_t(i) = S/4 [i < 4] + R e^(-(t-i)/tau)/Z + (1 - S - R) softmax_i(-s ln rank_i + x_t(i)), where x follows
 * x' = rho x + sqrt(1 - rho^2) sigma N(0, 1).
 *
 * Calibration: 95 % of entries below 1 % of the row's largest (H2O, NeurIPS 2023) needs s >= ln 100 / ln(0.05 N), 0.995 at
 * 2048 tokens; persistence above 95 % (Scissorhands, NeurIPS 2023) bounds sigma; sinks are the first four tokens
 * (StreamingLLM, ICLR 2024). The drift rho is not identified by these statistics.
 * @module
 */

export interface ProcessFields {
  readonly zipf: number;
  readonly sink: number;
  readonly recent: number;
  readonly tau: number;
  readonly rho: number;
  readonly sigma: number;
  /** Jumps of a token to the first rank, per step. */
  readonly jumps_per_step: number;
}

export const PUBLISHED_FIT: ProcessFields = {
  zipf: 1,
  sink: 0.3,
  recent: 0.2,
  tau: 64,
  rho: 0.95,
  sigma: 0.5,
  jumps_per_step: 0,
};

const SINKS = 4;
/** Ranks that are followed one by one; behind them drift averages out. */
const MOST_RANKS = 1024;
/** Recency is listed this many time constants back; what is older is below e^-6. */
const RECENT_SPANS = 6;

export class AttentionProcess implements AttentionSource {
  readonly prompt_tokens: number;
  readonly #fields: ProcessFields;
  readonly #random: Rng;
  readonly #ranked: Int32Array;
  readonly #base: Float64Array;
  readonly #drift: Float64Array;
  readonly #restWeight: number;
  readonly #positions: Int32Array;
  readonly #mass: Float64Array;
  readonly #recent: Float64Array;
  #tokens: number;

  constructor(prompt_tokens: number, fields: ProcessFields, random: Rng) {
    this.prompt_tokens = prompt_tokens;
    this.#fields = fields;
    this.#random = random;
    this.#tokens = prompt_tokens;
    const ranks = Math.min(MOST_RANKS, prompt_tokens);
    this.#ranked = distinct(prompt_tokens, ranks, random);
    this.#base = Float64Array.from({ length: ranks }, (_, r) => -fields.zipf * Math.log(r + 1));
    this.#drift = Float64Array.from({ length: ranks }, () => random.normal(0, fields.sigma));
    // E[e^x] of a normal drift.
    this.#restWeight = tailWeight(ranks, prompt_tokens, fields.zipf) * Math.exp(fields.sigma ** 2 / 2);
    const span = Math.min(prompt_tokens, Math.ceil(RECENT_SPANS * fields.tau));
    this.#recent = Float64Array.from({ length: span }, (_, age) => Math.exp(-age / fields.tau));
    const Z = this.#recent.reduce((sum, weight) => sum + weight, 0);
    this.#recent = this.#recent.map((weight) => (fields.recent * weight) / Z);
    this.#positions = new Int32Array(SINKS + span + ranks);
    this.#mass = new Float64Array(SINKS + span + ranks);
  }

  next(): AttentionRow {
    const { rho, sigma, sink, recent, jumps_per_step } = this.#fields;
    const ranks = this.#ranked.length;
    const innovation = Math.sqrt(1 - rho * rho) * sigma;
    if (jumps_per_step > 0 && this.#random.chance(Math.min(1, jumps_per_step))) this.#jump();
    let sum = this.#restWeight;
    const { length: span } = this.#recent;
    const from = SINKS + span;
    for (let r = 0; r < ranks; r++) {
      const x = rho * this.#drift[r]! + this.#random.normal(0, innovation);
      this.#drift[r] = x;
      const weight = Math.exp(this.#base[r]! + x);
      this.#mass[from + r] = weight;
      this.#positions[from + r] = this.#ranked[r]!;
      sum += weight;
    }
    this.#tokens += 1;
    const scale = (1 - sink - recent) / sum;
    for (let r = 0; r < ranks; r++) this.#mass[from + r]! *= scale;
    for (let i = 0; i < SINKS; i++) {
      this.#positions[i] = i;
      this.#mass[i] = sink / SINKS;
    }
    for (let age = 0; age < span; age++) {
      this.#positions[SINKS + age] = this.#tokens - 1 - age;
      this.#mass[SINKS + age] = this.#recent[age]!;
    }
    return {
      tokens: this.#tokens,
      positions: this.#positions,
      mass: this.#mass,
      count: from + ranks,
      rest_mass: this.#restWeight * scale,
    };
  }

  /** A token that mattered least becomes the most important one (a needle that the text comes back to). */
  #jump(): void {
    const last = this.#ranked.length - 1;
    const token = this.#ranked[last]!;
    this.#ranked.copyWithin(1, 0, last);
    this.#ranked[0] = token;
  }
}

/** Distinct tokens of a prompt in random order: the first steps of a shuffle, of which only moved places are kept. */
function distinct(tokens: number, count: number, random: Rng): Int32Array {
  const moved = new Map<number, number>();
  const drawn = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const other = i + random.integer(tokens - i);
    drawn[i] = moved.get(other) ?? other;
    moved.set(other, moved.get(i) ?? i);
  }
  return drawn;
}

/** Sum of rank^-s over the ranks after `from` up to `to`, by its integral with midpoints. */
function tailWeight(from: number, to: number, s: number): number {
  if (to <= from) return 0;
  const [a, b] = [from + 0.5, to + 0.5];
  return s === 1 ? Math.log(b / a) : (b ** (1 - s) - a ** (1 - s)) / (1 - s);
}

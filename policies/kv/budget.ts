import type { KvShape } from '../../sim/types/index.ts';
import type { BudgetFields, StageFields } from './schema.ts';

/**
 * How many tokens a stage leaves in a layer.
 * @module
 */

/** Weights of the layers, of mean 1: how an uneven budget is spread over the depth. */
export function layerWeights(budget: BudgetFields | undefined, layers: number): readonly number[] {
  const raw = rawWeights(budget, layers);
  const mean = raw.reduce((sum, weight) => sum + weight, 0) / layers;
  if (mean === 0) return raw;
  const even = raw.map((weight) => weight / mean);
  return budget?.ratio === undefined ? even : capped(even, budget.ratio);
}

/** What a layer cannot use of its share, because it keeps everything already, goes to the others in proportion. */
function capped(weights: readonly number[], ratio: number): readonly number[] {
  const most = 1 / ratio;
  const full = new Set<number>();
  for (;;) {
    const open = weights.reduce((sum, weight, i) => sum + (full.has(i) ? 0 : weight), 0);
    const scale = open === 0 ? 0 : (weights.length - full.size * most) / open;
    const over = weights.flatMap((weight, i) => (!full.has(i) && weight * scale > most * (1 + 1e-12) ? [i] : []));
    if (over.length === 0) return weights.map((weight, i) => (full.has(i) ? most : weight * scale));
    for (const i of over) full.add(i);
  }
}

function rawWeights(budget: BudgetFields | undefined, layers: number): number[] {
  const at = (layer: number): number => (layers === 1 ? 0 : layer / (layers - 1));
  const each = (weight: (layer: number) => number): number[] => Array.from({ length: layers }, (_, l) => weight(l));
  if (budget?.vector !== undefined) {
    const { vector } = budget;
    return each((layer) =>
      between(
        vector.map((weight, i) => [vector.length === 1 ? 0 : i / (vector.length - 1), weight]),
        at(layer),
      ),
    );
  }
  const { first, peak, peak_at, last } = budget ?? {};
  if (first === undefined) return each(() => 1);
  const points: [number, number][] = [[0, first]];
  if (peak !== undefined) points.push([peak_at ?? 0.5, peak]);
  points.push([1, last ?? peak ?? first]);
  return each((layer) => between(points, at(layer)));
}

/** The value at `x` of a line through points of ascending x, flat outside them. */
function between(points: readonly (readonly [number, number])[], x: number): number {
  let [x0, y0] = points[0]!;
  for (const [x1, y1] of points) {
    if (x <= x1) return x1 === x0 ? y1 : y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
    [x0, y0] = [x1, y1];
  }
  return y0;
}

/** Whether a stage acts on a layer at all. */
export function actsOn(stage: StageFields, layer: number, layers: number): boolean {
  if (layer < stage.skip_layers) return false;
  if (stage.layers !== undefined && !inside(stage.layers, layer, layers)) return false;
  const full = stage.budget?.full_layers;
  return full === undefined || !inside(full, layer, layers);
}

const inside = ([from, to]: readonly [number, number], layer: number, layers: number): boolean =>
  layer >= Math.round(from * layers) && layer < Math.round(to * layers);

/** Tokens that a stage always leaves: the first and the last ones. */
export function protectedTokens({ protect }: StageFields, prompt: number): number {
  return (protect.sink ?? 0) + shareOrTokens(protect.recent ?? 0, prompt);
}

const shareOrTokens = (value: number, prompt: number): number => (value < 1 ? value * prompt : value);

/** Of the `kept` tokens, the last ones, which no signal ranks: those protected, or of a budget in parts all but the first. */
export function recentTokens({ protect, budget }: StageFields, prompt: number, kept: number): number {
  const parts = budget?.times ?? 1;
  return Math.min(kept, Math.max(shareOrTokens(protect.recent ?? 0, prompt), kept * (1 - 1 / parts)));
}

/**
 * Tokens that a stage leaves of a context, a mean over heads: the budget (a share of its base, or tokens) times the
 * layer's weight, never below its floor or what is protected, never above the context; heads that it does not act on hold
 * the whole context. Ratios cut in `times` equal parts, or into slots, are rounded down part by part, as code that allocates
 * them does.
 */
export function budgetTokens(stage: StageFields, weight: number, shape: KvShape, context: number): number {
  const { budget } = stage;
  const { prompt_tokens: prompt, output_tokens: output } = shape;
  const least = Math.max(budget?.floor ?? 0, protectedTokens(stage, prompt));
  let tokens = least;
  if (budget?.tokens !== undefined) tokens = budget.tokens * weight;
  else if (budget?.ratio !== undefined) {
    const base = budget.of === 'context' ? context : budget.of === 'total' ? prompt + output : prompt;
    const whole = budget.times > 1 || budget.slots;
    const part = budget.ratio * weight * base;
    tokens = budget.times * (whole ? Math.floor(part + 1e-9) : part);
  } else if (budget?.mass !== undefined) tokens = massTokens(budget.mass, context) * weight;
  return stage.heads * Math.min(context, Math.max(least, tokens)) + (1 - stage.heads) * context;
}

/** Exponent of the falling importance of tokens by rank (the attention process, H2O's sparsity bound: s >= 0.995 at 2048). */
const ZIPF = 1;

/** Most important tokens of n that hold a share of the mass, where importance falls as rank^-s: H(k) >= mass H(n). */
export function massTokens(mass: number, n: number): number {
  const harmonic = (k: number): number => (ZIPF === 1 ? Math.log(k) + 0.5772156649 + 1 / (2 * k) : k);
  if (n < 2) return n;
  const wanted = mass * harmonic(n) - 0.5772156649;
  return Math.max(1, Math.min(n, Math.exp(wanted)));
}

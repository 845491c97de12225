import type { AttentionRow, AttentionSource } from '../../sim/types/index.ts';
import { protectedTokens } from './budget.ts';
import type { PresetFields } from './schema.ts';

/**
 * The identities fidelity: which tokens a policy keeps, and how much of the attention mass they hold. The retained mass
 * is a proxy of our own; it is never turned into a score of a benchmark.
 * @module
 */

/** How a policy chooses, which is all that identities need to know of it. */
export interface Chooser {
  readonly by: 'position' | 'accumulated' | 'window' | 'row';
  readonly budget: number;
  readonly sink: number;
  readonly recent: number;
  /** Share of the heads that choose; the others keep everything. */
  readonly heads: number;
}

export interface Retention {
  /** Mean share of the attention mass on kept (or fetched) tokens, over all heads. */
  readonly mass: number;
  /** Of the heads that choose, the mean share of the chosen tokens that the step before had chosen too. */
  readonly overlap: number;
  readonly steps: number;
}

const CHOICES: Readonly<Record<string, Chooser['by']>> = {
  static_mask: 'position',
  accumulated_attention: 'accumulated',
  pivotal_count: 'accumulated',
  modality_prior: 'accumulated',
  window_attention: 'window',
  centroid_dot: 'row',
  landmark_dot: 'row',
  page_bound: 'row',
  vq_code: 'row',
  probe_query: 'row',
  partial_query: 'row',
  speculated_query: 'row',
};

/** The chooser of a preset that keeps this many tokens, a mean over heads; null where its signal has no identities. */
export function chooserOf(fields: PresetFields, mean: number, prompt: number): Chooser | null {
  const stage = fields.stages.findLast(({ signal }) => Object.hasOwn(CHOICES, signal.kind));
  if (stage === undefined) return null;
  const by = CHOICES[stage.signal.kind]!;
  const { heads } = stage;
  const budget = heads === 0 ? mean : (mean - (1 - heads) * prompt) / heads;
  const recent = protectedTokens(stage, prompt) - stage.protect.sink;
  const half = by === 'accumulated' && recent === 0 ? budget / 2 : recent;
  return {
    by,
    budget,
    sink: stage.protect.sink,
    recent: by === 'position' ? budget - stage.protect.sink : half,
    heads,
  };
}

/** Runs a chooser over `steps` rows. */
export function retention(chooser: Chooser, source: AttentionSource, steps: number): Retention {
  const scores = new Float64Array(source.prompt_tokens + steps + 1);
  let chosen = new Set<number>();
  let mass = 0;
  let overlap = 0;
  let done = 0;
  for (; done < steps; done++) {
    const row = source.next();
    if (row === null) break;
    if (done === 0 && chooser.by !== 'row') {
      // The prompt's own rows: the first row stands for what they have added up to.
      addRow(scores, row, source.prompt_tokens);
      chosen = best(scores, row, chooser, chooser.budget);
      continue;
    }
    const now = chooser.by === 'row' ? best(rowScores(row, scores.length), row, chooser, chooser.budget) : chosen;
    mass += keptMass(row, now, chooser);
    let same = 0;
    for (const token of now) if (chosen.has(token)) same += 1;
    overlap += now.size === 0 ? 1 : same / now.size;
    if (chooser.by === 'accumulated') {
      addRow(scores, row, 1);
      chosen = evict(scores, now, row, chooser);
    } else chosen = now;
  }
  const counted = chooser.by === 'row' ? done : Math.max(1, done - 1);
  const { heads } = chooser;
  return { mass: (heads * mass) / counted + 1 - heads, overlap: overlap / counted, steps: counted };
}

function addRow(scores: Float64Array, { positions, mass, count }: AttentionRow, times: number): void {
  for (let i = 0; i < count; i++) scores[positions[i]!]! += times * mass[i]!;
}

function rowScores({ positions, mass, count }: AttentionRow, length: number): Float64Array {
  const scores = new Float64Array(length);
  for (let i = 0; i < count; i++) scores[positions[i]!]! += mass[i]!;
  return scores;
}

/** The listed tokens with the best scores; sinks and the last tokens are counted apart. */
function best(scores: Float64Array, row: AttentionRow, { sink, recent, by }: Chooser, budget: number): Set<number> {
  if (by === 'position') return new Set();
  const room = Math.max(0, Math.round(budget - sink - recent));
  const listed = new Set<number>();
  for (let i = 0; i < row.count; i++) {
    const token = row.positions[i]!;
    if (token >= sink && token < row.tokens - recent) listed.add(token);
  }
  const order = [...listed].sort((a, b) => scores[b]! - scores[a]!);
  return new Set(order.slice(0, room));
}

/** One step on: the token that leaves the last ones is weighed against those kept, and the least goes. */
function evict(scores: Float64Array, kept: Set<number>, row: AttentionRow, { recent }: Chooser): Set<number> {
  const leaving = Math.floor(row.tokens - recent);
  if (leaving < 0 || kept.has(leaving)) return kept;
  let least = leaving;
  for (const token of kept) if (scores[token]! < scores[least]!) least = token;
  if (least === leaving) return kept;
  const next = new Set(kept);
  next.delete(least);
  next.add(leaving);
  return next;
}

function keptMass(row: AttentionRow, chosen: ReadonlySet<number>, { sink, recent, budget }: Chooser): number {
  let sum = 0;
  for (let i = 0; i < row.count; i++) {
    const token = row.positions[i]!;
    if (token < sink || token >= row.tokens - recent || chosen.has(token)) sum += row.mass[i]!;
  }
  // What is kept beyond the listed tokens is any part of the even rest.
  const others = Math.max(1, row.tokens - row.count);
  const spare = Math.max(0, budget - sink - recent - chosen.size);
  return sum + row.rest_mass * Math.min(1, spare / others);
}

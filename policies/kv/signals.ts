import type { Kernel, KvShape } from '../../sim/types/index.ts';
import type { SignalFields } from './schema.ts';

/**
 * What ranking units costs, one law a named signal. Kernels are counted as un-fused code launches them; every tensor
 * they read or write passes through device memory once.
 * @module
 */

/** Where a signal is evaluated. */
export interface Scoring {
  readonly shape: KvShape;
  readonly signal: SignalFields;
  readonly phase: 'prefill' | 'decode';
  /** New query rows of the pass, and keys they may see. */
  readonly queries: number;
  readonly keys: number;
  /** Units that are ranked, and those of them that stay. */
  readonly units: number;
  readonly kept: number;
  /** Keys so recent that they are not ranked. */
  readonly recent: number;
  /** What is scanned instead of keys; null where the preset has no index. */
  readonly index: IndexScan | null;
}

/** The part of an index that one pass scans. */
export interface IndexScan {
  /** Entries a head, units that they stand for, and units that are chosen. */
  readonly entries: number;
  readonly units: number;
  readonly chosen: number;
  /** Width of an entry over the width of a head. */
  readonly width: number;
  readonly bytes: number;
}

/** Bytes of a running score (fp16) and of an index of what is kept (int64). */
export const SCORE_BYTES = 2;
const POSITION_BYTES = 8;
export const COMPUTE_BYTES = 2;

/** Fields that some signals alone read. */
export const SIGNAL_FIELDS = ['window', 'pool', 'probes', 'width', 'passes'] as const;
export type SignalField = (typeof SIGNAL_FIELDS)[number];

export interface SignalDefinition {
  readonly description: string;
  /** Bytes a token and query head that the signal keeps beside the cache. */
  readonly state_bytes: number;
  /** Its own fields of a preset's `signal`, beside what rankings share. */
  readonly fields: readonly SignalField[];
  cost(scoring: Scoring): Cost;
}

/** Work of one signal, for the whole batch and one layer. */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
  readonly launches: number;
  /** Tensor operations of its code that launch nothing; absent = not counted. */
  readonly views?: number;
  /** Of the bytes, those of an index that is scanned in place of keys, and its entries a head; absent = none. */
  readonly index_bytes?: number;
  readonly index_entries?: number;
}

const NOTHING: Cost = { flops: 0, bytes: 0, launches: 0 };

const rows = ({ shape }: Scoring): number => shape.batch * shape.heads;
const keyBytes = ({ shape, keys }: Scoring): number =>
  shape.batch * shape.kv_heads * shape.head_dim * keys * COMPUTE_BYTES;

/** Rankings made: one a head, a key head, or a layer, shared by a group. */
function rankings({ shape, signal }: Scoring): number {
  const heads =
    signal.agg === 'layer' || signal.agg === 'group' ? 1 : signal.agg === 'kv_head' ? shape.kv_heads : shape.heads;
  return (shape.batch * heads) / signal.group;
}

/** The best `kept` of `units`: one kernel that reads the scores and writes positions. */
function top(scoring: Scoring): Cost {
  const lists = rankings(scoring);
  return { flops: 0, bytes: lists * (scoring.units * SCORE_BYTES + scoring.kept * POSITION_BYTES), launches: 1 };
}

const plus = (...costs: readonly Cost[]): Cost => ({
  flops: costs.reduce((sum, cost) => sum + cost.flops, 0),
  bytes: costs.reduce((sum, cost) => sum + cost.bytes, 0),
  launches: costs.reduce((sum, cost) => sum + cost.launches, 0),
  views: costs.reduce((sum, { views = 0 }) => sum + views, 0),
});

/** Scores of some query rows against all keys once more, where no score matrix is left to read. */
function scoresAgain(scoring: Scoring, queries: number, passes: number): Cost {
  const { shape, keys } = scoring;
  const pairs = rows(scoring) * queries * keys;
  return {
    flops: 2 * pairs * shape.head_dim,
    bytes: keyBytes(scoring) + passes * pairs * shape.score_bytes,
    launches: 1,
  };
}

/** Column sums of the score matrix (H2O, `_heavy_hitter_pruning`); in decode the running sums take the new row. */
function accumulated(scoring: Scoring): Cost {
  const { shape, signal, queries, keys, recent, phase } = scoring;
  const sums = rows(scoring) * keys * SCORE_BYTES;
  if (phase === 'decode') {
    // A slot is zeroed, the new row added (two reads, one write), the least of what is not recent found.
    const ranked = rows(scoring) * (keys - recent) * SCORE_BYTES;
    return { flops: 0, bytes: 3 * sums + ranked, launches: 3, views: 5 };
  }
  const probes = Math.min(signal.probes ?? queries, queries);
  const matrix = rows(scoring) * probes * keys * shape.score_bytes;
  const read =
    shape.fused || probes < queries ? scoresAgain(scoring, probes, 2) : { flops: 0, bytes: matrix, launches: 1 };
  return plus(read, { flops: 0, bytes: sums, launches: 0 }, top(scoring));
}

/** Attention of the last `window` queries over the prompt: products, mask, softmax, sum, pooling (SnapKV, section 4). */
function windowed(scoring: Scoring): Cost {
  if (scoring.phase === 'decode') return accumulated(scoring);
  const window = Math.min(scoring.signal.window ?? 1, scoring.queries);
  const passes = scoring.signal.passes ?? 6;
  const pool = scoring.signal.pool === undefined ? 0 : 1;
  const again = scoresAgain(scoring, window, passes);
  const pooled = rows(scoring) * scoring.keys * SCORE_BYTES * 2 * pool;
  return plus(again, { flops: 0, bytes: pooled, launches: 4 + pool }, top(scoring));
}

/** Products of every query with every entry of an index, and the best of its units; all queries of a pass share them. */
function indexScan(scoring: Scoring): Cost {
  const { shape, index, queries } = scoring;
  if (index === null) return NOTHING;
  const { entries, units, chosen: kept, width, bytes: index_bytes } = index;
  const pairs = rows(scoring) * entries * queries;
  const flops = 2 * pairs * shape.head_dim * width;
  const scan = { flops, bytes: index_bytes + pairs * SCORE_BYTES, launches: 1 };
  return { ...plus(scan, top({ ...scoring, units, kept })), index_bytes, index_entries: entries };
}

/** The same with one query made of a pass's. */
const probeScan = (scoring: Scoring): Cost => indexScan({ ...scoring, queries: 1 });

/**
 * What InfiniGen's code does to pick tokens in decode (snu-comparch/InfiniGen@3754f52, `speculate_attention`): a column of
 * ones joins the hidden state, a part of the next layer's query is made and multiplied with that part of its keys; those
 * within a distance of the largest score are counted and as many taken; and the new key's part joins the others by
 * torch.cat, which copies them all. Twelve passes over the scores; the count and the positions go to the host.
 */
function speculated(scoring: Scoring): Cost {
  const { shape, index, phase } = scoring;
  const scan = indexScan(scoring);
  if (phase !== 'decode' || index === null) return scan;
  const passes = 11 * rows(scoring) * index.entries * SCORE_BYTES;
  const width = shape.heads * shape.head_dim;
  const query_width = shape.kv_heads * shape.head_dim * index.width;
  const query = { flops: 2 * shape.batch * width * query_width, bytes: COMPUTE_BYTES * width * query_width };
  return {
    ...scan,
    flops: scan.flops + query.flops,
    bytes: scan.bytes + passes + query.bytes + 2 * index.bytes,
    launches: scan.launches + 20,
    views: 23,
  };
}

/** Products of neighbouring (or paired) keys: keys once, one product a key. */
function similarity(scoring: Scoring): Cost {
  const { shape, keys } = scoring;
  const flops = 2 * shape.batch * shape.kv_heads * keys * shape.head_dim;
  return plus({ flops, bytes: 2 * keyBytes(scoring), launches: 3 }, top(scoring));
}

/** A small network over each token's query, key and value (Locret, retaining heads). */
function learned(scoring: Scoring): Cost {
  const { shape, signal, queries } = scoring;
  const width = (shape.heads + 2 * shape.kv_heads) * shape.head_dim;
  const inner = signal.width ?? 0;
  const tokens = shape.batch * queries;
  const flops = 2 * tokens * inner * (width + shape.kv_heads);
  const bytes = COMPUTE_BYTES * (inner * (width + shape.kv_heads) + tokens * (width + inner));
  return plus({ flops, bytes, launches: inner > 0 ? 3 : 1 }, top(scoring));
}

/** Norms by channel of the last `window` queries and of keys (ThinK, section 3.2). */
function channels(scoring: Scoring): Cost {
  const { shape, signal, queries } = scoring;
  const window = Math.min(signal.window ?? queries, queries);
  const asked = rows(scoring) * window * shape.head_dim * COMPUTE_BYTES;
  const bytes = keyBytes(scoring) + asked + rows(scoring) * shape.head_dim * SCORE_BYTES;
  return { flops: 0, bytes, launches: 4 };
}

const free = (description: string): SignalDefinition => ({
  description,
  state_bytes: 0,
  fields: [],
  cost: () => NOTHING,
});
const with_ = (
  description: string,
  cost: (scoring: Scoring) => Cost,
  fields: readonly SignalField[] = [],
  state_bytes = 0,
): SignalDefinition => ({ description, state_bytes, fields, cost });

/** Every named signal. A new method adds at most one line here. */
export const SIGNALS: Readonly<Record<string, SignalDefinition>> = {
  none: free('No ranking'),
  static_mask: free('Positions alone decide'),
  prefix_hash: free('Equal chunks are found by their hash, on the host'),
  draft_accept: free("A draft's tokens are accepted or not"),
  predictor: with_('A low-rank predictor names the active units', learned, ['width', 'window']),
  accumulated_attention: with_('Attention received so far', accumulated, ['probes'], SCORE_BYTES),
  window_attention: with_('Attention of the last queries', windowed, ['window', 'pool', 'passes']),
  pivotal_count: with_('Times a token was pivotal in a history window', accumulated, ['probes'], SCORE_BYTES),
  modality_prior: with_('Text before images, then attention received', accumulated, ['probes']),
  key_similarity: with_('Likeness of neighbouring keys', similarity),
  channel_norm: with_('Query-weighted norm of key channels', channels, ['window']),
  learned_score: with_('A trained score of each token', learned, ['width']),
  centroid_dot: with_('Query times centroids', indexScan),
  landmark_dot: with_('Query times the landmark of each block', indexScan),
  page_bound: with_('Query times the least and largest key of each page', indexScan),
  vq_code: with_('Query times code book entries', indexScan),
  probe_query: with_('A probe query times block representatives', probeScan),
  partial_query: with_('A part of the query times a part of the keys', indexScan),
  speculated_query: with_('The same of the next layer, one ahead, as un-fused code does it', speculated),
};

/** A kernel of the policy's own work; it runs where attention runs. */
export function workKernel(name: string, shape: KvShape, { flops, bytes, launches, views = 0 }: Cost): Kernel {
  const kernel = { name, part: 'other', dtype: shape.dtype, flops, operand_bytes: 0, activation_bytes: bytes } as const;
  return views > 0 ? { ...kernel, launches, views } : { ...kernel, launches };
}

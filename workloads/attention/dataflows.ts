import type { SpatialArray } from '../../sim/types/index.ts';

/**
 * Two ways to run attention on a two-dimensional array of processing elements with a row of lanes beside it and a
 * buffer in front of DRAM. Both are counted in array cycles per score (a score is one element of Q·Kᵀ) and in bytes.
 * @module
 */

/** Attention of one layer: all sequences and heads, queries and keys of the same length. */
export interface AttentionShape {
  /** Sequences × heads. */
  readonly instances: number;
  readonly sequence: number;
  /** Width of a query or key, and of a value. */
  readonly key_width: number;
  readonly value_width: number;
  readonly element_bytes: number;
}

/** The machine the attention runs on. */
export interface AttentionArrays {
  readonly grid: SpatialArray;
  readonly lanes: SpatialArray;
  readonly buffer_bytes: number;
}

/** What a dataflow costs. Operations are per layer, all instances. */
export interface DataflowCost {
  /** Seconds in which the grid and the lanes are busy, and the time both take together, DRAM apart. */
  readonly grid_s: number;
  readonly lanes_s: number;
  readonly compute_s: number;
  readonly dram_bytes: number;
  readonly multiply_adds: number;
  readonly adds: number;
  readonly exponents: number;
  readonly divisions: number;
  readonly scores: number;
}

const peCount = ({ rows, columns }: SpatialArray): number => rows * columns;

/** Scores, and the seconds the grid and the lanes take for one operation on each of them. */
function scoreTimes({ instances, sequence }: AttentionShape, { grid, lanes }: AttentionArrays) {
  const scores = instances * sequence * sequence;
  return {
    scores,
    grid_s: scores / (peCount(grid) * grid.clock_hz),
    lanes_s: scores / (peCount(lanes) * lanes.clock_hz),
  };
}

const bytesOf = ({ instances, sequence, element_bytes }: AttentionShape, width: number): number =>
  instances * sequence * width * element_bytes;

/** Multiply-adds of the polynomial that stands for an exponential on the grid, and the addition that ends it. */
const EXPONENT = { multiply_adds: 6, adds: 1 } as const;

/**
 * One pass over K and V (FuseMax, MICRO 2024): scores never leave the array. In units of one operation on every score:
 * the grid takes E for Q·Kᵀ and one for the running maximum, while the lanes rescale what the last tile left (one for the
 * denominator, F for the numerators) and at the end divide the outputs; then one for the correction of the maximum,
 * eight for the exponential (six multiply-adds, an addition, and its sum), and F for the values. K and V are read once
 * per block of queries whose rows, outputs and two statistics fit the buffer beside a tile of each. Null when not even
 * one tile of queries fits.
 */
export function onePass(shape: AttentionShape, arrays: AttentionArrays): DataflowCost | null {
  const { key_width: e, value_width: f, element_bytes } = shape;
  const { scores, grid_s: unit } = scoreTimes(shape, arrays);
  const outputs = shape.instances * shape.sequence * f;
  const exponential = EXPONENT.multiply_adds + EXPONENT.adds + 1;
  const divide_s = outputs / (peCount(arrays.lanes) * arrays.lanes.clock_hz);
  const blocks = queryBlocks(shape, arrays, (e + f + 2) * element_bytes);
  if (blocks === null) return null;
  const once = bytesOf(shape, e) + bytesOf(shape, f);
  return {
    grid_s: (e + 1 + exponential + f) * unit,
    lanes_s: (1 + f + 1 + exponential + f) * unit + divide_s,
    compute_s: Math.max((e + 1) * unit, (1 + f) * unit + divide_s) + (1 + exponential + f) * unit,
    dram_bytes: once + blocks * once,
    multiply_adds: scores * (e + f + EXPONENT.multiply_adds),
    adds: scores * (3 + EXPONENT.adds),
    exponents: 0,
    divisions: outputs,
    scores,
  };
}

/** The fewest equal blocks of whole tiles of queries that fit the buffer beside a tile of keys and one of values. */
function queryBlocks(shape: AttentionShape, { grid, buffer_bytes }: AttentionArrays, rowBytes: number): number | null {
  const tiles = Math.max(1, Math.floor(shape.sequence / grid.rows));
  const room = buffer_bytes - grid.rows * (shape.key_width + shape.value_width) * shape.element_bytes;
  for (let blocks = 1; blocks <= tiles; blocks++) {
    if (tiles % blocks === 0 && (shape.sequence / blocks) * rowBytes <= room) return blocks;
  }
  return null;
}

/** Operations that the lanes do for every score of a softmax over whole rows: maximum, exponential, sum, quotient. */
const SOFTMAX_OPERATIONS = 4;
/** Passes over a score that found no room on chip, and over all of them when they live in DRAM (one write or read each). */
const SPILLED_PASSES = 7;
const DRAM_PASSES = 4;
/** Queries that share one reading of K and V when the scores live in DRAM: four tiles. */
const DRAM_QUERY_TILES = 4;
/** What is on chip is held twice, so that one part fills while the other is used. */
const DOUBLE_BUFFER = 2;

/** Which rows and operands a mapping holds on chip: rows of scores at once, and operands whole beside them. */
export interface RowMapping {
  readonly rows: number;
  readonly kept: readonly ('query' | 'key' | 'value')[];
}

/**
 * Whole rows of scores on chip (FLAT, ASPLOS 2023): the lanes do the softmax between the two products, which the grid
 * does meanwhile. Under a given mapping its rows are on chip. Without one, of two mappings that with less DRAM traffic:
 * a tile of rows on chip and nothing beside it; or all scores in DRAM, K and V read once per four tiles of queries.
 */
export function rowWise(shape: AttentionShape, arrays: AttentionArrays, mapping?: RowMapping): DataflowCost {
  const { sequence, key_width: e, value_width: f, element_bytes } = shape;
  const { scores, grid_s: unit, lanes_s: lane } = scoreTimes(shape, arrays);
  const [q, k, v, out] = [bytesOf(shape, e), bytesOf(shape, e), bytesOf(shape, f), bytesOf(shape, f)];
  const tiles = Math.ceil(sequence / Math.min(arrays.grid.rows, sequence));
  const onChip = rowsOnChip(shape, arrays, mapping ?? { rows: arrays.grid.rows, kept: [] });
  const inDram = DRAM_PASSES * scores * element_bytes + Math.ceil(tiles / DRAM_QUERY_TILES) * (k + v) + q + out;
  return {
    grid_s: (e + f) * unit,
    lanes_s: SOFTMAX_OPERATIONS * lane,
    compute_s: Math.max((e + f) * unit, SOFTMAX_OPERATIONS * lane),
    dram_bytes: mapping === undefined ? Math.min(onChip, inDram) : onChip,
    multiply_adds: scores * (e + f),
    adds: scores * 3,
    exponents: scores,
    divisions: scores,
    scores,
  };
}

/**
 * DRAM bytes with rows of scores on chip. Operands are read once per tile of queries, or once where they are kept; the
 * share of all this that finds no room moves every time it is used.
 */
function rowsOnChip(shape: AttentionShape, arrays: AttentionArrays, { rows, kept }: RowMapping): number {
  const { sequence, key_width: e, value_width: f, element_bytes } = shape;
  const tile = Math.min(arrays.grid.rows, sequence);
  const tiles = Math.ceil(sequence / tile);
  const resident = Math.min(rows, sequence);
  const operands = [
    { width: e, whole: resident, kept: kept.includes('query') },
    { width: e, whole: sequence, kept: kept.includes('key') },
    { width: f, whole: sequence, kept: kept.includes('value') },
  ];
  const held = operands.reduce((sum, { width, whole, kept: is }) => sum + (is ? whole : tile) * width, tile * f);
  const needed = (resident * sequence + DOUBLE_BUFFER * held) * element_bytes;
  const spilled = Math.max(0, 1 - arrays.buffer_bytes / needed);
  const reads = operands.reduce(
    (sum, { width, kept: is }) => sum + bytesOf(shape, width) * (is ? 1 + (tiles - 1) * spilled : tiles),
    0,
  );
  const scoreBytes = shape.instances * sequence * sequence * element_bytes;
  return reads + bytesOf(shape, f) + SPILLED_PASSES * spilled * scoreBytes;
}

import { expect, test } from 'vitest';
import type { Machine } from '../../sim/types/index.ts';
import { type AttentionShape, onePass, type RowMapping, rowWise } from './dataflows.ts';
import { runAttention } from './index.ts';

/** A 4 × 4 grid beside 4 lanes, one operation a second each, so that seconds count operations. */
const arrays = {
  grid: { id: 'grid', rows: 4, columns: 4, clock_hz: 1 },
  lanes: { id: 'lanes', rows: 1, columns: 4, clock_hz: 1 },
  buffer_bytes: 1e6,
};
const shape: AttentionShape = { instances: 1, sequence: 16, key_width: 8, value_width: 8, element_bytes: 2 };
/** Seconds of one operation on each of the 256 scores of the grid. */
const UNIT = 256 / 16;

test('one pass: equal widths leave the lanes in front by the divisions of the outputs', () => {
  const cost = onePass(shape, arrays)!;
  const divisions = (16 * 8) / 4;
  expect(cost.grid_s).toBe((8 + 1 + 8 + 8) * UNIT);
  expect(cost.compute_s).toBe((9 + 1 + 8 + 8) * UNIT + divisions);
  expect(cost.lanes_s).toBe(cost.compute_s);
});

test('one pass: wide keys hide what the lanes rescale, wide values do not', () => {
  const keys = onePass({ ...shape, key_width: 64 }, arrays)!;
  expect(keys.compute_s).toBe((65 + 1 + 8 + 8) * UNIT);
  const values = onePass({ ...shape, value_width: 64 }, arrays)!;
  expect(values.compute_s).toBe((65 + 1 + 8 + 64) * UNIT + (16 * 64) / 4);
});

test('one pass: K and V are read once for every block of queries that fits beside a tile of them', () => {
  const once = 2 * 16 * 8 * 2;
  const row = (8 + 8 + 2) * 2;
  const tile = 4 * 16 * 2;
  const bytes = (buffer: number) => onePass(shape, { ...arrays, buffer_bytes: buffer })?.dram_bytes;
  expect(bytes(16 * row + tile)).toBe(2 * once);
  expect(bytes(16 * row + tile - 1)).toBe(3 * once);
  expect(bytes(4 * row + tile)).toBe(5 * once);
  expect(bytes(4 * row + tile - 1)).toBeUndefined();
});

test('row-wise: four operations a score on the lanes hide the two products of narrow heads', () => {
  const cost = rowWise(shape, arrays);
  expect(cost.grid_s).toBe(16 * UNIT);
  expect(cost.compute_s).toBe(Math.max(16 * UNIT, (4 * 256) / 4));
  expect(rowWise({ ...shape, key_width: 64 }, arrays).compute_s).toBe((64 + 8) * UNIT);
});

test('row-wise: where scores do not fit, whichever mapping moves less is taken', () => {
  const narrow = { ...shape, key_width: 4, value_width: 4 };
  const tensor = 16 * 4 * 2;
  // On chip: four tiles stream Q, K and V, and the outputs leave once.
  expect(rowWise(narrow, arrays).dram_bytes).toBe(4 * 3 * tensor + tensor);
  // In DRAM: four passes over the scores, everything else once.
  expect(rowWise(narrow, { ...arrays, buffer_bytes: 64 }).dram_bytes).toBe(4 * 256 * 2 + 4 * tensor);
});

test('row-wise under a mapping: what is kept is read once, and what finds no room moves with every use', () => {
  const tensor = 16 * 8 * 2;
  const bytes = (mapping: RowMapping, buffer = 1e9) =>
    rowWise(shape, { ...arrays, buffer_bytes: buffer }, mapping).dram_bytes;
  // Four tiles of queries: Q, K and V once each tile, the outputs once.
  expect(bytes({ rows: 16, kept: [] })).toBe((4 * 3 + 1) * tensor);
  expect(bytes({ rows: 16, kept: ['key'] })).toBe((4 * 2 + 1 + 1) * tensor);
  expect(bytes({ rows: 4, kept: ['query', 'value'] })).toBe((4 + 1 + 1 + 1) * tensor);
  // All scores, and K whole beside a tile of Q, V and the output, all but the scores twice; half of it has room.
  const needed = (16 * 16 + 2 * (16 + 3 * 4) * 8) * 2;
  const scores = 16 * 16 * 2;
  expect(bytes({ rows: 16, kept: ['key'] }, needed / 2)).toBe((4 * 2 + 1 + 1 + 3 / 2) * tensor + (7 / 2) * scores);
});

test.each([
  ['mapping', 'one-pass', { mapping: { rows: 4, kept: [] } }],
  ['value_width', 'fused', { value_width: 4 }],
  ['backward', 'row-wise', { backward: true }],
] as const)('%s has no effect with %s and is refused', (field, dataflow, given) => {
  const fields = {
    kind: 'attention',
    dataflow,
    batch: 1,
    heads: 1,
    sequence: 16,
    key_width: 8,
    element_bits: 16,
  } as const;
  expect(() => runAttention({ ...fields, ...given } as never, {} as Machine)).toThrow(
    `workload.${field} has no effect with the dataflow ${dataflow}`,
  );
});

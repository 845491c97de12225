import type { KernelPart } from '../../sim/types/index.ts';
import { COMPUTE_BYTES } from '../models/model.ts';
import type { WeightShape } from '../models/weights.ts';
import { matmulFlops } from './flops.ts';
import { normalise } from './norm.ts';
import { rowsBytes, type Setting, type Step } from './setting.ts';
import { Walk, type Work } from './walk.ts';

/**
 * Layers of hashed tables in place of matrix products (MemoryFormer, Ding et al., arXiv:2411.12992, section 2).
 * @module
 */

/** Share of a table's rows that `tokens` tokens reach, each one row, evenly and independently. */
export const reachedShare = (table_rows: number, tokens: number): number => 1 - (1 - 1 / table_rows) ** tokens;

/**
 * One memory layer: the sign of every piece picks a row of its table, rows are scaled and added. A token costs a
 * multiply-add for each element of the rows it picks; rows are read where some token picks them.
 */
export function lookUp(
  walk: Walk,
  { model, batch }: Setting,
  { tokens }: Pick<Step, 'tokens'>,
  layer: {
    readonly part: KernelPart;
    readonly weight: WeightShape;
    readonly from: string;
    readonly to: string;
    readonly frees?: readonly string[];
  },
): void {
  const [rows = 0, width = 0] = layer.weight.shape;
  const { count = 1 } = model.tables ?? {};
  const many = batch * tokens;
  const reached = reachedShare(layer.weight.table_rows ?? rows, many);
  walk.run({
    part: layer.part,
    name: 'lookup',
    reads: [layer.from],
    makes: { [layer.to]: many * width * COMPUTE_BYTES },
    flops: matmulFlops(many, width, count),
    operand_bytes: rows * reached * width * COMPUTE_BYTES,
    ...(layer.frees && { frees: layer.frees }),
    launches: 2,
  });
}

/** The memory block in place of the feed-forward network: two memory layers, each behind a norm, and the residual. */
export function memoryBlockWork(setting: Setting, step: Step, weights: readonly WeightShape[]): Work {
  const part = 'mlp';
  const { model } = setting;
  const walk = new Walk(model.dtype, rowsBytes(setting, step, model.hidden));
  const weight = (name: string): WeightShape => weights.find((candidate) => candidate.name === name)!;
  normalise(walk, setting, step, part, 'input', 'hidden');
  lookUp(walk, setting, step, { part, weight: weight('w_i'), from: 'hidden', to: 'inner', frees: ['hidden'] });
  walk.run({ part, name: 'pointwise', updates: ['inner'] });
  lookUp(walk, setting, step, { part, weight: weight('w_o'), from: 'inner', to: 'output', frees: ['inner'] });
  walk.run({ part, name: 'pointwise', updates: ['output'], reads: ['input'] });
  return walk.work();
}

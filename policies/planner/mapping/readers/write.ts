import { writeCsvPlan } from './csv.ts';
import type { ReadProblem } from './read.ts';

/** The problem with the offsets of a plan, in the format it was read from. */
export function writePlan(problem: ReadProblem, text: string, offsets: ArrayLike<number>): string {
  if (problem.columns !== undefined) return writeCsvPlan(text, offsets);
  const { buffers, capacity_bytes } = problem;
  const placed = buffers.map((buffer, i) => ({ ...buffer, fixed_offset_bytes: offsets[i]! }));
  return `${JSON.stringify({ ...(capacity_bytes === undefined ? {} : { capacity_bytes }), buffers: placed }, null, 1)}\n`;
}

import { copyRate, type LevelProgram, memoryAt, opTimeIn, slowestOf } from './program.ts';

/**
 * Seconds that no plan goes below: every op at its pace in the fastest memory; and what must cross the slowest, inputs
 * that are read at all once and outputs once, at the larger of its rate and that of copies, which never run at once.
 */
export function leastSeconds(program: LevelProgram): number {
  const { levels, ops, buffers } = program;
  const fast = ops.reduce((sum, op) => sum + opTimeIn(program, op, 0), 0);
  const read = new Set(ops.flatMap(({ reads }) => reads));
  const made = new Set(ops.flatMap(({ writes }) => writes));
  const crossing = buffers.reduce((sum, { bytes, input, output }, b) => {
    return sum + (input && read.has(b) && !made.has(b) ? bytes : 0) + (output && made.has(b) ? bytes : 0);
  }, 0);
  const slowest = slowestOf(levels);
  const rate = Math.max(memoryAt(levels, slowest).bytes_per_s, copyRate(levels, slowest));
  return Math.max(fast, crossing / rate);
}

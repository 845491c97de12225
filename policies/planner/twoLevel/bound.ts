import { opTimeIn, type TwoLevelProgram } from './program.ts';

/**
 * Seconds that no plan goes below: every op at its pace in the fast memory; and what must cross the slow memory, inputs
 * that are read at all once and outputs once, at the larger of its rate and that of copies, which never run at once.
 */
export function leastSeconds(program: TwoLevelProgram): number {
  const { levels, ops, buffers } = program;
  const fast = ops.reduce((sum, op) => sum + opTimeIn(program, op, 'fast'), 0);
  const read = new Set(ops.flatMap(({ reads }) => reads));
  const made = new Set(ops.flatMap(({ writes }) => writes));
  const crossing = buffers.reduce((sum, { bytes, input, output }, b) => {
    return sum + (input && read.has(b) && !made.has(b) ? bytes : 0) + (output && made.has(b) ? bytes : 0);
  }, 0);
  return Math.max(fast, crossing / Math.max(levels.slow_bytes_per_s, levels.copy_bytes_per_s ?? 0));
}

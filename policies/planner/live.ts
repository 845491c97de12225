import type { Schedule } from '../schedule/schedule.ts';

/** Bytes of buffers that are live at each step. */
export function liveBytes({ steps, buffers }: Schedule): number[] {
  const change = new Array<number>(steps.length + 1).fill(0);
  for (const { first, last, bytes } of buffers) {
    change[first]! += bytes;
    change[last + 1]! -= bytes;
  }
  let live = 0;
  return steps.map((_, i) => {
    live += change[i]!;
    return live;
  });
}

export const largest = (values: readonly number[]): number => values.reduce((max, value) => Math.max(max, value), 0);

import { describe, expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { planOf } from '../../policies/activations/part.ts';
import { stepRequests } from '../../sim/training/requests.ts';
import { plansOf, step, trainingOf } from './step.ts';

/** Are addresses planned by layers as low as they can be, and lower than what an allocator takes online? */

const shape = { layers: 12, hidden: 4096, heads: 32 };
const long = {
  shape,
  seq: 65_536,
  batch: 1,
  microbatch: 1,
  sequence_parallel: true,
  attention_kernel: 'flash',
} as const;

/** Most bytes that are asked for at once. */
function livePeak({ requests, lasting_bytes }: ReturnType<typeof stepRequests>): number {
  const events = requests.flatMap(({ bytes, from, to }) => [
    { time: from, bytes },
    { time: to, bytes: -bytes },
  ]);
  events.sort((a, b) => a.time - b.time);
  let [live, peak] = [0, 0];
  for (const { bytes } of events) {
    live += bytes;
    peak = Math.max(peak, live);
  }
  return peak + lasting_bytes;
}

describe.each([32_768, 65_536, 131_072])('%i tokens swapped token by token', (seq) => {
  const fields = { ...long, seq, allocator: { kind: 'caching' as const } };
  const metrics = step(fields, { activations: { kind: 'token-swap', fraction: 0.5 } });
  const planned = metrics['memory.gpu.planned_peak_bytes']!;

  test('no plan is below what lives at once, and two levels lose little', () => {
    const { training } = trainingOf(fields);
    const plans = plansOf({ activations: { kind: 'token-swap', fraction: 0.5 } }, loadMachine('selene'), training);
    const least = livePeak(stepRequests(plans, 0));
    expect(planned).toBeGreaterThanOrEqual(least);
    expect(planned).toBeLessThan(1.03 * least);
  });

  test('the plan takes less than the caching allocator reserves', () => {
    expect(planned).toBeLessThan(metrics['memory.gpu.reserved_peak_bytes']!);
  });
});

test('moved activations pass through as many buffers as are named, each of a layer', () => {
  const { training } = trainingOf(long);
  const moved = planOf('moved', {
    saved: Object.fromEntries(
      training.layer.ops.flatMap(({ saves }) => saves.map(({ name }) => [name, { keep: 0, host: 1 }])),
    ),
    buffers: 3,
    stay_layers: 3,
  });
  const { optimizer } = plansOf({}, loadMachine('selene'), training);
  const layer = training.layer.ops.flatMap(({ saves }) => saves).reduce((sum, { bytes }) => sum + bytes, 0);
  const { requests } = stepRequests({ training, activations: moved, optimizer }, 0);
  const buffers = requests.filter(({ bytes, span }) => span === -1 && bytes === layer);
  // Each layer takes one in forward; nine are fetched into one again.
  expect(buffers).toHaveLength(12 + 9);
  const at = (time: number): number => buffers.filter(({ from, to }) => from <= time && time < to).length;
  expect(Math.max(...buffers.map(({ from }) => at(from)))).toBe(3);
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { EvictionOrder } from '../../sim/training/dtr/heuristics.ts';
import { replayDtr } from '../../sim/training/dtr/runtime.ts';
import { readDtrLog } from '../../workloads/importers/dtr-log/read.ts';

/**
 * Does online recomputation evict what the simulator of the DTR prototype evicts (uwsampl/dtr-prototype eff53cc4, simrd,
 * RuntimeV2EagerOptimized)? The log is a made-up step with views, copies, in-place updates and ops of two outputs; the numbers
 * are what that simulator did with it.
 */
const file = new URL('dtr.log', import.meta.url);
const trace = readDtrLog(readFileSync(file, 'utf8'), 'dtr.log');

const PEER: readonly [budget: number, order: EvictionOrder, again_ns: number, peak: number, evicted: number[]][] = [
  [462, 'union-find', 106, 462, [9, 6, 5, 13]],
  [462, 'exact', 106, 462, [9, 6, 5, 13]],
  [462, 'local', 106, 462, [9, 6, 5, 13]],
  [462, 'lru', 260, 459, [5, 6, 7, 4, 8]],
  [346, 'union-find', 243, 346, [9, 6, 5, 13, 4, 14, 12]],
  [346, 'exact', 243, 346, [9, 6, 5, 13, 4, 14, 12]],
  [346, 'local', 200, 346, [9, 6, 5, 13, 12, 4]],
  [346, 'lru', 495, 344, [5, 6, 7, 4, 8, 9, 12, 10, 13, 14, 10, 9, 4]],
  [260, 'union-find', 872, 260, [6, 9, 5, 4, 8, 13, 14, 12, 15, 13, 7, 5, 8, 9, 12, 5]],
  [260, 'exact', 833, 260, [6, 9, 5, 4, 8, 13, 14, 12, 15, 13, 12, 5, 8, 9, 5]],
  [260, 'local', 771, 260, [6, 9, 5, 4, 8, 13, 12, 14, 15, 13, 12, 12, 6, 5, 9, 6]],
];

/** Storages that left when their last reference went, which is the same under every budget. */
const EAGER = 28;

test.each(PEER)('%i bytes, %s', (budget_bytes, order, again_ns, peak_bytes, evicted) => {
  const run = replayDtr(trace, { memory: 'gpu', budget_bytes, order });
  expect(run.evicted).toEqual(evicted);
  expect(run.left.length - evicted.length).toBe(EAGER);
  expect([run.again_ns, run.peak_bytes]).toEqual([again_ns, peak_bytes]);
});

/// <reference path="../sim/kernel/alea.d.ts" />
/**
 * The two-level policies on a suite of programs: seconds of the program under each, and how the searches compare with
 * XLA's greedy. `node out/bench/bench/twoLevel.js`
 */

import { TwoLevelGame } from '../policies/planner/twoLevel/plan.ts';
import { allSlow, beam, bestOf, mcts, orderSearch, xlaGreedy } from '../policies/planner/twoLevel/policies.ts';
import type { Levels, TwoLevelProgram } from '../policies/planner/twoLevel/program.ts';
import { bilinearMatmul, randomGraph, residualCnn, transformer } from '../policies/planner/twoLevel/samples.ts';
import { randomStreams } from '../sim/kernel/random.ts';

/** Made-up levels: an on-chip memory of ten times the rate of the one behind it. */
const levels = (fast_bytes: number): Levels => ({
  fast_bytes,
  fast_bytes_per_s: 1e12,
  slow_bytes_per_s: 1e11,
  flop_per_s: 2e13,
});
const random = randomStreams(1).stream('suite');
const SUITE: readonly (readonly [string, TwoLevelProgram])[] = [
  ...[1, 2, 4, 8].map((mib) => [`transformer, ${mib} MiB`, transformer(levels(mib * 2 ** 20), 2, 512, 128)] as const),
  ...[1, 2, 4].map((mib) => [`decode, ${mib} MiB`, transformer(levels(mib * 2 ** 20), 3, 256, 8)] as const),
  ...[0.5, 1, 2, 4].map((mib) => [`residual CNN, ${mib} MiB`, residualCnn(levels(mib * 2 ** 20), 6, 56, 64)] as const),
  ...[1, 2, 3].map(
    (mib) => [`bilinear matmul, ${mib} MiB`, bilinearMatmul(levels(mib * 2 ** 20), 256, 4, 7, random)] as const,
  ),
  ...[100, 200, 400].map((kib) => [`random, ${kib} KiB`, randomGraph(levels(kib * 1024), 30, random)] as const),
];

const rows = SUITE.map(([name, program]) => {
  const game = new TwoLevelGame(program);
  const stream = randomStreams(2).stream(name);
  const greedy = xlaGreedy(game).elapsed_s;
  return {
    name,
    ops: program.ops.length,
    all_slow_s: allSlow(game).elapsed_s,
    greedy_s: greedy,
    orders_s: orderSearch(game, 200, stream).elapsed_s,
    beam_s: beam(game, 4).elapsed_s,
    mcts_s: mcts(game, 200, stream).elapsed_s,
    best_s: bestOf(game, stream).elapsed_s,
  };
});
const faster = (row: (typeof rows)[number]): number => row.greedy_s / row.best_s - 1;
for (const row of rows) {
  const us = (seconds: number): string => (seconds * 1e6).toFixed(1).padStart(9);
  const times = [row.all_slow_s, row.greedy_s, row.orders_s, row.beam_s, row.mcts_s, row.best_s].map(us).join(' ');
  console.error(`${row.name.padEnd(26)} ${times} us  ${(faster(row) * 100).toFixed(2).padStart(6)} %`);
}
const above = rows.filter((row) => faster(row) >= 0.01).length;
console.log(JSON.stringify({ programs: rows.length, at_least_1_percent_faster: above, rows }, null, 2));

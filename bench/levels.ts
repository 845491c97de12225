/// <reference path="../sim/kernel/alea.d.ts" />
/**
 * The two-level searches on a suite of programs made by rule: seconds of the program under each, and how the best compares
 * with XLA's greedy and with what no plan can beat. `node out/bench/bench/levels.js`
 *
 * Every program meets fast memories of an eighth, a quarter and a half of its most bytes live at once.
 */

import { leastSeconds } from '../policies/planner/levels/bound.ts';
import { xlaGreedy } from '../policies/planner/levels/greedy.ts';
import { pairOf } from '../policies/planner/levels/levelled.ts';
import { LevelGame } from '../policies/planner/levels/plan.ts';
import { allSlow, finish } from '../policies/planner/levels/played.ts';
import { SEARCHES } from '../policies/planner/levels/searches.ts';
import { randomStreams } from '../sim/kernel/random.ts';
import type { MappingProgram } from '../sim/types/index.ts';
import { readAnyModel } from '../workloads/load.ts';
import { mappingProgram } from '../workloads/mapping/index.ts';

/** Made-up levels: an on-chip memory of ten times the rate of the one behind it. */
const LEVELS = { fast_bytes_per_s: 1e12, slow_bytes_per_s: 1e11, flop_per_s: 2e13 };
const SHARES = [1 / 8, 1 / 4, 1 / 2] as const;
/** A win counts from this share of the greedy's time. */
const MARGIN = 0.01;

const PROGRAMS: readonly { readonly program: string; readonly size?: number; readonly width?: number }[] = [
  { program: 'transformer' },
  { program: 'transformer', size: 4, width: 256 },
  { program: 'decoder' },
  { program: 'residual-cnn' },
  { program: 'residual-cnn', size: 10, width: 32 },
  { program: 'strassen' },
  { program: 'strassen', size: 2, width: 128 },
  { program: 'random' },
  { program: 'random', size: 60 },
  { program: 'planted' },
  { program: 'mcunet-in3' },
  { program: 'mobilenet_v2_1.0_224' },
];

/** Most bytes in use at once, each buffer from its first op to its last. */
function livePeak({ buffers, ops }: MappingProgram): number {
  const change = new Float64Array(ops.length + 1);
  buffers.forEach(({ bytes }, b) => {
    const uses = ops.flatMap(({ reads, writes }, i) => (reads.includes(b) || writes.includes(b) ? [i] : []));
    if (uses.length === 0) return;
    change[uses[0]!]! += bytes;
    change[uses.at(-1)! + 1]! -= bytes;
  });
  let live = 0;
  return change.reduce((most, bytes) => {
    live += bytes;
    return Math.max(most, live);
  }, 0);
}

const noText = (): never => {
  throw new Error('the suite reads no files');
};

const rows = PROGRAMS.flatMap((fields) => {
  const program = mappingProgram(fields, readAnyModel, noText, 1);
  return SHARES.map((share) => {
    const levels = pairOf({ ...LEVELS, fast_bytes: Math.floor(livePeak(program) * share) });
    const game = new LevelGame({ ...program, levels });
    const name = `${fields.program} ${fields.size ?? ''}/${1 / share}`;
    const best = finish(SEARCHES.find(({ id }) => id === 'best')!.play(game, randomStreams(2).stream(name), 1))!;
    const row = {
      name,
      ops: program.ops.length,
      all_slow_s: allSlow(game).score,
      greedy_s: xlaGreedy(game).score,
      best_s: best.score,
      bound_s: leastSeconds(game.program),
    };
    const us = (seconds: number): string => (seconds * 1e6).toFixed(1).padStart(9);
    const times = [row.all_slow_s, row.greedy_s, row.best_s, row.bound_s].map(us).join(' ');
    console.error(
      `${name.padEnd(26)} ${times} us  ${((row.greedy_s / row.best_s - 1) * 100).toFixed(2).padStart(6)} %`,
    );
    return row;
  });
});
const count = (test: (row: (typeof rows)[number]) => boolean): number => rows.filter(test).length;
const summary = {
  programs: rows.length,
  faster_by_1_percent: count((row) => row.greedy_s / row.best_s - 1 >= MARGIN),
  slower_than_greedy: count((row) => row.best_s > row.greedy_s),
  greedy_within_1_percent_of_the_bound: count((row) => row.greedy_s / row.bound_s - 1 < MARGIN),
};
console.log(JSON.stringify({ ...summary, rows }, null, 2));

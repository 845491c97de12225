import { createInterface } from 'node:readline';
import { loadMachine } from '../hardware/load.ts';
import { readTextFile } from '../input/files.ts';
import { levelsOf } from '../policies/planner/twoLevel/levels.ts';
import { TwoLevelGame } from '../policies/planner/twoLevel/plan.ts';
import { PlaySession } from '../policies/planner/twoLevel/play.ts';
import {
  allSlow,
  beam,
  bestOf,
  exact,
  mcts,
  orderSearch,
  type Played,
  xlaGreedy,
} from '../policies/planner/twoLevel/policies.ts';
import { readProgram } from '../policies/planner/twoLevel/readProgram.ts';
import { stableJson } from '../reports/json.ts';
import { randomStreams } from '../sim/kernel/random.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

export interface LevelOptions {
  readonly machine?: string;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Nodes after which the exact policy is left out. */
const EXACT_NODES = 20_000;

function gameOf(file: string, options: LevelOptions): TwoLevelGame {
  const levels = options.machine === undefined ? undefined : levelsOf(loadMachine(options.machine));
  return new TwoLevelGame(readProgram(readTextFile(file), file === '-' ? 'standard input' : file, levels));
}

/** Places a program's buffers in two memories under every policy and prints the best plan. */
export async function mapLevels(terminal: Terminal, file: string, options: LevelOptions): Promise<ExitCode> {
  const game = gameOf(file, options);
  const random = (name: string) => randomStreams(options.seed ?? 0).stream(`planner.${name}`);
  const policies: [string, Played | null][] = [
    ['all-slow', allSlow(game)],
    ['xla-greedy', xlaGreedy(game)],
    ['order-search', orderSearch(game, 200, random('orders'))],
    ['beam', beam(game, 4)],
    ['mcts', mcts(game, 200, random('mcts'))],
    ['best', bestOf(game, random('best'))],
    ['exact', exact(game, EXACT_NODES)],
  ];
  const ran = policies.flatMap(([id, played]) => (played ? [{ id, ...played }] : []));
  const best = ran.reduce((a, b) => (b.elapsed_s < a.elapsed_s ? b : a));
  const { accesses, program } = game;
  const plan = accesses.map(({ op, buffer, write }, k) => ({
    op: program.ops[op]!.name,
    buffer: program.buffers[buffer]!.id,
    write,
    ...(best.plan.actions[k] ?? { do: 'drop' }),
  }));
  const fast = best.plan.residences.map(({ buffer, from, to, at }) => ({
    buffer: program.buffers[buffer]!.id,
    from,
    to,
    offset_bytes: at,
  }));
  const elapsed = ran.map(({ id, elapsed_s }) => ({ id, elapsed_s }));
  const document = {
    schema: 'tierflow/two-level/1',
    policies: elapsed,
    best: best.id,
    elapsed_s: best.elapsed_s,
    plan,
    fast,
  };
  if (options.json) terminal.print(stableJson(document));
  else {
    const slow = ran[0]!.elapsed_s;
    for (const { id, elapsed_s } of elapsed) {
      terminal.print(`${id.padEnd(13)} ${elapsed_s.toPrecision(6)} s  ${(slow / elapsed_s).toFixed(3)} x all-slow\n`);
    }
  }
  return EXIT.ok;
}

/** Plays the mapping game over standard input and output, one JSON document a line. */
export async function playLevels(terminal: Terminal, file: string, options: LevelOptions): Promise<ExitCode> {
  const session = new PlaySession(gameOf(file, options));
  const say = (document: unknown): void => terminal.print(stableJson(document, 0));
  say({ state: session.state() });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== '') say(session.answer(line));
  }
  return EXIT.ok;
}

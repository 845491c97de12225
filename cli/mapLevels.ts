import { createInterface } from 'node:readline';
import { loadMachine } from '../hardware/load.ts';
import { readTextFile } from '../input/files.ts';
import { InputError } from '../input/index.ts';
import { leastSeconds } from '../policies/planner/levels/bound.ts';
import { levelled } from '../policies/planner/levels/levelled.ts';
import { type LevelChoice, levelsOf, withFast } from '../policies/planner/levels/levels.ts';
import { LevelGame } from '../policies/planner/levels/plan.ts';
import { PlaySession } from '../policies/planner/levels/play.ts';
import type { Played } from '../policies/planner/levels/played.ts';
import { OBJECTIVES, type Objective } from '../policies/planner/levels/schema.ts';
import { SEARCHES } from '../policies/planner/levels/searches.ts';
import { formatQuantity } from '../reports/format.ts';
import { stableJson } from '../reports/json.ts';
import { randomStreams } from '../sim/kernel/random.ts';
import { readAnyModel } from '../workloads/load.ts';
import { mappingProgram } from '../workloads/mapping/index.ts';
import { readDims } from './dims.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { bytesOf } from './mapBytes.ts';
import { Watch } from './mapWatch.ts';
import type { Terminal } from './terminal.ts';

export interface LevelOptions {
  readonly machine?: string;
  readonly seed?: number;
  readonly json?: boolean;
  readonly size?: number;
  readonly width?: number;
  readonly dim?: readonly string[];
  readonly fast?: string;
  readonly objective?: string;
  readonly levels?: LevelChoice;
  readonly timeLimit?: number;
}

/** The game of a program by its name, its model or its file. */
function gameOf(name: string, options: LevelOptions): LevelGame {
  const { size, width, objective } = options;
  if (objective !== undefined && !OBJECTIVES.includes(objective as Objective)) {
    const problem = `unknown objective ${JSON.stringify(objective)}`;
    throw new InputError({ code: 'unknown_name', problem, expected: OBJECTIVES.join(', ') });
  }
  const dims = readDims(options.dim ?? []);
  const fields = { program: name, dims, ...(size !== undefined && { size }), ...(width !== undefined && { width }) };
  const program = mappingProgram(fields, readAnyModel, (file) => readTextFile(file), options.seed ?? 0);
  const given = {
    ...(options.machine !== undefined && { levels: levelsOf(loadMachine(options.machine), options.levels) }),
    ...(objective !== undefined && { objective: objective as Objective }),
  };
  if (options.levels !== undefined && options.machine === undefined) {
    const problem = '--levels chooses memories of a machine, and none is given';
    throw new InputError({ code: 'missing_key', problem, expected: '--machine, or the memories in the file' });
  }
  const made = levelled(program, name === '-' ? 'standard input' : name, given);
  if (options.fast === undefined) return new LevelGame(made);
  const fast_bytes = bytesOf(options.fast, '--fast');
  return new LevelGame({ ...made, levels: withFast(made.levels, fast_bytes) });
}

const DIMENSIONS = { time: 's', energy: 'j', money: 'usd' } as const;

/** One search and what it found; `stopped` where the time was up or a signal came before its end. */
interface Ran extends Played {
  readonly id: string;
  readonly stopped: boolean;
}

/** Runs the searches in turn until they are done, the time is up, or a signal asks for what there is. */
async function playAll(game: LevelGame, seed: number, limit_s: number): Promise<Ran[]> {
  const watch = new Watch(limit_s).listen();
  const ran: Ran[] = [];
  try {
    for (const { id, play } of SEARCHES) {
      const playing = play(game, randomStreams(seed).stream(`planner.${id}`), 1);
      let best: Played | null = null;
      let step = playing.next();
      while (!step.done && !(await watch.over())) {
        best = step.value;
        step = playing.next();
      }
      if (step.done) best = step.value;
      if (best) ran.push({ id, ...best, stopped: !step.done });
      if (!step.done || (await watch.over())) break;
    }
    return ran;
  } finally {
    watch.end();
  }
}

/** Places a program's buffers in its memories under every search and prints the best plan. */
export async function mapLevels(terminal: Terminal, name: string, options: LevelOptions): Promise<ExitCode> {
  const game = gameOf(name, options);
  const { accesses, program } = game;
  const { memories } = program.levels;
  const ran = await playAll(game, options.seed ?? 0, options.timeLimit ?? Number.POSITIVE_INFINITY);
  const best = ran.reduce((a, b) => (b.score < a.score ? b : a));
  const elapsed_s = game.elapsed(best.plan);
  const objective = program.objective ?? 'time';
  const bound_s = leastSeconds(program);
  if (options.json) {
    const plan = accesses.map(({ op, buffer, write }, k) => ({
      op: program.ops[op]!.name,
      buffer: program.buffers[buffer]!.id,
      write,
      ...(best.plan.actions[k] ?? { do: 'drop' }),
    }));
    const several = game.fast.length > 1;
    const fast = best.plan.residences.map(({ buffer, memory, from, to, at }) => ({
      buffer: program.buffers[buffer]!.id,
      ...(several && { memory: memories[memory]!.id }),
      from,
      to,
      offset_bytes: at,
    }));
    const policies = ran.map(({ id, score, plan: made, stopped }) => ({
      id,
      elapsed_s: game.elapsed(made),
      ...(objective !== 'time' && { score }),
      ...(stopped && { stopped }),
    }));
    const schema = 'tierflow/two-level/1';
    const names = several ? { memories: memories.map(({ id }) => id) } : {};
    terminal.print(
      stableJson({ schema, objective, ...names, policies, best: best.id, elapsed_s, bound_s, plan, fast }),
    );
    return EXIT.ok;
  }
  const slow = ran[0]!.score;
  for (const { id, score, stopped } of ran) {
    const value = objective === 'time' ? `${score.toPrecision(6)} s` : formatQuantity(score, DIMENSIONS[objective]);
    const words = stopped ? '  stopped before its end' : '';
    terminal.print(`${id.padEnd(13)} ${value}  ${(slow / score).toFixed(3)} x all-slow${words}\n`);
  }
  if (objective === 'time') {
    terminal.print(`${'bound'.padEnd(13)} ${bound_s.toPrecision(6)} s\n`);
    if (slow <= bound_s) terminal.note('nothing to win: compute and launches take as long without the fast memory\n');
  }
  return EXIT.ok;
}

/** Plays the mapping game over standard input and output, one JSON document a line. */
export async function playLevels(terminal: Terminal, name: string, options: LevelOptions): Promise<ExitCode> {
  const session = new PlaySession(gameOf(name, options));
  const say = (document: unknown): void => terminal.print(stableJson(document, 0));
  say({ state: session.state() });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== '') say(session.answer(line));
  }
  return EXIT.ok;
}

import { createInterface } from 'node:readline';
import { loadMachine } from '../hardware/load.ts';
import { readTextFile } from '../input/files.ts';
import { InputError } from '../input/index.ts';
import { leastSeconds } from '../policies/planner/twoLevel/bound.ts';
import { levelled } from '../policies/planner/twoLevel/levelled.ts';
import { levelsOf } from '../policies/planner/twoLevel/levels.ts';
import { TwoLevelGame } from '../policies/planner/twoLevel/plan.ts';
import { PlaySession } from '../policies/planner/twoLevel/play.ts';
import { OBJECTIVES, type Objective } from '../policies/planner/twoLevel/schema.ts';
import { SEARCHES } from '../policies/planner/twoLevel/searches.ts';
import { formatQuantity } from '../reports/format.ts';
import { stableJson } from '../reports/json.ts';
import { randomStreams } from '../sim/kernel/random.ts';
import { readAnyModel } from '../workloads/load.ts';
import { mappingProgram } from '../workloads/mapping/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { bytesOf } from './mapBytes.ts';
import type { Terminal } from './terminal.ts';

export interface LevelOptions {
  readonly machine?: string;
  readonly seed?: number;
  readonly json?: boolean;
  readonly size?: number;
  readonly width?: number;
  readonly fast?: string;
  readonly objective?: string;
}

/** The game of a program by its name, its model or its file. */
function gameOf(name: string, options: LevelOptions): TwoLevelGame {
  const { size, width, objective } = options;
  if (objective !== undefined && !OBJECTIVES.includes(objective as Objective)) {
    const problem = `unknown objective ${JSON.stringify(objective)}`;
    throw new InputError({ code: 'unknown_name', problem, expected: OBJECTIVES.join(', ') });
  }
  const fields = { program: name, ...(size !== undefined && { size }), ...(width !== undefined && { width }) };
  const program = mappingProgram(fields, readAnyModel, (file) => readTextFile(file), options.seed ?? 0);
  const given = {
    ...(options.machine !== undefined && { levels: levelsOf(loadMachine(options.machine)) }),
    ...(objective !== undefined && { objective: objective as Objective }),
  };
  const made = levelled(program, name === '-' ? 'standard input' : name, given);
  if (options.fast === undefined) return new TwoLevelGame(made);
  const fast_bytes = bytesOf(options.fast, '--fast');
  return new TwoLevelGame({ ...made, levels: { ...made.levels, fast_bytes } });
}

const DIMENSIONS = { time: 's', energy: 'j', money: 'usd' } as const;

/** Places a program's buffers in two memories under every search and prints the best plan. */
export async function mapLevels(terminal: Terminal, name: string, options: LevelOptions): Promise<ExitCode> {
  const game = gameOf(name, options);
  const { accesses, program } = game;
  const ran = SEARCHES.flatMap(({ id, play }) => {
    const played = play(game, randomStreams(options.seed ?? 0).stream(`planner.${id}`), 1);
    return played ? [{ id, ...played, elapsed_s: game.elapsed(played.plan) }] : [];
  });
  const best = ran.reduce((a, b) => (b.score < a.score ? b : a));
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
  const objective = program.objective ?? 'time';
  const bound_s = leastSeconds(program);
  if (options.json) {
    const policies = ran.map(({ id, elapsed_s, score }) => ({ id, elapsed_s, ...(objective !== 'time' && { score }) }));
    const schema = 'tierflow/two-level/1';
    const { elapsed_s } = best;
    terminal.print(stableJson({ schema, objective, policies, best: best.id, elapsed_s, bound_s, plan, fast }));
    return EXIT.ok;
  }
  const slow = ran[0]!.score;
  for (const { id, score } of ran) {
    const value = objective === 'time' ? `${score.toPrecision(6)} s` : formatQuantity(score, DIMENSIONS[objective]);
    terminal.print(`${id.padEnd(13)} ${value}  ${(slow / score).toFixed(3)} x all-slow\n`);
  }
  if (objective === 'time') terminal.print(`${'bound'.padEnd(13)} ${bound_s.toPrecision(6)} s\n`);
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

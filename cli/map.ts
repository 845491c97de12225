import { writeFileSync } from 'node:fs';
import { readTextFile } from '../input/files.ts';
import { InputError } from '../input/index.ts';
import type { LevelChoice } from '../policies/planner/levels/levels.ts';
import { type ReadProblem, readProblem } from '../policies/planner/mapping/readers/read.ts';
import { writePlan } from '../policies/planner/mapping/readers/write.ts';
import { type MapPlan, Mapper, type SolveOptions } from '../policies/planner/mapping/solve.ts';
import { faultOf } from '../policies/planner/mapping/validate.ts';
import { runCachingAllocator } from '../policies/planner/online/cachingAllocator.ts';
import { stableJson } from '../reports/json.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { bytesOf } from './mapBytes.ts';
import { mapText, onlineText } from './mapText.ts';
import { Watch } from './mapWatch.ts';
import type { Terminal } from './terminal.ts';

export interface MapOptions {
  readonly capacity?: string;
  readonly minimize?: boolean;
  readonly timeLimit?: number;
  readonly workers?: number;
  readonly validate?: boolean;
  readonly closed?: boolean;
  readonly seed?: number;
  readonly json?: boolean;
  readonly out?: string;
  readonly svg?: string;
  readonly twoLevel?: string;
  readonly machine?: string;
  readonly play?: boolean;
  readonly size?: number;
  readonly width?: number;
  readonly fast?: string;
  readonly objective?: string;
  readonly levels?: LevelChoice;
  readonly online?: boolean;
  readonly curve?: string;
}

/** Largest file of buffers read, bytes. */
const MAX_BYTES = 1024 ** 3;
/** Seconds a search goes on where no limit is given. */
const DEFAULT_LIMIT_S = 60;
/** Gives buffers their addresses and says what is proved about them. */
export async function map(terminal: Terminal, file: string | undefined, options: MapOptions): Promise<ExitCode> {
  const { twoLevel } = options;
  if ((file === undefined) === (twoLevel === undefined) || (options.play && twoLevel === undefined)) {
    const expected = 'a file of buffers, or --two-level and a program';
    throw new InputError({ code: 'missing_key', problem: 'map needs one thing to map', expected });
  }
  if (twoLevel !== undefined) {
    const { mapLevels, playLevels } = await import('./mapLevels.ts');
    return options.play ? playLevels(terminal, twoLevel, options) : mapLevels(terminal, twoLevel, options);
  }
  return mapBuffers(terminal, file!, options);
}

async function mapBuffers(terminal: Terminal, file: string, options: MapOptions): Promise<ExitCode> {
  const text = readTextFile(file, { maxBytes: MAX_BYTES });
  const problem = readProblem(text, file === '-' ? 'standard input' : file, options.closed);
  const capacity = capacityOf(options.capacity, problem);
  const settings: SolveOptions = {
    ...(capacity === undefined ? {} : { capacity_bytes: capacity }),
    ...(options.minimize ? { minimize: true } : {}),
    ...(options.timeLimit === undefined ? {} : { time_limit_s: options.timeLimit }),
    seed: options.seed ?? 0,
  };
  const watch = new Watch(options.timeLimit ?? DEFAULT_LIMIT_S);
  const plan = await search(problem, settings, options, watch).finally(() => watch.end());
  const { elapsed_s } = watch;
  const fault = faultOf(problem.buffers, plan.offsets, plan.peak_bytes);
  if (fault !== null) throw new Error(`the plan is not valid: ${fault}`);
  if (options.validate) terminal.note('the plan is valid\n');
  const usable = plan.verdict === 'optimal' || plan.verdict === 'feasible';
  if (usable && options.out !== undefined) {
    const written = writePlan(problem, text, plan.offsets);
    if (options.out === '-') terminal.print(written);
    else writeFileSync(options.out, written);
  }
  if (options.svg !== undefined) await drawMap(options.svg, problem, plan, capacity);
  const online = options.online || options.curve !== undefined ? runCachingAllocator(problem.buffers) : undefined;
  if (online && options.curve !== undefined) {
    const { memoryCurveSvg } = await import('../reports/memoryCurve.ts');
    writeFileSync(options.curve, await memoryCurveSvg(online.curve, usable ? plan.peak_bytes : null));
  }
  if (options.json) {
    const document = mapDocument(problem, plan, capacity, elapsed_s);
    terminal.print(stableJson(online ? { ...document, online } : document));
  } else if (options.out !== '-') {
    terminal.print(mapText(problem.buffers.length, plan, capacity, elapsed_s));
    if (online) terminal.print(onlineText(online, plan));
  }
  if (plan.verdict === 'infeasible') return EXIT.infeasible;
  return usable ? EXIT.ok : EXIT.failed;
}

const capacityOf = (text: string | undefined, problem: ReadProblem): number | undefined =>
  text === undefined ? problem.capacity_bytes : bytesOf(text, '--capacity');

/** Searches here or on threads until the question is settled, the time is up, or a signal asks for what there is. */
async function search(
  problem: ReadProblem,
  settings: SolveOptions,
  options: MapOptions,
  watch: Watch,
): Promise<MapPlan> {
  if ((options.workers ?? 1) > 1) {
    const { searchInPool } = await import('./mapPool.ts');
    const limit_s = Math.max((options.timeLimit ?? DEFAULT_LIMIT_S) - watch.elapsed_s, 0);
    return searchInPool(problem.buffers, settings, { workers: options.workers!, limit_s, signal: watch.signal });
  }
  const mapper = new Mapper(problem.buffers, settings);
  while (!mapper.done && !(await watch.over())) mapper.step();
  return mapper.plan();
}

/** What `map --json` prints. */
function mapDocument(problem: ReadProblem, plan: MapPlan, capacity: number | undefined, elapsed_s: number) {
  const usable = plan.verdict === 'optimal' || plan.verdict === 'feasible';
  const { offsets } = plan;
  return {
    schema: 'tierflow/map/1',
    capacity: capacity ?? null,
    peak_bytes: plan.peak_bytes,
    lower_bound_bytes: plan.lower_bound_bytes,
    feasible: usable,
    optimal: plan.verdict === 'optimal',
    verdict: plan.verdict,
    elapsed_s,
    nodes: plan.nodes,
    offsets: usable ? Object.fromEntries(problem.buffers.map(({ id }, i) => [id, offsets[i]!])) : {},
  };
}

async function drawMap(file: string, problem: ReadProblem, plan: MapPlan, capacity: number | undefined): Promise<void> {
  const { addressMapSvg } = await import('../reports/addressMap.ts');
  const rows = problem.buffers.map(({ id, lower, upper, size_bytes }, i) => ({
    id,
    lower,
    upper,
    offset_bytes: plan.offsets[i]!,
    size_bytes,
  }));
  writeFileSync(file, await addressMapSvg(rows, capacity ?? null));
}

import { writeFileSync } from 'node:fs';
import { readTextFile } from '../input/files.ts';
import { type ReadProblem, readingProblem } from '../policies/planner/mapping/readers/read.ts';
import { writePlan } from '../policies/planner/mapping/readers/write.ts';
import { type MapPlan, Mapper, type SolveOptions } from '../policies/planner/mapping/solve.ts';
import { faultOf } from '../policies/planner/mapping/validate.ts';
import { runCachingAllocator } from '../policies/planner/online/cachingAllocator.ts';
import { stableJson } from '../reports/json.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { MapOptions } from './map.ts';
import { bytesOf } from './mapBytes.ts';
import { type MapTimes, mapText, onlineText } from './mapText.ts';
import { Watch } from './mapWatch.ts';
import type { Terminal } from './terminal.ts';

/** Largest file of buffers read, bytes. */
const MAX_BYTES = 1024 ** 3;
/** Seconds a search goes on where no limit is given. */
const DEFAULT_LIMIT_S = 60;

/** Gives buffers their addresses and says what is proved about them. */
export async function mapBuffers(terminal: Terminal, file: string, options: MapOptions): Promise<ExitCode> {
  const watch = new Watch(options.timeLimit ?? DEFAULT_LIMIT_S);
  try {
    return await mapWatched(terminal, file, options, watch);
  } finally {
    watch.end();
  }
}

async function mapWatched(terminal: Terminal, file: string, options: MapOptions, watch: Watch): Promise<ExitCode> {
  const text = readTextFile(file, { maxBytes: MAX_BYTES });
  // Not sooner: a read that waits for more would not let it in.
  watch.listen();
  const reading = readingProblem(text, file === '-' ? 'standard input' : file, options.closed);
  let read = reading.next();
  for (; !read.done; read = reading.next()) {
    if (!(await watch.halted())) continue;
    const rows = `${read.value.toLocaleString('en')} buffers`;
    terminal.note(`stopped while the buffers were read, after ${rows}: there is no plan and no bound yet\n`);
    return EXIT.interrupted;
  }
  const problem = read.value;
  const capacity = options.capacity === undefined ? problem.capacity_bytes : bytesOf(options.capacity, '--capacity');
  const settings: SolveOptions = {
    ...(capacity === undefined ? {} : { capacity_bytes: capacity }),
    ...(options.minimize ? { minimize: true } : {}),
    ...(options.timeLimit === undefined ? {} : { time_limit_s: options.timeLimit }),
    seed: options.seed ?? 0,
  };
  const read_s = watch.elapsed_s;
  const { plan, prepare_s, stopped } = await search(problem, settings, options, watch);
  const times: MapTimes = { read_s, prepare_s, elapsed_s: watch.elapsed_s, stopped };
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
    const document = mapDocument(problem, plan, capacity, times);
    terminal.print(stableJson(online ? { ...document, online } : document));
  } else if (options.out !== '-') {
    terminal.print(mapText(problem.buffers.length, plan, capacity, times));
    if (online) terminal.print(onlineText(online, plan));
  }
  if (plan.verdict === 'infeasible') return EXIT.infeasible;
  return usable ? EXIT.ok : EXIT.failed;
}

interface Searched {
  readonly plan: MapPlan;
  /** Seconds until there were a time line and a bound. */
  readonly prepare_s: number;
  readonly stopped: MapTimes['stopped'];
}

/** Searches here or on threads until the question is settled, the time is up, or a signal asks for what there is. */
async function search(
  problem: ReadProblem,
  settings: SolveOptions,
  options: MapOptions,
  watch: Watch,
): Promise<Searched> {
  const begin_s = watch.elapsed_s;
  const mapper = new Mapper(problem.buffers, settings);
  const prepare_s = watch.elapsed_s - begin_s;
  const workers = options.workers ?? 1;
  // A first plan is made whatever the time.
  if (!mapper.done) mapper.step();
  while (workers === 1 && !mapper.done && !(await watch.over())) mapper.step();
  let plan: MapPlan | undefined;
  if (workers > 1 && !mapper.done && !(await watch.over())) {
    const { searchInPool } = await import('./mapPool.ts');
    plan = await searchInPool(mapper, problem.buffers, settings, {
      workers,
      limit_s: watch.left_s,
      signal: watch.signal,
    });
  }
  const stopped = watch.signal.aborted ? 'signal' : mapper.done || watch.left_s > 0 ? null : 'time_limit';
  return { plan: plan ?? mapper.plan(), prepare_s, stopped };
}

/** What `map --json` prints. */
function mapDocument(problem: ReadProblem, plan: MapPlan, capacity: number | undefined, times: MapTimes) {
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
    ...times,
    stage: plan.stage,
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

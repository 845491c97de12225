import { join } from 'node:path';
import { InputError, parseYaml, validate } from '../input/index.ts';
import type { ChartInput } from '../reports/chart.ts';
import type { FigureSpec } from '../reports/figure.ts';
import { figureOf, writeFigure } from '../reports/files.ts';
import { filesBeside } from '../studies/load.ts';
import { makeRunner } from '../studies/run.ts';
import { figureSchema } from '../studies/schema.ts';
import type { StudyRun } from '../studies/validate.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { makeFolder } from './folder.ts';
import { resultOf } from './result.ts';
import { isResultFile, readResults } from './resultFiles.ts';
import { runStudies } from './runStudies.ts';
import type { Terminal } from './terminal.ts';

export interface PlotOptions {
  readonly figure?: readonly string[];
}

/** What a study or a result is drawn as where neither it nor a flag says. */
const DEFAULT_FIGURES: readonly FigureSpec[] = [{ kind: 'breakdown' }];

/** Writes the figures of a study, or of stored results, and prints the paths of their files. */
export async function plot(terminal: Terminal, ref: string, folder: string, options: PlotOptions): Promise<ExitCode> {
  const asked = options.figure?.map(readFigure);
  makeFolder(folder);
  if (isResultFile(ref)) {
    const inputs = readResults(ref).map((result) => ({ result }));
    for (const spec of asked ?? DEFAULT_FIGURES) printPaths(terminal, await draw(folder, spec, inputs));
    return EXIT.ok;
  }
  for (const run of await runStudies(terminal, [ref])) {
    const specs = asked ?? run.study.frame.figures ?? DEFAULT_FIGURES;
    for (const spec of specs as readonly FigureSpec[]) {
      printPaths(terminal, await drawRun(folder, spec, run, await inputsOf(run)));
    }
  }
  return EXIT.ok;
}

/** The claims of all studies in one picture a metric, drawn where several studies are. */
const OVERVIEWS: readonly FigureSpec[] = [
  { metric: 'throughput.tokens_per_s', name: 'overview-throughput', title: 'Tokens a second, all studies' },
  { metric: 'memory.gpu.peak_bytes', name: 'overview-gpu-memory', title: 'Peak memory of GPUs, all studies' },
  { metric: 'memory.sram.peak_bytes', name: 'overview-sram', title: 'Peak memory of microcontrollers, all studies' },
  { metric: 'time.step_s', name: 'overview-step-time', title: 'Step time, all studies' },
  { metric: 'time.total_s', name: 'overview-time', title: 'Time, all studies' },
].map((spec) => ({ kind: 'parity', ...spec }));

/** Writes every figure that the studies declare, in a folder a study, and one of all; says on standard error how many. */
export async function plotStudies(terminal: Terminal, runs: readonly StudyRun[], folder: string): Promise<void> {
  let count = 0;
  const all: ChartInput[] = [];
  for (const run of runs) {
    const specs = (run.study.frame.figures ?? []) as readonly FigureSpec[];
    if (run.skipped !== null) continue;
    const inputs = await inputsOf(run);
    all.push(...inputs);
    for (const spec of specs) {
      try {
        await drawRun(join(folder, run.study.name), spec, run, inputs);
        count += 1;
      } catch (error) {
        // One figure that cannot be drawn does not cost the others.
        if (!(error instanceof InputError)) throw error;
        terminal.note(`${run.study.name}: ${error.message}\n`);
      }
    }
  }
  const shown = new Set(all.flatMap(({ result }) => result.claims.map(({ metric }) => metric)));
  for (const spec of runs.length > 1 ? OVERVIEWS.filter(({ metric }) => shown.has(String(metric))) : []) {
    try {
      await draw(folder, spec, all);
      count += 1;
    } catch (error) {
      // Claims of the metric that are ranges or verdicts alone leave nothing to draw.
      if (!(error instanceof InputError)) throw error;
    }
  }
  terminal.note(`${count} figures in ${folder}\n`);
}

/** What the charts of a study read: its cases that ran. */
async function inputsOf(run: StudyRun): Promise<ChartInput[]> {
  const files = filesBeside(run.study.source.file);
  const outcomes = new Map(run.cases.map(({ resolved, outcome }) => [resolved.case, outcome] as const));
  const inputs: ChartInput[] = [];
  for (const { resolved, outcome } of run.cases) {
    if (outcome.status !== 'ran') continue;
    const result = await resultOf(resolved, outcome, files, (id) => outcomes.get(id));
    const { layout, kv_layers } = outcome;
    inputs.push({ result, machine: resolved.machine, ...(layout && { layout }), ...(kv_layers && { kv_layers }) });
  }
  return inputs;
}

/** Draws a figure; a chart that has no rows without a timeline gets one of the case it names. */
async function drawRun(
  folder: string,
  spec: FigureSpec,
  run: StudyRun,
  inputs: readonly ChartInput[],
): Promise<string[]> {
  try {
    return await draw(folder, spec, inputs);
  } catch (error) {
    const timed = error instanceof InputError ? await withTimeline(spec, run, inputs) : undefined;
    if (timed === undefined) throw error;
    return draw(folder, spec, timed);
  }
}

async function withTimeline(
  spec: FigureSpec,
  run: StudyRun,
  inputs: readonly ChartInput[],
): Promise<ChartInput[] | undefined> {
  const wanted = spec['case'] ?? inputs[0]?.result.case;
  const found = run.cases.find(({ resolved }) => resolved.case === wanted);
  if (!found) return undefined;
  const outcome = await makeRunner(filesBeside(run.study.source.file))(found.resolved, { timeline: true });
  if (outcome.status !== 'ran' || outcome.timeline === undefined) return undefined;
  const { timeline } = outcome;
  return inputs.map((input) => (input.result.case === wanted ? { ...input, timeline } : input));
}

async function draw(folder: string, spec: FigureSpec, inputs: readonly ChartInput[]): Promise<string[]> {
  return writeFigure(folder, spec.name ?? spec.kind, await figureOf(spec, inputs));
}

function printPaths(terminal: Terminal, paths: readonly string[]): void {
  terminal.print(paths.map((path) => `${path}\n`).join(''));
}

/** `--figure '{kind: pareto, x: cost.usd}'`, or a kind alone. */
function readFigure(text: string): FigureSpec {
  const source = parseYaml(text.includes(':') ? text : `{kind: ${text}}`, '--figure');
  return validate(figureSchema, source) as FigureSpec;
}

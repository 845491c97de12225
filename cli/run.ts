import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../input/errors.ts';
import { runDocument, stableJson } from '../reports/json.ts';
import type { Timeline } from '../sim/types/index.ts';
import type { Claim } from '../studies/claims.ts';
import type { Outcome } from '../studies/outcome.ts';
import { makeRunner, type RunCase } from '../studies/run.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { makeFolder } from './folder.ts';
import type { CaseOptions } from './options.ts';
import { resultOf } from './result.ts';
import { resolveSelected, type Selection, selectStudy } from './selection.ts';
import type { Terminal } from './terminal.ts';

export interface RunOptions extends CaseOptions {
  readonly out?: string;
  readonly trace?: string;
  readonly json?: boolean;
  readonly offlinePlan?: string;
}

/** Simulates one case and prints it. */
export async function run(terminal: Terminal, ref: string | undefined, options: RunOptions): Promise<ExitCode> {
  if (options.json && options.trace === '-') {
    const problem = '--json and --trace - both print a document';
    throw new InputError({ code: 'bad_value', problem, expected: 'a file for one of them' });
  }
  const selection = selectStudy(ref, options);
  const resolved = resolveSelected(selection, options.case);
  const runCase = makeRunner(selection.files);
  const outcome = await runCase(resolved, { timeline: options.trace !== undefined });
  if (outcome.status !== 'ran') {
    const { explainMisfit } = await import('./fit.ts');
    throw await explainMisfit(selection, resolved, outcome.error, runCase);
  }
  const others = await outcomesOver(selection, resolved.claims, runCase);
  const result = await resultOf(resolved, outcome, selection.files, (id) =>
    id === resolved.case ? outcome : others.get(id),
  );
  const text = stableJson(runDocument(result));
  if (options.offlinePlan !== undefined) {
    const { offlinePlan } = await import('./offlinePlan.ts');
    writeFileSync(options.offlinePlan, offlinePlan(outcome.layout));
  }
  if (options.trace !== undefined) {
    if (outcome.timeline === undefined) {
      const problem = `a workload of kind ${resolved.parts.workload.kind} has no timeline`;
      throw new InputError({ code: 'bad_value', problem, expected: 'a run without --trace' });
    }
    await putTrace(terminal, options.trace, outcome.timeline);
  }
  if (options.out !== undefined) {
    makeFolder(options.out);
    writeFileSync(join(options.out, 'result.json'), text);
  }
  if (options.json) terminal.print(text);
  else if (options.trace !== '-') {
    const { runSummary } = await import('../reports/summary.ts');
    const { wantsColor } = await import('../reports/ansi.ts');
    const color = wantsColor(terminal.env, terminal.printsToScreen);
    terminal.print(runSummary(result, { machine: resolved.machine, color, width: terminal.width }));
  }
  return EXIT.ok;
}

/** The cases that relative claims are measured against. */
async function outcomesOver(
  selection: Selection,
  claims: readonly Claim[],
  runCase: RunCase,
): Promise<Map<string, Outcome>> {
  const ids = new Set(claims.flatMap(({ over }) => (over === null ? [] : [over])));
  const outcomes = new Map<string, Outcome>();
  for (const id of ids) outcomes.set(id, await runCase(resolveSelected(selection, id)));
  return outcomes;
}

async function putTrace(terminal: Terminal, file: string, timeline: Timeline): Promise<void> {
  if (file === '-') {
    const { perfettoChunks } = await import('../reports/perfetto.ts');
    for (const chunk of perfettoChunks(timeline)) terminal.print(chunk);
    return;
  }
  const { writeTrace } = await import('../reports/files.ts');
  await writeTrace(file, timeline);
}

import { readMachineFile } from '../hardware/machine.ts';
import { dataSource, InputError } from '../input/index.ts';
import { wantsColor } from '../reports/ansi.ts';
import { stableJson } from '../reports/json.ts';
import type { StudyResult } from '../sim/types/index.ts';
import type { ResolvedCase } from '../studies/resolve.ts';
import { makeRunner } from '../studies/run.ts';
import { type Improvement, improvements, type Sensitivity, sensitivity } from '../studies/sensitivity.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { explainMisfit } from './fit.ts';
import type { CaseOptions } from './options.ts';
import { progress } from './progress.ts';
import { resultOf } from './result.ts';
import { runCases } from './runCases.ts';
import { resolveSelected, type Selection, selectStudy } from './selection.ts';
import { readShare } from './share.ts';
import type { Terminal } from './terminal.ts';

export interface ExplainOptions extends CaseOptions {
  readonly by: string;
  readonly workers?: number;
  readonly json?: boolean;
}

/** Shows where the time of a case goes, what binds it, and what a little more of each resource buys. */
export async function explain(terminal: Terminal, ref: string | undefined, options: ExplainOptions): Promise<ExitCode> {
  const by = readBy(options.by);
  const selection = selectStudy(ref, options);
  const resolved = resolveSelected(selection, options.case);
  const runCase = makeRunner(selection.files);
  const outcome = await runCase(resolved);
  if (outcome.status !== 'ran') throw await explainMisfit(selection, resolved, outcome.error, runCase);
  const result = await resultOf({ ...resolved, claims: [] }, outcome, selection.files, () => undefined);
  const rows = await sensitivities(terminal, selection, resolved, result, by, options.workers);
  if (options.json) {
    const { study, case: id, metrics } = result;
    terminal.print(stableJson({ schema: 'tierflow/explain/1', study, case: id, metrics, sensitivities: rows }));
    return EXIT.ok;
  }
  const { explainText } = await import('./explainText.ts');
  const color = wantsColor(terminal.env, terminal.printsToScreen);
  terminal.print(explainText(result, rows, { machine: resolved.machine, by, color, width: terminal.width }));
  return EXIT.ok;
}

function readBy(text: string): number {
  const by = readShare(text, '--by');
  if (by > 0) return by;
  throw new InputError({
    code: 'out_of_range',
    problem: '0 changes nothing',
    expected: 'a share above 0',
    place: { file: '--by' },
  });
}

/** Runs the case once for each number of its machine, made better alone; what helps most comes first. */
async function sensitivities(
  terminal: Terminal,
  selection: Selection,
  resolved: ResolvedCase,
  result: StudyResult,
  by: number,
  workers: number | undefined,
): Promise<Sensitivity[]> {
  const tries = improvements(machineFile(resolved, selection), by).flatMap((improvement) => {
    const better = improved(selection, resolved.case, improvement);
    return better === undefined ? [] : [{ improvement, resolved: better }];
  });
  const rows: Sensitivity[] = [];
  const bar = progress(terminal, tries.length);
  const studyFile = selection.study.source.file;
  await runCases(
    tries.map((each) => ({ studyFile, resolved: each.resolved })),
    {
      workers,
      threads: terminal.threads,
      onOutcome(index, outcome) {
        const { improvement } = tries[index]!;
        bar.step(improvement.path.join('.'));
        if (outcome.status === 'ran') rows[index] = sensitivity(improvement, result.metrics, outcome.metrics);
      },
    },
  );
  bar.done();
  return rows.filter((row) => row !== undefined).sort((a, b) => b.share - a.share);
}

function machineFile({ parts }: ResolvedCase, { files }: Selection): ReturnType<typeof readMachineFile> {
  const { machine } = parts;
  return typeof machine === 'string'
    ? readMachineFile(files.catalogue.machineData(machine))
    : readMachineFile(dataSource(machine, 'the machine of the study'));
}

/** The case on the better machine; undefined where its numbers then contradict each other. */
function improved(selection: Selection, caseId: string, { path, after }: Improvement): ResolvedCase | undefined {
  const assignment = { path: ['machine', ...path], value: after, from: 'explain' };
  try {
    return resolveSelected({ ...selection, sets: [...selection.sets, assignment] }, caseId);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

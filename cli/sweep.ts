import { InputError, parseVariation, writeCsv } from '../input/index.ts';
import { packageVersion } from '../input/packageFiles.ts';
import { formatShare } from '../reports/format.ts';
import { stableJson } from '../reports/json.ts';
import {
  type PlannedPoint,
  pending,
  planSweep,
  rowOf,
  type SweepRow,
  sweepDocument,
  tidyRows,
} from '../studies/sweep.ts';
import { parseShard } from '../studies/sweepPlan.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { CaseOptions } from './options.ts';
import { progress } from './progress.ts';
import { runCases } from './runCases.ts';
import { checkData, type Selection, selectStudy } from './selection.ts';
import { openStore } from './sweepStore.ts';
import { sweepText } from './sweepText.ts';
import type { Terminal } from './terminal.ts';

export interface SweepOptions extends CaseOptions {
  readonly vary?: readonly string[];
  readonly workers?: number;
  readonly shard?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Simulates every combination of the varied values. */
export async function sweep(terminal: Terminal, ref: string, options: SweepOptions): Promise<ExitCode> {
  const axes = (options.vary ?? []).map((text) => parseVariation(text));
  if (axes.length === 0) {
    const expected = '--vary path=a,b,c, once or several times';
    throw new InputError({ code: 'missing_key', problem: 'a sweep varies nothing', expected });
  }
  const selection = selectStudy(ref, options);
  checkData(selection);
  const { study, files, sets, seed } = selection;
  const plan = await planSweep(study, options.case ?? 'base', axes, parseShard(options.shard ?? '1/1'), {
    catalogue: files.catalogue,
    readModel: files.readModel,
    readText: files.readText,
    version: packageVersion(),
    sets,
    ...(seed === undefined ? {} : { seed }),
  });
  const store = options.out === undefined ? undefined : openStore(options.out);
  const rows = new Map(store?.known ?? []);
  const todo = pending(plan, rows);
  const interrupted = await runPoints(terminal, todo, selection, options.workers, (row) => {
    rows.set(row.hash, row);
    store?.add(row);
  });
  const document = sweepDocument(plan, rows);
  store?.writeTable(writeCsv(tidyRows(document)));
  if (options.json) terminal.print(stableJson(document));
  else terminal.print(sweepText(document));
  const { points, distinct, duplicate_fraction } = document.summary;
  const repeated = duplicate_fraction === 0 ? '' : ` (${formatShare(duplicate_fraction)} of the points repeat another)`;
  terminal.note(`${points} points, ${distinct} distinct${repeated}, ${distinct - todo.length} known before\n`);
  if (!interrupted) return EXIT.ok;
  terminal.note(
    `stopped with ${document.points.length} of ${points} points${store ? '; run it again to go on' : ''}\n`,
  );
  return EXIT.interrupted;
}

/** Runs the points here or on threads; true when Ctrl-C stopped it. */
async function runPoints(
  terminal: Terminal,
  points: readonly PlannedPoint[],
  { study }: Selection,
  workers: number | undefined,
  keep: (row: SweepRow) => void,
): Promise<boolean> {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once('SIGINT', onInterrupt);
  const bar = progress(terminal, points.length);
  const jobs = points.map(({ resolved }) => ({ studyFile: study.source.file, resolved }));
  try {
    await runCases(jobs, {
      workers,
      threads: terminal.threads,
      signal: stop.signal,
      onOutcome(index, outcome) {
        keep(rowOf(points[index]!.hash, outcome));
        bar.step(outcome.status === 'ran' ? '' : outcome.status.replaceAll('_', ' '));
      },
    });
  } finally {
    bar.done();
    process.off('SIGINT', onInterrupt);
  }
  return stop.signal.aborted;
}

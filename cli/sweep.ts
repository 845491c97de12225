import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InputError, parseVariation, writeCsv } from '../input/index.ts';
import { packageVersion } from '../input/packageFiles.ts';
import { stableJson } from '../reports/json.ts';
import { makeRunner } from '../studies/run.ts';
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

/** Fewer points than this a thread are not worth the start of one: a point takes milliseconds, a thread some hundred. */
const POINTS_PER_WORKER = 64;

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
  const { points, distinct } = document.summary;
  terminal.note(`${points} points, ${distinct} distinct, ${distinct - todo.length} known before\n`);
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
  { study, files }: Selection,
  wanted: number | undefined,
  keep: (row: SweepRow) => void,
): Promise<boolean> {
  const workers = wanted ?? Math.min(availableParallelism(), Math.ceil(points.length / POINTS_PER_WORKER));
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once('SIGINT', onInterrupt);
  const bar = progress(terminal, points.length);
  const onRow = (row: SweepRow): void => {
    keep(row);
    bar.step(row.status === 'ran' ? '' : row.status.replaceAll('_', ' '));
  };
  try {
    if (workers > 1) {
      const { runInPool } = await import('./sweepPool.ts');
      await runInPool(points, { workers, studyFile: study.source.file, onRow, signal: stop.signal });
    } else {
      const runCase = makeRunner(files);
      for (const { hash, resolved } of points) {
        // A turn of the event loop, so that Ctrl-C is heard between points.
        await nextTurn();
        if (stop.signal.aborted) break;
        onRow(rowOf(hash, await runCase(resolved)));
      }
    }
  } finally {
    bar.done();
    process.off('SIGINT', onInterrupt);
  }
  return stop.signal.aborted;
}

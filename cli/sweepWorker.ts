import { parentPort, workerData } from 'node:worker_threads';
import { filesBeside } from '../studies/load.ts';
import type { ResolvedCase } from '../studies/resolve.ts';
import { makeRunner } from '../studies/run.ts';
import { rowOf, type SweepRow } from '../studies/sweep.ts';

/** What the pool sends: one input to simulate. */
export interface SweepJob {
  readonly hash: string;
  readonly resolved: ResolvedCase;
}

/** What comes back: its row, or the error that stopped it. */
export type SweepReply = { readonly row: SweepRow } | { readonly error: unknown };

/** What every worker is started with. */
export interface SweepWorkerData {
  /** File of the study; models that it names by path stand beside it. */
  readonly studyFile: string;
}

const runCase = makeRunner(filesBeside((workerData as SweepWorkerData).studyFile));

parentPort?.on('message', async ({ hash, resolved }: SweepJob) => {
  try {
    parentPort?.postMessage({ row: rowOf(hash, await runCase(resolved)) } satisfies SweepReply);
  } catch (error) {
    parentPort?.postMessage({ error } satisfies SweepReply);
  }
});

import { setImmediate as nextTurn } from 'node:timers/promises';
import { filesBeside } from '../studies/load.ts';
import type { Outcome } from '../studies/outcome.ts';
import { makeRunner } from '../studies/run.ts';
import type { CaseJob } from './caseWorker.ts';

export interface RunCasesOptions {
  /** Threads to use from the start. */
  readonly workers?: number | undefined;
  /** Threads there are, for work that turns out to be long. */
  readonly threads: number;
  /** Called as cases end, in any order; `index` counts the jobs. */
  readonly onOutcome: (index: number, outcome: Outcome) => void;
  /** Stops after the cases under way. */
  readonly signal?: AbortSignal;
}

/** A thread takes some 0.2 s to start: work that ends sooner than this stays here. */
const WORTH_THREADS_MS = 500;

/**
 * Simulates many cases: here while that is quick, and what is left after half a second on all threads. What comes out
 * does not depend on where a case ran.
 * @throws what a case throws that is not an outcome.
 */
export async function runCases(jobs: readonly CaseJob[], options: RunCasesOptions): Promise<void> {
  const { threads, onOutcome, signal } = options;
  const queue = jobs.entries();
  const wanted = options.workers ?? threads;
  if (wanted === 1 || options.workers === undefined) {
    const until = wanted === 1 ? Number.POSITIVE_INFINITY : performance.now() + WORTH_THREADS_MS;
    let file: string | undefined;
    let runCase = makeRunner(filesBeside(''));
    while (performance.now() < until) {
      // A turn of the event loop, so that Ctrl-C is heard between cases.
      await nextTurn();
      if (signal?.aborted) return;
      const next = queue.next();
      if (next.done) return;
      const [index, { studyFile, resolved }] = next.value;
      if (studyFile !== file) {
        file = studyFile;
        runCase = makeRunner(filesBeside(studyFile));
      }
      onOutcome(index, await runCase(resolved));
    }
  }
  const { runInPool } = await import('./casePool.ts');
  await runInPool(queue, { workers: wanted, onOutcome, ...(signal && { signal }) });
}

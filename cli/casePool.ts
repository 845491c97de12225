import { Worker } from 'node:worker_threads';
import { InputError } from '../input/errors.ts';
import { PolicyError } from '../sim/errors.ts';
import type { Outcome } from '../studies/outcome.ts';
import type { CaseJob, CaseReply, Fault } from './caseWorker.ts';

export interface PoolOptions {
  readonly workers: number;
  /** Called as cases end, in any order; `index` counts the jobs. */
  readonly onOutcome: (index: number, outcome: Outcome) => void;
  /** Stops handing out jobs; those under way are finished. */
  readonly signal?: AbortSignal;
}

/**
 * Simulates the jobs on worker threads that share nothing.
 * @throws the first error that is not an outcome, after all workers have stopped.
 */
export async function runInPool(jobs: Iterable<readonly [number, CaseJob]>, options: PoolOptions): Promise<void> {
  const queue = jobs[Symbol.iterator]();
  const stop = new AbortController();
  const serve = async (): Promise<void> => {
    let worker: Worker | undefined;
    try {
      for (let next = queue.next(); !next.done; next = queue.next()) {
        if (options.signal?.aborted || stop.signal.aborted) return;
        worker ??= new Worker(new URL('./caseWorker.js', import.meta.url));
        const [index, job] = next.value;
        const reply = await ask(worker, job);
        if ('fault' in reply) throw errorOf(reply.fault);
        options.onOutcome(index, reply.outcome);
      }
    } catch (error) {
      stop.abort();
      throw error;
    } finally {
      await worker?.terminate();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: options.workers }, serve));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

function errorOf(fault: Fault): unknown {
  switch (fault.kind) {
    case 'input':
      return new InputError(...fault.issues);
    case 'policy':
      return new PolicyError(fault.message);
    case 'other':
      return fault.error;
  }
}

function ask(worker: Worker, job: CaseJob): Promise<CaseReply> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      end();
    };
    const onMessage = (reply: CaseReply): void => settle(() => resolve(reply));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`a worker ended with code ${code}`)));
    worker.once('message', onMessage).once('error', onError).once('exit', onExit);
    worker.postMessage(job);
  });
}
